"""Documents, the pages and passages they are made of, and where those are embedded.

Pages count from 1. Character offsets are half-open code points. Boxes are PDF points
with their origin at the top left of the page.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

KnowledgeBaseId = NewType("KnowledgeBaseId", str)
DocumentId = NewType("DocumentId", str)
PassageId = NewType("PassageId", str)
EmbeddingSpaceId = NewType("EmbeddingSpaceId", str)

PAGE_SEPARATOR = "\n\n"
"""Stands between the pages' texts where a document is seen as one text."""


class DocumentState(StrEnum):
    """How far a document has come; only a ready one is ever found."""

    QUEUED = "queued"
    READY = "ready"
    FAILED = "failed"


class TextSource(StrEnum):
    """Where a page's text comes from."""

    BORN_DIGITAL = "born_digital"
    OCR = "ocr"


class ElementKind(StrEnum):
    """What a stretch of a page's text is."""

    TITLE = "title"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE = "table"
    CAPTION = "caption"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingSpace:
    """One embedding model as configured; vectors of different spaces never meet."""

    id: EmbeddingSpaceId
    model: str
    revision: str
    dimension: int
    max_tokens: int
    query_prompt: str
    passage_prompt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeBase:
    """A named set of documents that are searched together."""

    id: KnowledgeBaseId
    name: str
    owner_id: str
    embedding_space_id: EmbeddingSpaceId | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file, or one record of a file, in a knowledge base."""

    id: DocumentId
    knowledge_base_id: KnowledgeBaseId
    name: str
    media_type: str
    content_sha256: str
    size_bytes: int
    created_at: datetime
    title: str = ""
    page_count: int | None = None
    passage_count: int = 0
    language: str = ""
    state: DocumentState = DocumentState.QUEUED
    error: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBox:
    """Where characters start..end of a page's text stand on it, in points."""

    page: int
    start: int
    end: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page as it was read. Formats without pages are one page without a size."""

    number: int
    text: str
    label: str = ""
    width: float | None = None
    height: float | None = None
    text_source: TextSource = TextSource.BORN_DIGITAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """Characters start..end of one page's text, and what they are. Titles have a level from 1."""

    kind: ElementKind
    page: int
    start: int
    end: int
    level: int = 0
    boxes: tuple[TextBox, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedDocument:
    """What a reader gives back: pages in order, and elements in reading order.

    `paged` tells whether the pages are the document's own, so that they may be cited.
    """

    pages: tuple[Page, ...]
    elements: tuple[Element, ...]
    title: str = ""
    language: str = ""
    paged: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A stretch of a document that is embedded, found and cited as one.

    `text` is exactly characters start..end of the document's text, which is the pages'
    texts joined by PAGE_SEPARATOR. Boxes hold offsets into their own page's text.
    """

    id: PassageId
    document_id: DocumentId
    ordinal: int
    text: str
    heading_path: tuple[str, ...]
    page_first: int
    page_last: int
    start: int
    end: int
    token_count: int
    boxes: tuple[TextBox, ...] = ()
