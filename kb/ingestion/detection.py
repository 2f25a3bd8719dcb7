"""What a file is: by its content first, by its name's ending second."""

import codecs
import gzip
import mmap
import re
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from kb.domain.errors import DamagedFileError, IngestionError, LimitError, UnsupportedFileError
from kb.domain.media_types import (
    CALENDAR,
    CONTACTS,
    CSV,
    DOC,
    EML,
    EPUB,
    HTML,
    JSON,
    LATEX,
    MARKDOWN,
    MBOX,
    MHTML,
    MSG,
    NOTEBOOK,
    ODG,
    ODP,
    ODS,
    ODT,
    ORG,
    PDF,
    PICTURES,
    PLAIN,
    POWERPOINT,
    PPT,
    RST,
    RTF,
    SUBRIP,
    TAR,
    TSV,
    VTT,
    WORD,
    XLS,
    XLSB,
    XLSX,
    XML,
    YAML,
    ZIP,
)
from kb.ingestion.picture_types import PICTURE_ENDINGS, picture_type
from kb.ingestion.text_types import SOURCE_ENDINGS, text_type

ENDINGS = {
    ".pdf": PDF,
    ".docx": WORD,
    ".docm": WORD,
    ".dotx": WORD,
    ".dotm": WORD,
    ".pptx": POWERPOINT,
    ".pptm": POWERPOINT,
    ".ppsx": POWERPOINT,
    ".ppsm": POWERPOINT,
    ".potx": POWERPOINT,
    ".potm": POWERPOINT,
    ".odt": ODT,
    ".ott": ODT,
    ".fodt": ODT,
    ".odp": ODP,
    ".otp": ODP,
    ".fodp": ODP,
    ".odg": ODG,
    ".otg": ODG,
    ".fodg": ODG,
    ".rtf": RTF,
    ".doc": DOC,
    ".dot": DOC,
    ".ppt": PPT,
    ".pps": PPT,
    ".pot": PPT,
    ".xlsx": XLSX,
    ".xlsm": XLSX,
    ".xltx": XLSX,
    ".xltm": XLSX,
    ".xlsb": XLSB,
    ".xls": XLS,
    ".xlt": XLS,
    ".ods": ODS,
    ".ots": ODS,
    ".fods": ODS,
    ".csv": CSV,
    ".tsv": TSV,
    ".tab": TSV,
    ".json": JSON,
    ".geojson": JSON,
    ".jsonl": JSON,
    ".ndjson": JSON,
    ".yaml": YAML,
    ".yml": YAML,
    ".xml": XML,
    ".rss": XML,
    ".atom": XML,
    ".ics": CALENDAR,
    ".vcf": CONTACTS,
    ".vcard": CONTACTS,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".txt": PLAIN,
    ".text": PLAIN,
    ".mht": MHTML,
    ".mhtml": MHTML,
    ".epub": EPUB,
    ".eml": EML,
    ".msg": MSG,
    ".mbox": MBOX,
    ".rst": RST,
    ".org": ORG,
    ".tex": LATEX,
    ".ltx": LATEX,
    ".ipynb": NOTEBOOK,
    ".srt": SUBRIP,
    ".vtt": VTT,
    ".zip": ZIP,
    ".tar": TAR,
    ".tgz": TAR,
    ".log": PLAIN,
    **PICTURE_ENDINGS,
    **SOURCE_ENDINGS,
}
OTHER_ENDINGS = frozenset(
    """.svg .mobi .pages .numbers .key .gz .7z .rar .mp3 .mp4 .wav .exe .dll .pkl .pickle .npy
    .parquet .sqlite .db .ps .eps .warc .pem""".split()
)
"""Other known formats: as plain text they would be read badly, where they are text at all."""

KINDS = (
    "PDF, Word, Excel, PowerPoint, OpenDocument, RTF, CSV, JSON, YAML, XML, calendars,"
    " contacts, mails, pictures, books (.epub), notebooks, archives (.zip, .tar), Markdown, LaTeX,"
    " web pages (.html), source code and plain text"
)
"""What Quire reads, in words."""

ADVICE = f"It reads {KINDS}."

PROVEN = frozenset({PDF, WORD, POWERPOINT, ODT, ODP, ODG, RTF, DOC, PPT, XLSX, XLSB, XLS, ODS}) | {
    MSG,
    MBOX,
    EPUB,
    ZIP,
    TAR,
    *PICTURES,
}
"""Types that the content tells: an ending alone does not make a file one of them."""
ZIP_FOLDERS = (
    ("word/", WORD),
    ("ppt/", POWERPOINT),
    ("xl/workbook.bin", XLSB),
    ("xl/", XLSX),
)
ZIP_MIMETYPES = frozenset({ODT, ODP, ODG, ODS, EPUB})
OLE_STREAMS = (
    ("__properties_version1.0", MSG),
    ("WordDocument", DOC),
    ("PowerPoint Document", PPT),
    ("Workbook".ljust(32, "\0"), XLS),
    ("Book".ljust(32, "\0"), XLS),
)
"""The last two are words that texts hold as well: as names they fill 32 places."""
BARE_XLS = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")
"""How workbooks of Excel 2, 3 and 4 begin, which are no OLE files."""
TEXT_MARKS = ((b"BEGIN:VCALENDAR", CALENDAR), (b"BEGIN:VCARD", CONTACTS))
MARKED_UP = frozenset({PLAIN, CSV, TSV, JSON, YAML, XML, MHTML})
"""Types under whose endings web pages are met."""

TOLD_BY_TEXT = frozenset({PLAIN, EML, MBOX, MHTML, SUBRIP, VTT})
"""Types under whose endings a text's first lines say more than the ending."""

HEAD_BYTES = 64 * 1024
ZIP_TAIL = 64 * 1024 + 22
MAX_ZIP_DIRECTORY = 4 * 1024 * 1024
"""Bytes of member names; a real document has a few kilobytes."""
PDF_HEADER_WITHIN = 1024
MAX_ENDING = 12
MAX_MIMETYPE = 100
TAR_BLOCK, TAR_MARK_AT = 512, 257

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OLE_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_FLAT = re.compile(
    rb"""(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?<office:document\s[^>]*?office:mimetype="([\w./-]+)\""""
)
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
    by_content = picture_type(head) or _by_content(path, head, ending)
    if by_content:
        return by_content
    by_ending = ENDINGS.get(ending, "")
    if by_ending in PROVEN:
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
    if _is_tar(path, head):
        return TAR
    if head.lstrip().startswith(b"{\\rtf"):
        return RTF
    if head.startswith(BARE_XLS):
        return XLS
    for mark, media_type in TEXT_MARKS:
        if head.removeprefix(codecs.BOM_UTF8).lstrip()[: len(mark)].upper() == mark:
            return media_type
    if flat := _FLAT.match(head):
        return _open_document(flat.group(1).decode("ascii"), ending)
    if ENDINGS.get(ending, PLAIN) in TOLD_BY_TEXT and (told := text_type(head)):
        return told
    is_named_text = ending in ENDINGS and ENDINGS[ending] not in PROVEN
    if is_named_text or ending in OTHER_ENDINGS:
        return HTML if not is_named_text and _starts_as_html(head) else ""
    if _starts_as_html(head):
        return HTML
    return XML if _text_start(head).startswith(b"<?xml") else ""


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
            mimetype = _mimetype(archive) if "mimetype" in names else ""
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        if ENDINGS.get(ending) in PROVEN - {PDF}:
            raise DamagedFileError("The file is cut short or damaged.") from error
        raise _other(ending) from error
    if "[Content_Types].xml" in names:
        for folder, media_type in ZIP_FOLDERS:
            if any(member.startswith(folder) for member in names):
                return media_type
    if ending in ("", ".zip") and mimetype.removesuffix("-template") not in ZIP_MIMETYPES:
        return ZIP
    return _open_document(mimetype, ending)


def _is_tar(path: Path, head: bytes) -> bool:
    """Whether it is an archive of tar, perhaps pressed by gzip."""
    if head.startswith(b"\x1f\x8b"):
        try:
            with gzip.open(path) as file:
                head = file.read(TAR_BLOCK)
        except (OSError, EOFError, zlib.error):
            return False
    return head[TAR_MARK_AT:].startswith(b"ustar")


def _mimetype(archive: zipfile.ZipFile) -> str:
    """What an OpenDocument file says that it is."""
    with archive.open("mimetype") as member:
        return member.read(MAX_MIMETYPE).decode("ascii", "replace").strip()


def _open_document(mimetype: str, ending: str) -> str:
    media_type = mimetype.removesuffix("-template")
    if media_type in ZIP_MIMETYPES:
        return media_type
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
    """Which of the old Office formats, or a newer one with a password, whose reader says so."""
    named = ENDINGS.get(ending, "")
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        if named in PROVEN and content.find(OLE_ENCRYPTED) >= 0:
            return named
        found = [
            media_type
            for stream, media_type in OLE_STREAMS
            if content.find(stream.encode("utf-16-le")) >= 0
        ]
    if found:
        return named if named in found else found[0]
    raise _other(ending)


def _starts_as_html(head: bytes) -> bool:
    start = _text_start(head)
    return start.startswith((b"<!doctype html", b"<html")) or (
        start.startswith((b"<?xml", b"<!--")) and b"<html" in start
    )


def _text_start(head: bytes) -> bytes:
    """The first letters, small, whether of one byte or two, after a mark and white space."""
    return head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1024].lower()


def _text_type(head: bytes, ending: str, by_ending: str) -> str:
    if by_ending:
        if not _looks_like_text(head):
            raise _other(ending)
        return HTML if by_ending in MARKED_UP and _starts_as_html(head) else by_ending
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
