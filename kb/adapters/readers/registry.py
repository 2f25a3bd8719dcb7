"""Which reader takes which media type. A reader is imported when it is first needed."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from kb.domain.documents import ParsedDocument
from kb.domain.errors import UnsupportedFileError
from kb.domain.media_types import HTML, MARKDOWN, PDF, PLAIN, RECORD, WORD

ReadFunction = Callable[[Path], ParsedDocument]

READERS = MappingProxyType(
    {
        PDF: ("pdf", "PDF"),
        WORD: ("word", "Word document"),
        RECORD: ("record", "record"),
        HTML: ("html", "web page"),
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
