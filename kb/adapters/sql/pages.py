"""Records of documents' pages, and of what OCR read, which is kept by content."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from kb.adapters.sql.tables import documents, ocr_pages, pages
from kb.domain.documents import (
    DocumentId,
    Element,
    ElementKind,
    OcrPage,
    Page,
    TextBox,
    TextSource,
)
from kb.domain.errors import NotFoundError


class SqlPages:
    """Pages over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def pages(self, id: DocumentId) -> list[Page]:
        """In order."""
        rows = self._connection.execute(
            select(pages).where(pages.c.document_id == id).order_by(pages.c.number)
        )
        return [_page(row) for row in rows]

    def page(self, id: DocumentId, number: int) -> Page:
        """Raises NotFoundError."""
        row = self._connection.execute(
            select(pages).where(pages.c.document_id == id, pages.c.number == number)
        ).one_or_none()
        if row is None:
            raise NotFoundError("This page does not exist.")
        return _page(row)

    def pages_wanting_ocr(self, id: DocumentId) -> list[int]:
        """The numbers of the pages that OCR has not read, and could."""
        return list(
            self._connection.scalars(
                select(pages.c.number)
                .where(pages.c.document_id == id, pages.c.ocr_wanted)
                .order_by(pages.c.number)
            )
        )

    def save_ocr(self, sha256: str, read: OcrPage) -> None:
        """Keep what OCR read of a page of this content."""
        self._connection.execute(
            delete(ocr_pages).where(
                ocr_pages.c.content_sha256 == sha256, ocr_pages.c.number == read.page.number
            )
        )
        self._connection.execute(
            insert(ocr_pages).values(
                content_sha256=sha256,
                number=read.page.number,
                text=read.page.text,
                text_source=read.page.text_source,
                width=read.page.width,
                height=read.page.height,
                elements=json.dumps([asdict(element) for element in read.elements]),
            )
        )

    def ocr_of(self, sha256: str) -> dict[int, OcrPage]:
        """What OCR read of this content, by page number."""
        rows = self._connection.execute(
            select(ocr_pages).where(ocr_pages.c.content_sha256 == sha256)
        )
        return {row.number: _ocr_page(row) for row in rows}

    def forget_ocr(self, sha256: str) -> None:
        """Let OCR read the content anew."""
        self._connection.execute(delete(ocr_pages).where(ocr_pages.c.content_sha256 == sha256))

    def ocr_changed_nothing(self, id: DocumentId) -> None:
        """Let the pages that OCR has read stay as they are, and count as read."""
        self._connection.execute(
            update(pages).where(pages.c.document_id == id).values(ocr_wanted=False)
        )
        self._set_waiting(id, 0)

    def want_no_ocr(self, id: DocumentId) -> None:
        """Let the pages that OCR has not read stay as they are."""
        self._set_waiting(id, 0)

    def want_ocr(self, id: DocumentId) -> int:
        """Let OCR read the pages that it has left as they were; how many."""
        count = len(self.pages_wanting_ocr(id))
        if count:
            self._set_waiting(id, count)
        return count

    def _set_waiting(self, id: DocumentId, count: int) -> None:
        self._connection.execute(
            update(documents).where(documents.c.id == id).values(pages_waiting=count)
        )

    def _store_pages(self, id: DocumentId, read: Sequence[Page]) -> None:
        if read:
            self._connection.execute(insert(pages), [_page_values(id, page) for page in read])


def forget_unused_ocr(connection: Connection) -> None:
    """Let go what OCR read of contents that no document has any more."""
    in_use = select(documents.c.id).where(documents.c.content_sha256 == ocr_pages.c.content_sha256)
    connection.execute(delete(ocr_pages).where(~in_use.exists()))


def _page_values(document_id: DocumentId, page: Page) -> dict[str, Any]:
    return {
        "document_id": document_id,
        "number": page.number,
        "label": page.label,
        "width": page.width,
        "height": page.height,
        "text": page.text,
        "text_source": page.text_source,
        "ocr_wanted": page.ocr_wanted,
    }


def _page(row: Row[Any]) -> Page:
    return Page(
        number=row.number,
        label=row.label,
        width=row.width,
        height=row.height,
        text=row.text,
        text_source=TextSource(row.text_source),
        ocr_wanted=row.ocr_wanted,
    )


def _ocr_page(row: Row[Any]) -> OcrPage:
    page = Page(
        number=row.number,
        text=row.text,
        text_source=TextSource(row.text_source),
        width=row.width,
        height=row.height,
    )
    return OcrPage(page=page, elements=tuple(map(_element, json.loads(row.elements))))


def _element(values: dict[str, Any]) -> Element:
    boxes = tuple(TextBox(**box) for box in values.pop("boxes"))
    return Element(**{**values, "kind": ElementKind(values["kind"])}, boxes=boxes)
