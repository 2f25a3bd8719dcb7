"""Records of documents, with their pages, passages, vectors and full-text rows."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import astuple
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from kb.adapters.sql import fulltext
from kb.adapters.sql.batches import in_batches
from kb.adapters.sql.tables import documents, pages, passage_vectors, passages
from kb.domain.documents import (
    Document,
    DocumentId,
    DocumentState,
    EmbeddingSpaceId,
    KnowledgeBaseId,
    Page,
    Passage,
    PassageId,
    TextBox,
    TextSource,
)
from kb.domain.errors import NotFoundError
from kb.ports import Vectors

READY = documents.c.state == DocumentState.READY


class SqlDocuments:
    """Documents over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, document: Document) -> None:
        """Keep a new document."""
        self._connection.execute(insert(documents).values(_document_values(document)))

    def get(self, id: DocumentId) -> Document:
        """Raises NotFoundError."""
        row = self._connection.execute(select(documents).where(documents.c.id == id)).one_or_none()
        if row is None:
            raise NotFoundError("This document does not exist.")
        return _document(row)

    def find(self, knowledge_base_id: KnowledgeBaseId, name: str) -> Document | None:
        """The newest document of that name, whatever its state."""
        row = self._connection.execute(
            select(documents)
            .where(documents.c.knowledge_base_id == knowledge_base_id, documents.c.name == name)
            .order_by(documents.c.version.desc())
            .limit(1)
        ).one_or_none()
        return _document(row) if row else None

    def of(self, knowledge_base_id: KnowledgeBaseId) -> list[Document]:
        """All of a knowledge base, by name."""
        rows = self._connection.execute(
            select(documents)
            .where(documents.c.knowledge_base_id == knowledge_base_id)
            .order_by(documents.c.name, documents.c.version)
        )
        return [_document(row) for row in rows]

    def many(self, ids: Collection[DocumentId]) -> dict[DocumentId, Document]:
        """The documents among these ids that exist."""
        rows = in_batches(
            self._connection, ids, lambda some: select(documents).where(documents.c.id.in_(some))
        )
        return {DocumentId(row.id): _document(row) for row in rows}

    def of_content(self, sha256: str) -> list[Document]:
        """Every document with this content."""
        rows = self._connection.execute(
            select(documents).where(documents.c.content_sha256 == sha256)
        )
        return [_document(row) for row in rows]

    def contents(self) -> set[str]:
        """The content hashes that are in use."""
        return set(self._connection.scalars(select(documents.c.content_sha256).distinct()))

    def fail(self, id: DocumentId, error: str) -> None:
        """Say why the document could not be taken in."""
        self._connection.execute(
            update(documents)
            .where(documents.c.id == id)
            .values(state=DocumentState.FAILED, error=error)
        )

    def requeue(self, id: DocumentId) -> None:
        """Let the document be taken in again."""
        self._connection.execute(
            update(documents)
            .where(documents.c.id == id)
            .values(state=DocumentState.QUEUED, error="")
        )

    def remove(self, id: DocumentId) -> list[PassageId]:
        """Forget the document and all made of it; the ids of its passages."""
        document = self.get(id)
        fulltext.remove(self._connection, document.knowledge_base_id, id)
        gone = self._connection.scalars(select(passages.c.id).where(passages.c.document_id == id))
        ids = [PassageId(passage_id) for passage_id in gone]
        self._connection.execute(delete(documents).where(documents.c.id == id))
        return ids

    def publish(
        self,
        document: Document,
        pages_read: Sequence[Page],
        cut: Sequence[Passage],
        vectors: Vectors,
        space_id: EmbeddingSpaceId,
    ) -> None:
        """Make the document ready, with its words searchable, all in this transaction."""
        self._connection.execute(
            update(documents)
            .where(documents.c.id == document.id)
            .values(_document_values(document))
        )
        if pages_read:
            self._connection.execute(
                insert(pages), [_page_values(document.id, page) for page in pages_read]
            )
        if not cut:
            return
        first = (self._connection.scalar(select(func.max(passages.c.seq))) or 0) + 1
        numbered = list(enumerate(cut, first))
        self._connection.execute(
            insert(passages), [_passage_values(seq, passage) for seq, passage in numbered]
        )
        self._connection.execute(
            insert(passage_vectors),
            [
                {"passage_seq": seq, "space_id": space_id, "vector": row.tobytes()}
                for (seq, _), row in zip(numbered, vectors.astype("<f4"), strict=True)
            ],
        )
        fulltext.add(self._connection, document, numbered)

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

    def passages_of(self, id: DocumentId) -> list[Passage]:
        """In order."""
        rows = self._connection.execute(
            select(passages).where(passages.c.document_id == id).order_by(passages.c.ordinal)
        )
        return [_passage(row) for row in rows]

    def passages(self, ids: Sequence[PassageId]) -> list[Passage]:
        """The passages of ready documents among these ids, in no order."""
        rows = in_batches(
            self._connection,
            ids,
            lambda some: select(passages).join(documents).where(passages.c.id.in_(some), READY),
        )
        return [_passage(row) for row in rows]

    def passage_ids(self, knowledge_base_id: KnowledgeBaseId) -> set[PassageId]:
        """Every passage that can be found."""
        found = self._connection.scalars(_of(knowledge_base_id, passages.c.id))
        return {PassageId(passage_id) for passage_id in found}

    def vectors(
        self, ids: Sequence[PassageId], space_id: EmbeddingSpaceId
    ) -> tuple[list[PassageId], Vectors]:
        """The stored vectors of these passages, ids and rows (n, dimension) in one order."""
        return _stacked(
            in_batches(
                self._connection,
                ids,
                lambda some: _vectors(space_id).where(passages.c.id.in_(some)),
            )
        )

    def vectors_of_documents(
        self, ids: Collection[DocumentId], space_id: EmbeddingSpaceId
    ) -> tuple[list[PassageId], Vectors]:
        """The stored vectors of whole documents, ids and rows (n, dimension) in one order."""
        return _stacked(
            in_batches(
                self._connection,
                ids,
                lambda some: (
                    _vectors(space_id).join(documents).where(documents.c.id.in_(some), READY)
                ),
            )
        )

    def words_agree(self, knowledge_base_id: KnowledgeBaseId) -> bool:
        """Whether the full-text rows are exactly the passages that can be found."""
        wanted = set(self._connection.scalars(_of(knowledge_base_id, passages.c.seq)))
        return fulltext.rows(self._connection, knowledge_base_id) == wanted

    def rebuild_words(self, knowledge_base_id: KnowledgeBaseId) -> int:
        """Make the full-text rows anew from the passages; how many."""
        fulltext.clear(self._connection, knowledge_base_id)
        count = 0
        for document in self.of(knowledge_base_id):
            rows = self._connection.execute(
                select(passages).where(passages.c.document_id == document.id)
            ).all()
            fulltext.add(self._connection, document, [(row.seq, _passage(row)) for row in rows])
            count += len(rows)
        return count


def _of(knowledge_base_id: KnowledgeBaseId, column: Any) -> Select[tuple[Any]]:
    return (
        select(column)
        .select_from(passages)
        .join(documents)
        .where(documents.c.knowledge_base_id == knowledge_base_id, READY)
    )


def _vectors(space_id: EmbeddingSpaceId) -> Select[tuple[str, bytes]]:
    return (
        select(passages.c.id, passage_vectors.c.vector)
        .select_from(passages)
        .join(passage_vectors)
        .where(passage_vectors.c.space_id == space_id)
    )


def _stacked(rows: Iterable[Row[Any]]) -> tuple[list[PassageId], Vectors]:
    found = list(rows)
    ids = [PassageId(row.id) for row in found]
    if not found:
        return ids, np.zeros((0, 0), dtype=np.float32)
    dimension = len(found[0].vector) // 4
    stored = np.frombuffer(b"".join(row.vector for row in found), dtype="<f4")
    return ids, stored.reshape(len(found), dimension).astype(np.float32, copy=False)


def _document_values(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "knowledge_base_id": document.knowledge_base_id,
        "name": document.name,
        "media_type": document.media_type,
        "content_sha256": document.content_sha256,
        "size_bytes": document.size_bytes,
        "created_at": document.created_at.isoformat(),
        "title": document.title,
        "page_count": document.page_count,
        "passage_count": document.passage_count,
        "language": document.language,
        "state": document.state,
        "error": document.error,
        "version": document.version,
    }


def _document(row: Row[Any]) -> Document:
    values = dict(row._mapping)
    values["created_at"] = datetime.fromisoformat(row.created_at)
    values["state"] = DocumentState(row.state)
    return Document(**values)


def _page_values(document_id: DocumentId, page: Page) -> dict[str, Any]:
    return {
        "document_id": document_id,
        "number": page.number,
        "label": page.label,
        "width": page.width,
        "height": page.height,
        "text": page.text,
        "text_source": page.text_source,
    }


def _page(row: Row[Any]) -> Page:
    return Page(
        number=row.number,
        label=row.label,
        width=row.width,
        height=row.height,
        text=row.text,
        text_source=TextSource(row.text_source),
    )


def _passage_values(seq: int, passage: Passage) -> dict[str, Any]:
    return {
        "seq": seq,
        "id": passage.id,
        "document_id": passage.document_id,
        "ordinal": passage.ordinal,
        "text": passage.text,
        "heading_path": json.dumps(passage.heading_path, ensure_ascii=False),
        "page_first": passage.page_first,
        "page_last": passage.page_last,
        "start": passage.start,
        "end": passage.end,
        "token_count": passage.token_count,
        "boxes": json.dumps([astuple(box) for box in passage.boxes]),
    }


def _passage(row: Row[Any]) -> Passage:
    return Passage(
        id=PassageId(row.id),
        document_id=DocumentId(row.document_id),
        ordinal=row.ordinal,
        text=row.text,
        heading_path=tuple(json.loads(row.heading_path)),
        page_first=row.page_first,
        page_last=row.page_last,
        start=row.start,
        end=row.end,
        token_count=row.token_count,
        boxes=tuple(_box(values) for values in json.loads(row.boxes)),
    )


def _box(values: Sequence[Any]) -> TextBox:
    page, start, end, left, top, right, bottom = values
    return TextBox(page=page, start=start, end=end, left=left, top=top, right=right, bottom=bottom)
