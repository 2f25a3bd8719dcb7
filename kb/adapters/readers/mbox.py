"""Mailboxes: many mails in one file, each a section under its subject."""

import mmap
import re
from collections.abc import Iterator
from pathlib import Path

from kb.adapters.readers import eml
from kb.adapters.readers.mail import Mail, document_of
from kb.domain.documents import ParsedDocument

_MAIL_STARTS = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\r\n\r\n))From [^\r\n]*\d{4}[^\r\n]*\r?\n")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)


def read(path: Path) -> ParsedDocument:
    """Every mail in turn, and the files attached to any of them."""
    return document_of(_mails(path))


def _mails(path: Path) -> Iterator[Mail]:
    """Source: RFC 4155, appendix A; lines quoted as ">From " are freed (the mboxrd form)."""
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        starts = [match.span() for match in _MAIL_STARTS.finditer(content)]
        ends = [*(start for start, _ in starts[1:]), len(content)]
        for (_, start), end in zip(starts, ends, strict=True):
            yield eml.parse(_QUOTED_FROM.sub(rb"\1", content[start:end]))
