"""What the reading process and its owner say to each other, as JSON."""

from typing import Literal

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from kb.adapters.child_process import Failure
from kb.domain.documents import OcrPage, ParsedDocument

SCRATCH = "KB_READING_SCRATCH"
"""The variable that names a process's own folder for temporary files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A file to read, to draw a page of, or to list the links of.

    Files found inside go into the folder `spool`.
    """

    path: str
    op: Literal["read", "ocr", "picture", "links"] = "read"
    media_type: str = ""
    name: str = ""
    page: int = 1
    pages: int = 0
    scale: float = 1.0
    spool: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Exactly one of these; a picture is base64 of a PNG."""

    document: ParsedDocument | None = None
    ocr: OcrPage | None = None
    picture: str | None = None
    links: tuple[str, ...] | None = None
    error: Failure | None = None


REQUEST = TypeAdapter(Request)
REPLY = TypeAdapter(Reply)
