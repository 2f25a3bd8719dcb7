"""Which reader takes which media type. A reader is imported when it is first needed."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from kb.domain.documents import ParsedDocument
from kb.domain.errors import UnsupportedFileError
from kb.domain.media_types import (
    BMP,
    CALENDAR,
    CONTACTS,
    CSV,
    DOC,
    EML,
    EPUB,
    GIF,
    HEIC,
    HTML,
    JPEG,
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
    PLAIN,
    PNG,
    POWERPOINT,
    PPT,
    RECORD,
    RST,
    RTF,
    SOURCE,
    SUBRIP,
    TAR,
    TIFF,
    TSV,
    VTT,
    WEBP,
    WORD,
    XLS,
    XLSB,
    XLSX,
    XML,
    YAML,
    ZIP,
)

ReadFunction = Callable[[Path], ParsedDocument]

READERS = MappingProxyType(
    {
        PDF: ("pdf", "PDF"),
        WORD: ("word", "Word document"),
        POWERPOINT: ("powerpoint", "PowerPoint presentation"),
        ODT: ("opendocument", "OpenDocument text"),
        ODP: ("opendocument", "OpenDocument presentation"),
        ODG: ("opendocument", "OpenDocument drawing"),
        RTF: ("rtf", "Rich Text"),
        DOC: ("doc", "old Word document"),
        PPT: ("ppt", "old PowerPoint presentation"),
        XLSX: ("xlsx", "Excel workbook"),
        XLSB: ("xlsb", "binary Excel workbook"),
        XLS: ("xls", "old Excel workbook"),
        ODS: ("ods", "OpenDocument spreadsheet"),
        CSV: ("csv_table", "CSV table"),
        TSV: ("csv_table", "table parted by tabs"),
        JSON: ("json_values", "JSON"),
        YAML: ("yaml_values", "YAML"),
        XML: ("xml_text", "XML"),
        CALENDAR: ("calendar_events", "calendar"),
        CONTACTS: ("contacts", "contacts"),
        PNG: ("image", "PNG picture"),
        JPEG: ("image", "JPEG picture"),
        TIFF: ("image", "TIFF picture"),
        WEBP: ("image", "WebP picture"),
        BMP: ("image", "BMP picture"),
        GIF: ("image", "GIF picture"),
        HEIC: ("image", "HEIC picture"),
        RECORD: ("record", "record"),
        HTML: ("html", "web page"),
        MHTML: ("mhtml", "saved web page"),
        EPUB: ("epub", "book"),
        EML: ("eml", "mail"),
        MSG: ("outlook", "Outlook mail"),
        MBOX: ("mbox", "mailbox"),
        RST: ("restructured", "reStructuredText"),
        ORG: ("org", "Org file"),
        LATEX: ("latex", "LaTeX"),
        NOTEBOOK: ("notebook", "notebook"),
        SUBRIP: ("subtitles", "subtitles"),
        VTT: ("subtitles", "subtitles"),
        SOURCE: ("source_code", "source code"),
        ZIP: ("archive", "zip archive"),
        TAR: ("archive", "tar archive"),
        MARKDOWN: ("markdown", "Markdown"),
        PLAIN: ("plain", "text"),
    }
)
"""Media type to the module of this package that reads it, and what people call the type."""


def reader_of(media_type: str) -> ReadFunction:
    """The reader of a media type. Raises UnsupportedFileError where there is none."""
    if media_type not in READERS:
        raise UnsupportedFileError(f"Quire has no reader for {media_type}.")
    module = import_module(f"kb.adapters.readers.{READERS[media_type][0]}")
    read: ReadFunction = module.read
    return read


def type_name(media_type: str) -> str:
    """What people call files of a media type."""
    return READERS[media_type][1] if media_type in READERS else "its type"
