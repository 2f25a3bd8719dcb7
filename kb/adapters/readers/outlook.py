"""Mails as Outlook saves them (.msg): streams of an OLE file, by olefile.

Source: [MS-OXMSG] for the streams' names and [MS-OXPROPS] for the properties' numbers.
"""

import re
import struct
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

import olefile

from kb.adapters.readers.eml import header
from kb.adapters.readers.html import decode_html
from kb.adapters.readers.mail import TNEF, Body, Mail, as_eml, document_of
from kb.adapters.readers.plain import decode
from kb.adapters.readers.text import clean, one_line
from kb.domain.documents import ParsedDocument
from kb.domain.errors import DamagedFileError

SUBJECT, HEADERS, SENDER, SENDER_ADDRESS, TO, CC = 0x0037, 0x007D, 0x0C1A, 0x5D01, 0x0E04, 0x0E03
BODY, RTF, MARKUP, SENT_AT = 0x1000, 0x1009, 0x1013, 0x0039
FILE, SHORT_NAME, LONG_NAME, SHOWN_NAME, HIDDEN = 0x3701, 0x3704, 0x3707, 0x3001, 0x7FFE
CODE_PAGES = (0x3FDE, 0x3FFD)
TEXT, OLD_TEXT, BINARY, OBJECT = "001F", "001E", "0102", "000D"
HEADER_BYTES = {"": 32, "mail": 24, "attachment": 8}
"""Length of what precedes the fixed properties, by where they stand."""

ENCODINGS = {
    65001: "utf-8",
    20127: "ascii",
    20866: "koi8-r",
    21866: "koi8-u",
    50220: "iso2022_jp",
    51932: "euc_jp",
    51949: "euc_kr",
    54936: "gb18030",
} | {28590 + part: f"iso8859-{part}" for part in (*range(1, 12), *range(13, 16))}
MAX_DEPTH = 20
RTF_ONLY = "The mail's text is kept only in Outlook's compressed form, which was not read."

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_FIXED = struct.Struct("<HHIq")  # type, number, flags, value


def read(path: Path) -> ParsedDocument:
    """The mail's headers and text; its attachments as files of their own."""
    try:
        with olefile.OleFileIO(str(path)) as ole:
            mail = _mail(_Folder(ole, ()))
    except (OSError, struct.error) as error:
        raise DamagedFileError("The Outlook mail is cut short or damaged.") from error
    return document_of([mail], title=mail.subject)


class _Folder:
    """A storage of the file: a mail or an attachment, and its properties."""

    def __init__(self, ole: olefile.OleFileIO, place: tuple[str, ...], kind: str = "") -> None:
        self._ole = ole
        self.place = place
        self._fixed = self._fixed_values(HEADER_BYTES[kind])
        pages = (self._fixed.get(number, 0) for number in CODE_PAGES)
        page = next((page for page in pages if page), 0) & 0xFFFF
        self.encoding = ENCODINGS.get(page, f"cp{page}")

    def text(self, number: int) -> str:
        """A text property, empty where it is missing."""
        if stream := self._stream(f"__substg1.0_{number:04X}{TEXT}"):
            return clean(stream.decode("utf-16-le", "replace"))
        return self._decoded(self._stream(f"__substg1.0_{number:04X}{OLD_TEXT}"))

    def binary(self, number: int) -> bytes:
        """The bytes of a property, none where it is missing."""
        return self._stream(f"__substg1.0_{number:04X}{BINARY}")

    def markup(self) -> str:
        """The HTML text, which is kept as text or as bytes."""
        data = self.binary(MARKUP)
        if not data:
            return self.text(MARKUP)
        try:
            return data.decode(self.encoding)
        except (LookupError, UnicodeDecodeError):
            return decode_html(data)

    def sent_at(self) -> str:
        """When it was sent, by the clock of UTC."""
        if not (ticks := self._fixed.get(SENT_AT)):
            return ""
        try:
            time = _EPOCH + timedelta(microseconds=ticks // 10)
        except OverflowError:
            return ""
        return f"{time:%Y-%m-%d %H:%M} UTC"

    def flag(self, number: int) -> bool:
        """A property that is true or false."""
        return bool(self._fixed.get(number, 0) & 0xFF)

    def folders(self, name: str, kind: str) -> list["_Folder"]:
        """The storages inside this one whose names begin so."""
        inner = self._ole.listdir(streams=False, storages=True)
        depth = len(self.place)
        return [
            _Folder(self._ole, tuple(place), kind)
            for place in inner
            if len(place) == depth + 1
            and tuple(place[:depth]) == self.place
            and place[-1].startswith(name)
        ]

    def _stream(self, name: str) -> bytes:
        place = [*self.place, name]
        if self._ole.get_type(place) != olefile.STGTY_STREAM:
            return b""
        with self._ole.openstream(place) as stream:
            content: bytes = stream.read()
            return content

    def _fixed_values(self, start: int) -> dict[int, int]:
        stream = self._stream("__properties_version1.0")[start:]
        whole = len(stream) // _FIXED.size * _FIXED.size
        return {number: value for _, number, _, value in _FIXED.iter_unpack(stream[:whole])}

    def _decoded(self, data: bytes) -> str:
        try:
            return clean(data.decode(self.encoding))
        except (LookupError, UnicodeDecodeError):
            return clean(decode(data)) if data else ""


def _mail(folder: _Folder) -> Mail:
    body = Body(plain=folder.text(BODY), markup=folder.markup())
    has_text = bool(body.plain.strip() or body.markup.strip())
    warnings = [RTF_ONLY] if not has_text and folder.binary(RTF) else []
    files = []
    for attachment in folder.folders("__attach_version1.0_#", "attachment"):
        name, content = _name(attachment), _content(attachment)
        if name.lower() == "winmail.dat":
            warnings.append(TNEF)
        elif content and not attachment.flag(HIDDEN):
            files.append((name, content))
    return Mail(
        subject=one_line(folder.text(SUBJECT)),
        headers=_headers(folder),
        bodies=(body,) if has_text else (),
        files=tuple(files),
        warnings=tuple(warnings),
    )


def _headers(folder: _Folder) -> tuple[tuple[str, str], ...]:
    """From the mail as it was sent, else what Outlook shows."""
    sent: Message = HeaderParser().parsestr(re.sub(r"\n+", "\n", folder.text(HEADERS)).strip())
    address = folder.text(SENDER_ADDRESS)
    shown = {
        "From": f"{folder.text(SENDER)} <{address}>" if address else folder.text(SENDER),
        "To": folder.text(TO),
        "Cc": folder.text(CC),
        "Date": folder.sent_at(),
    }
    told = ((name, header(sent, name) or other) for name, other in shown.items())
    return tuple((name, value) for name, value in told if value.strip())


def _content(attachment: _Folder) -> bytes:
    """An attached file; an attached mail is written as it would be sent."""
    for inner in attachment.folders(f"__substg1.0_{FILE:04X}{OBJECT}", "mail"):
        if len(inner.place) > 2 * MAX_DEPTH:
            return b""
        return as_eml(_mail(inner)) if inner.text(SUBJECT) or inner.text(BODY) else b""
    return attachment.binary(FILE)


def _name(attachment: _Folder) -> str:
    numbers = (LONG_NAME, SHORT_NAME, SHOWN_NAME)
    told = next((name for number in numbers if (name := attachment.text(number))), "")
    name = one_line(told).replace("\\", "/").rsplit("/", 1)[-1] or "attachment"
    is_mail = bool(attachment.folders(f"__substg1.0_{FILE:04X}{OBJECT}", "mail"))
    return f"{name}.eml" if is_mail and not name.lower().endswith((".eml", ".msg")) else name
