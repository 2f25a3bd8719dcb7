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
    """How far a document has come.

    A searchable one is found by its words while its vectors are made; a superseded one has
    given its place to a newer version.
    """

    QUEUED = "queued"
    SEARCHABLE = "searchable"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


FINDABLE = (DocumentState.SEARCHABLE, DocumentState.READY)
"""The states in which a search finds a document."""

UNFINISHED = (DocumentState.QUEUED, DocumentState.SEARCHABLE)
"""The states of a document that is being taken in."""


class TextSource(StrEnum):
    """Where a page's text comes from, or why it has none."""

    DIGITAL = "digital"
    OCR = "ocr"
    EMPTY = "empty"
    FAILED = "failed"


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
class PageLedger:
    """How many pages of a document have text from where; `waiting` of them are still to be
    read by OCR."""

    digital: int = 0
    ocr: int = 0
    empty: int = 0
    failed: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file, or one record of a file, in a knowledge base.

    `parent_id` is the mail or archive that it came in, `source_id` the watched folder or site.
    """

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
    parent_id: DocumentId | None = None
    source_id: str | None = None
    finished_at: datetime | None = None
    warnings: tuple[str, ...] = ()
    ledger: PageLedger = PageLedger()


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
    """One page as it was read: of a PDF, a slide, a sheet. Others are one page without a size.

    `label` is what people call it, as a sheet's name. `ocr_wanted` tells that its picture holds
    text that has not been read yet.
    """

    number: int
    text: str
    label: str = ""
    width: float | None = None
    height: float | None = None
    text_source: TextSource = TextSource.DIGITAL
    ocr_wanted: bool = False


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
class Attachment:
    """A file inside a file (of a mail, an archive), unpacked to `file` for its reader's owner."""

    name: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedDocument:
    """What a reader gives back: pages in order, and elements in reading order.

    `paged` tells whether the pages are the document's own, so that they may be cited.
    Warnings are sentences for people: what of the file was not read, and why.
    """

    pages: tuple[Page, ...]
    elements: tuple[Element, ...]
    title: str = ""
    paged: bool = False
    warnings: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OcrPage:
    """What OCR read of one page: the page as it is then, and all its elements."""

    page: Page
    elements: tuple[Element, ...]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """What was read of the same file under the same name, and the space it was cut for."""

    document: Document
    space_id: EmbeddingSpaceId
    pages: tuple[Page, ...]
    passages: tuple[Passage, ...]
    embedded: tuple[bytes, ...]
