"""From a stored file to passages, and from passages to vectors; nothing is kept here."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kb.domain.documents import (
    PAGE_SEPARATOR,
    Attachment,
    Document,
    Element,
    EmbeddingSpace,
    OcrPage,
    Page,
    PageLedger,
    ParsedDocument,
    Passage,
    TextSource,
    Twin,
)
from kb.domain.embeddings import Vectors
from kb.domain.media_types import PDF
from kb.ingestion.detection import detect
from kb.ingestion.languages import language_of
from kb.ingestion.naming import names
from kb.ingestion.passages import HEADER_TOKENS, MAX_TOKENS, cut, embedded_texts, passage_id
from kb.ports import Embedder, Reader

FEW_PASSAGES = 32
"""A document of no more is embedded at once by the model that waits for questions: starting
another one takes longer."""

AT_A_TIME = 32
"""Passages embedded between two looks at whether to go on: about a second's work."""

FEWEST_TOKENS = 32
"""A passage of a model with a tiny window: its end may go unread, but it is still a passage."""

SPECIAL_TOKENS = 4
"""Room for the marks that a model puts round a text."""

BEGINNING = 24
"""Pages of a long PDF that are searchable before the others are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDocument:
    """What is kept of a document once it is read.

    `embedded` has the sha256 of each passage's embedded text, `names` the words that name the
    document.
    """

    title: str
    media_type: str
    language: str
    paged: bool
    pages: tuple[Page, ...]
    passages: tuple[Passage, ...]
    embedded: tuple[bytes, ...]
    names: frozenset[str]
    warnings: tuple[str, ...]
    attachments: tuple[Attachment, ...]
    space: EmbeddingSpace

    @property
    def ledger(self) -> PageLedger:
        """The pages counted by where their text comes from."""
        return ledger(self.pages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingestion:
    """Reads, cuts and embeds documents.

    `bulk_embedder` is of the same space and takes documents of many passages.
    """

    reader: Reader
    embedder: Embedder
    bulk_embedder: Embedder

    def media_type(self, document: Document, path: Path) -> str:
        """What the file is. Raises IngestionError."""
        return document.media_type or detect(path, document.name)

    def beginning(self, document: Document, path: Path) -> ReadDocument | None:
        """The first pages of a long document, None for any other. Raises IngestionError."""
        if self.media_type(document, path) != PDF:
            return None
        parsed = self.reader.read(path, PDF, document.name, pages=BEGINNING)
        if len(parsed.pages) < BEGINNING:
            return None
        return self._cut(document, PDF, parsed)

    def read(
        self, document: Document, path: Path, spool: Path, by_ocr: Mapping[int, OcrPage]
    ) -> ReadDocument:
        """The whole document with the pages that OCR has read. Raises IngestionError, ModelError.

        Files found inside it are in `spool` then.
        """
        media_type = self.media_type(document, path)
        parsed = self.reader.read(path, media_type, document.name, spool)
        return self._cut(document, media_type, with_ocr(parsed, by_ocr))

    def adopted(self, document: Document, twin: Twin) -> ReadDocument:
        """What was read of the same file under the same name, as this document's own."""
        return ReadDocument(
            title=twin.document.title,
            media_type=twin.document.media_type,
            language=twin.document.language,
            paged=twin.document.page_count is not None,
            pages=twin.pages,
            passages=tuple(
                replace(
                    passage,
                    id=passage_id(document.id, passage.id, passage.ordinal),
                    document_id=document.id,
                )
                for passage in twin.passages
            ),
            embedded=twin.embedded,
            names=names(
                document.name,
                twin.document.title,
                twin.pages,
                paged=twin.document.page_count is not None,
                passages=len(twin.passages),
            ),
            warnings=twin.document.warnings,
            attachments=(),
            space=self.embedder.space,
        )

    def embed(
        self, title: str, passages: Sequence[Passage]
    ) -> Iterator[tuple[list[Passage], Vectors, list[bytes]]]:
        """Passages with their vectors (n, dimension) and token signs.

        Some at a time, in an order of its own.
        """
        few = len(passages) <= FEW_PASSAGES
        embedder = self.embedder if few else self.bulk_embedder
        texts = embedded_texts(title, passages, self.embedder.count_tokens)
        # By length, so that short texts are not padded to the length of long ones.
        order = sorted(range(len(passages)), key=lambda at: len(texts[at]))
        for first in range(0, len(order), AT_A_TIME):
            some = order[first : first + AT_A_TIME]
            vectors, signs = embedder.embed_with_tokens([texts[at] for at in some])
            yield [passages[at] for at in some], vectors, signs

    def _cut(self, document: Document, media_type: str, parsed: ParsedDocument) -> ReadDocument:
        count_tokens = self.embedder.count_tokens
        space = self.embedder.space
        room = space.max_tokens - SPECIAL_TOKENS - HEADER_TOKENS
        passages = cut(document.id, parsed, count_tokens, min(MAX_TOKENS, max(room, FEWEST_TOKENS)))
        title = parsed.title or title_from_name(document.name)
        texts = embedded_texts(title, passages, count_tokens)
        return ReadDocument(
            title=title,
            media_type=media_type,
            language=language_of(PAGE_SEPARATOR.join(page.text for page in parsed.pages)),
            paged=parsed.paged,
            pages=parsed.pages,
            passages=tuple(passages),
            embedded=tuple(hashlib.sha256(text.encode()).digest() for text in texts),
            names=names(
                document.name, title, parsed.pages, paged=parsed.paged, passages=len(passages)
            ),
            warnings=parsed.warnings,
            attachments=parsed.attachments,
            space=space,
        )


def with_ocr(parsed: ParsedDocument, by_ocr: Mapping[int, OcrPage]) -> ParsedDocument:
    """The document with the pages that OCR has read in place of what was there."""
    if not by_ocr:
        return parsed
    elements: dict[int, list[Element]] = {}
    for element in parsed.elements:
        elements.setdefault(element.page, []).append(element)
    pages = []
    for page in parsed.pages:
        read = by_ocr.get(page.number)
        if read and (read.page.text or not page.text):
            elements[page.number] = list(read.elements)
            pages.append(replace(read.page, label=page.label, ocr_wanted=False))
        else:
            pages.append(replace(page, ocr_wanted=page.ocr_wanted and not read))
    ordered = [element for page in pages for element in elements.get(page.number, [])]
    return replace(parsed, pages=tuple(pages), elements=tuple(ordered))


def ledger(pages: Sequence[Page]) -> PageLedger:
    """The pages counted by where their text comes from."""
    sources = [page.text_source for page in pages]
    return PageLedger(
        digital=sources.count(TextSource.DIGITAL),
        ocr=sources.count(TextSource.OCR),
        empty=sources.count(TextSource.EMPTY),
        failed=sources.count(TextSource.FAILED),
        waiting=sum(page.ocr_wanted for page in pages),
    )


def title_from_name(name: str) -> str:
    """A file's name as a title: no folder, no ending, spaces for underscores."""
    return " ".join(Path(name).stem.replace("_", " ").replace("-", " ").split())
