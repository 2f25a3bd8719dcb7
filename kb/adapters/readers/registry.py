"""Which reader takes which media type. A reader is imported when it is first needed."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from kb.domain.documents import ParsedDocument
from kb.domain.errors import UnsupportedFileError

ReadFunction = Callable[[Path], ParsedDocument]

READERS = MappingProxyType(
    {
        "application/pdf": "pdf",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "word",
        "application/vnd.quire.record+json": "record",
        "text/html": "html",
        "text/markdown": "markdown",
        "text/plain": "plain",
    }
)
"""Media type to the module of this package that reads it."""

TYPE_NAMES = MappingProxyType(
    {
        "application/pdf": "PDF",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word document",
        "application/vnd.quire.record+json": "record",
        "text/html": "web page",
        "text/markdown": "Markdown",
        "text/plain": "text",
    }
)
"""Media type to what people call it."""


def reader_of(media_type: str) -> ReadFunction:
    """The reader of a media type. Raises UnsupportedFileError where there is none."""
    if media_type not in READERS:
        raise UnsupportedFileError(f"Quire has no reader for {media_type}.")
    module = import_module(f"kb.adapters.readers.{READERS[media_type]}")
    read: ReadFunction = module.read
    return read
