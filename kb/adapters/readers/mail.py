"""What a mail says, whichever program stored it, and how it becomes text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from email.header import Header
from email.message import EmailMessage

from kb.adapters.readers import spool
from kb.adapters.readers.html import fragment
from kb.adapters.readers.plain import add_paragraphs
from kb.adapters.readers.text import MAX_TITLE, TextBuilder, one_line
from kb.domain.documents import Attachment, ElementKind, ParsedDocument
from kb.domain.errors import LimitError

MAX_HEADER = 1000
NO_SUBJECT = "(no subject)"
ENCRYPTED = "The mail is encrypted, so its text cannot be read."
TNEF = "The file winmail.dat was left out: only Outlook opens what it holds."
RICHER = 0.8
"""Words of the HTML body, as a share of the plain one's, from which it is preferred."""

_ADDRESS = re.compile(r"\w+://\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """One text of a mail, plain or as HTML or as both."""

    plain: str = ""
    markup: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail, its files as (name, content), and the mails of a digest."""

    subject: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    bodies: tuple[Body, ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()
    inner: tuple["Mail", ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_encrypted(self) -> bool:
        """Whether nobody without its key can read it."""
        return ENCRYPTED in self.warnings


def document_of(mails: Iterable[Mail], title: str = "") -> ParsedDocument:
    """Mails as one document, each under its subject; their files go into the spool."""
    builder = TextBuilder(title=title)
    attachments: list[Attachment] = []
    warnings: list[str] = []
    for mail in mails:
        _add(mail, builder, 1)
        _keep(mail, attachments, warnings)
    document = builder.document()
    told = dict.fromkeys([*document.warnings, *warnings])
    return replace(document, attachments=tuple(attachments), warnings=tuple(told))


def as_eml(mail: Mail) -> bytes:
    """The mail as a file of its own. Its headers are encoded unparsed: they may be malformed."""
    told = ((name, one_line(value)[:MAX_HEADER]) for name, value in mail.headers)
    headers = "".join(
        f"{name}: {Header(value, 'utf-8').encode()}\n"
        for name, value in (*told, ("Subject", one_line(mail.subject)[:MAX_HEADER]))
    )
    message = EmailMessage()
    body = mail.bodies[0] if mail.bodies else Body()
    message.set_content(body.plain)
    if body.markup:
        message.add_alternative(body.markup, subtype="html")
    for name, content in mail.files:
        message.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=one_line(name)
        )
    return headers.encode("ascii") + message.as_bytes()


def _add(mail: Mail, builder: TextBuilder, level: int) -> None:
    builder.add(ElementKind.TITLE, one_line(mail.subject)[:MAX_TITLE] or NO_SUBJECT, level=level)
    headers = (f"{name}: {one_line(value)[:MAX_HEADER]}" for name, value in mail.headers)
    builder.add(ElementKind.PARAGRAPH, "\n".join(headers))
    for body in mail.bodies:
        _add_body(body, builder, level)
    for inner in mail.inner:
        _add(inner, builder, level + 1)


def _add_body(body: Body, builder: TextBuilder, level: int) -> None:
    if body.markup:
        document = fragment(body.markup)
        text = document.pages[0].text
        if _words(text) >= RICHER * _words(body.plain):
            for element in document.elements:
                deeper = level + element.level if element.kind is ElementKind.TITLE else 0
                builder.add(element.kind, text[element.start : element.end], level=deeper)
            return
    add_paragraphs(body.plain, builder)


def _words(text: str) -> int:
    return len(_ADDRESS.sub(" ", text).split())


def _keep(mail: Mail, attachments: list[Attachment], warnings: list[str]) -> None:
    warnings += mail.warnings
    for name, content in mail.files:
        try:
            attachments.append(spool.keep(name, content))
        except LimitError as error:
            warnings.append(f"The attachment {name} was left out. {error.what}")
    for inner in mail.inner:
        _keep(inner, attachments, warnings)
