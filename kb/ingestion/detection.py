"""What a file is: by its content first, by its name's ending second."""

import codecs
import mmap
import zipfile
from pathlib import Path, PurePosixPath

from kb.domain.errors import DamagedFileError, IngestionError, LimitError, UnsupportedFileError
from kb.domain.media_types import HTML, MARKDOWN, PDF, PLAIN, WORD

ENDINGS = {
    ".pdf": PDF,
    ".docx": WORD,
    ".docm": WORD,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".txt": PLAIN,
    ".text": PLAIN,
    ".rst": PLAIN,
    ".log": PLAIN,
}
OTHER_ENDINGS = frozenset(
    """.csv .tsv .json .jsonl .ndjson .xml .eml .mbox .msg .mhtml .mht .rtf .ipynb .svg .ics .vcf
    .doc .dot .xls .xlsx .xlsm .xlsb .ppt .pptx .odt .ods .odp .odg .fodt .fods .fodp .epub .mobi
    .pages .numbers .key .zip .gz .tar .7z .rar .png .jpg .jpeg .gif .bmp .tif .tiff .webp .heic
    .mp3 .mp4 .wav .exe .dll .pkl .pickle .npy .parquet .sqlite .db .ps .eps .warc .pem""".split()
)
"""Other known formats: as plain text they would be read badly, where they are text at all."""

ADVICE = "It reads PDF, Word (.docx), Markdown, web pages (.html) and plain text."

HEAD_BYTES = 64 * 1024
ZIP_TAIL = 64 * 1024 + 22
MAX_ZIP_DIRECTORY = 4 * 1024 * 1024
"""Bytes of member names; a real document has a few kilobytes."""
PDF_HEADER_WITHIN = 1024
MAX_ENDING = 12

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OLE_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def detect(path: Path, name: str) -> str:
    """The media type of a file. Raises DamagedFileError or UnsupportedFileError."""
    try:
        return _detect(path, ending_of(name))
    except IngestionError as error:
        error.subject = name
        raise


def ending_of(name: str) -> str:
    """The ending of a name, in small letters with its dot; empty where there is none."""
    ending = PurePosixPath(name.replace("\\", "/").strip()).suffix.lower()
    return ending if ending.isprintable() and len(ending) <= MAX_ENDING else ""


def _detect(path: Path, ending: str) -> str:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise DamagedFileError("The file is empty.")
    by_content = _by_content(path, head, ending)
    if by_content:
        return by_content
    by_ending = ENDINGS.get(ending, "")
    if by_ending in (PDF, WORD):
        raise _other(ending)
    return _text_type(head, ending, by_ending)


def _by_content(path: Path, head: bytes, ending: str) -> str:
    """The type that the first bytes tell, or an empty string."""
    if _is_pdf(head, ending):
        return PDF
    if head.startswith(b"PK\x03\x04"):
        return _zip_type(path, ending)
    if head.startswith(OLE):
        return _ole_type(path, ending)
    return HTML if ending not in ENDINGS and _starts_as_html(head) else ""


def _is_pdf(head: bytes, ending: str) -> bool:
    """Junk may stand before the header, but a text that only speaks of it is no PDF."""
    if head.lstrip().startswith(b"%PDF-"):
        return True
    named = ENDINGS.get(ending) == PDF or not _looks_like_text(head)
    return named and b"%PDF-" in head[:PDF_HEADER_WITHIN]


def _zip_type(path: Path, ending: str) -> str:
    if _directory_bytes(path) > MAX_ZIP_DIRECTORY:
        raise LimitError("The file holds more parts than a document has.")
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        if ENDINGS.get(ending) == WORD:
            raise DamagedFileError("The Word document is cut short or damaged.") from error
        raise _other(ending) from error
    if any(member.startswith("word/") for member in names) and "[Content_Types].xml" in names:
        return WORD
    raise _other(ending)


def _directory_bytes(path: Path) -> int:
    """Size of a zip's list of members, told by its last record; the list itself is not read.

    Source: APPNOTE.TXT 6.3, "End of central directory record".
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - ZIP_TAIL))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    return int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0


def _ole_type(path: Path, ending: str) -> str:
    """A Word document with a password is an OLE file; its reader says so."""
    if ENDINGS.get(ending) == WORD:
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            if content.find(OLE_ENCRYPTED) >= 0:
                return WORD
    raise _other(ending)


def _starts_as_html(head: bytes) -> bool:
    start = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1024].lower()
    return start.startswith((b"<!doctype html", b"<html")) or (
        start.startswith((b"<?xml", b"<!--")) and b"<html" in start
    )


def _text_type(head: bytes, ending: str, by_ending: str) -> str:
    if by_ending:
        if not _looks_like_text(head):
            raise _other(ending)
        return HTML if by_ending == PLAIN and _starts_as_html(head) else by_ending
    if ending not in OTHER_ENDINGS and _looks_like_text(head):
        return PLAIN
    raise _other(ending)


def _looks_like_text(head: bytes) -> bool:
    """Whether bytes can be text in some encoding: no NUL but in UTF-16, few control bytes."""
    if head.startswith(BOMS):
        return True
    if b"\0" in head:
        return _looks_like_utf16(head)
    control = sum(head.count(byte) for byte in range(32) if byte not in b"\t\n\r\f\v\b\x1b")
    return control * 50 <= len(head)


def _looks_like_utf16(head: bytes) -> bool:
    """Whether nearly every other byte is NUL, as in UTF-16 of Latin letters without a mark."""
    half = len(head) / 2
    even, odd = head[::2].count(0), head[1::2].count(0)
    return max(even, odd) > half * 0.9 and min(even, odd) < half * 0.05


def _other(ending: str) -> IngestionError:
    """The content is none that Quire reads; a name that promised one is told of."""
    if ending in ENDINGS:
        return DamagedFileError(f"The name ends in {ending}, but the content is something else.")
    return _unsupported(ending)


def _unsupported(ending: str) -> UnsupportedFileError:
    told = f" ({ending})" if ending else ""
    return UnsupportedFileError(f"Quire cannot read files of this type{told}.", advice=ADVICE)
