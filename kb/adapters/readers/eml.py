"""Mails as they are sent (.eml), by the standard library's parser."""

import mimetypes
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from itertools import groupby
from pathlib import Path

from kb.adapters.readers.html import decode_html
from kb.adapters.readers.mail import ENCRYPTED, NO_SUBJECT, TNEF, Body, Mail, document_of
from kb.adapters.readers.plain import decode
from kb.adapters.readers.text import clean, one_line
from kb.domain.documents import ParsedDocument
from kb.domain.errors import DamagedFileError, PasswordNeededError

HEADERS = ("From", "To", "Cc", "Bcc", "Date")
SIGNATURES = ("application/pgp-signature", "application/pkcs7-signature")
TNEF_TYPES = ("application/ms-tnef", "application/vnd.ms-tnef")
MAX_NAME = 200

Part = tuple[Message, Message | None]
"""A part of a mail, and the choice between parts (multipart/alternative) that it stands in."""


def read(path: Path) -> ParsedDocument:
    """The mail's headers and text; its attachments as files of their own."""
    mail = parse(path.read_bytes())
    if mail.is_encrypted and not mail.bodies:
        raise PasswordNeededError(ENCRYPTED, advice="Save it decrypted and add that.")
    if not (mail.headers or mail.subject or mail.bodies or mail.inner):
        return document_of(())
    return document_of([mail], title=mail.subject)


def parse(data: bytes) -> Mail:
    """A mail from its bytes."""
    return _mail(message_from_bytes(data))


def text_of(part: Message) -> str:
    """A part's text in the encoding that it declares, else as it looks."""
    data = bytes_of(part)
    charset = part.get_param("charset")
    if isinstance(charset, tuple):
        charset = charset[2]
    try:
        if charset:
            return data.decode(str(charset).strip("\"' "))
        return decode_html(data) if part.get_content_subtype() == "html" else decode(data)
    except (LookupError, ValueError):
        return _guessed(data)
    except DamagedFileError:
        return ""


def bytes_of(part: Message) -> bytes:
    """A part's content, freed from its transfer encoding."""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def leaves(message: Message) -> Iterator[Part]:
    """The parts that hold something, in their order; attached mails are not opened."""
    stack: list[Part] = [(message, None)]
    while stack:
        part, choice = stack.pop()
        kind, payload = part.get_content_type(), part.get_payload()
        if kind == "message/rfc822" or not isinstance(payload, list):
            yield part, choice
        elif kind != "message/delivery-status":
            inner = part if kind == "multipart/alternative" else choice
            stack += [(child, inner) for child in reversed(payload) if isinstance(child, Message)]


def header(message: Message, name: str) -> str:
    """A header with its encoded words made readable."""
    values = (value for key, value in message.raw_items() if key.lower() == name.lower())
    return ", ".join(_decoded(str(value)) for value in values)


def _mail(message: Message, depth: int = 0) -> Mail:
    texts: list[Part] = []
    files: list[tuple[str, bytes]] = []
    inner: list[Mail] = []
    warnings = [ENCRYPTED] if _is_encrypted(message) else []
    in_digest = message.get_content_type() == "multipart/digest" and depth == 0
    for part, choice in leaves(message):
        if part.get_content_type() == "message/rfc822":
            attached = _attached(part)
            if attached and in_digest:
                inner.append(_mail(attached, depth + 1))
            elif attached:
                files.append((_name(part, len(files), attached), attached.as_bytes()))
        elif _is_text(part):
            texts.append((part, choice))
        elif _is_tnef(part):
            warnings.append(TNEF)
        elif not _is_passed_over(part):
            files.append((_name(part, len(files)), bytes_of(part)))
    headers = ((name, header(message, name)) for name in HEADERS)
    return Mail(
        subject=header(message, "Subject"),
        headers=tuple((name, value) for name, value in headers if value),
        bodies=tuple(body for body in _bodies(texts) if body.plain.strip() or body.markup.strip()),
        files=() if ENCRYPTED in warnings else tuple(file for file in files if file[1]),
        inner=tuple(inner),
        warnings=tuple(warnings),
    )


def _bodies(texts: list[Part]) -> Iterator[Body]:
    """Each text; those that one may choose between are one body."""
    for choice, group in groupby(texts, key=lambda text: text[1]):
        parts = [part for part, _ in group]
        if choice is None:
            yield from (_body([part]) for part in parts)
        else:
            yield _body(parts)


def _body(parts: list[Message]) -> Body:
    said: dict[bool, list[str]] = {True: [], False: []}
    for part in parts:
        said[part.get_content_subtype() == "html"].append(text_of(part))
    return Body(plain="\n\n".join(said[False]), markup="\n".join(said[True]))


def _is_text(part: Message) -> bool:
    is_body = part.get_content_type() in ("text/plain", "text/html", "text/enriched")
    return is_body and part.get_content_disposition() != "attachment" and not part.get_filename()


def _is_tnef(part: Message) -> bool:
    name = part.get_filename() or ""
    return part.get_content_type() in TNEF_TYPES or name.lower() == "winmail.dat"


def _is_passed_over(part: Message) -> bool:
    """Signatures, and the pictures that an HTML text shows."""
    if part.get_content_maintype() == "image" and "Content-ID" in part:
        return part.get_content_disposition() != "attachment"
    return part.get_content_type() in SIGNATURES


def _is_encrypted(message: Message) -> bool:
    kind = message.get_content_type()
    sealed = kind in ("application/pkcs7-mime", "application/x-pkcs7-mime")
    return kind == "multipart/encrypted" or (
        sealed and message.get_param("smime-type") != "signed-data"
    )


def _attached(part: Message) -> Message | None:
    payload = part.get_payload()
    first = payload[0] if isinstance(payload, list) and payload else None
    return first if isinstance(first, Message) else None


def _name(part: Message, number: int, attached: Message | None = None) -> str:
    """What the mail calls a file; a path or control characters in it are taken away."""
    told = one_line(_decoded(part.get_filename() or "")).replace("\\", "/").rsplit("/", 1)[-1]
    if attached is not None:
        told = (told or one_line(header(attached, "Subject")) or NO_SUBJECT)[:MAX_NAME]
        return told if told.lower().endswith(".eml") else f"{told}.eml"
    if told.strip(". "):
        return told[-MAX_NAME:]
    return f"attachment-{number + 1}{mimetypes.guess_extension(part.get_content_type()) or ''}"


def _decoded(value: str) -> str:
    """Text with its encoded words decoded (RFC 2047), in whatever bytes it came."""
    value = _guessed(value.encode("utf-8", "surrogateescape"))
    try:
        pieces = decode_header(value)
    except (HeaderParseError, ValueError):
        return clean(value)
    return clean("".join(_piece(piece, charset) for piece, charset in pieces))


def _piece(piece: bytes | str, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    try:
        return piece.decode(charset or "latin-1")
    except (LookupError, UnicodeDecodeError):
        return _guessed(piece)


def _guessed(data: bytes) -> str:
    try:
        return decode(data)
    except DamagedFileError:
        return data.decode("latin-1")
