"""Records of documents, with their pages, passages, vectors and full-text rows."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from kb.adapters.sql import fulltext
from kb.adapters.sql.batches import in_batches
from kb.adapters.sql.pages import SqlPages
from kb.adapters.sql.passages import READY, SqlPassages
from kb.adapters.sql.tables import (
    attachments,
    document_names,
    documents,
    knowledge_bases,
    pages,
    passages,
)
from kb.domain import documents as domain
from kb.domain.documents import (
    Document,
    DocumentId,
    DocumentState,
    EmbeddingSpaceId,
    KnowledgeBaseId,
    Page,
    PageLedger,
    Passage,
    PassageId,
    Twin,
)
from kb.domain.errors import NotFoundError


class SqlDocuments(SqlPages, SqlPassages):
    """Documents over one connection, with all that was made of them."""

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

    def named(self, knowledge_base_id: KnowledgeBaseId, name: str) -> list[Document]:
        """All versions of that name, the oldest first."""
        rows = self._connection.execute(
            select(documents)
            .where(documents.c.knowledge_base_id == knowledge_base_id, documents.c.name == name)
            .order_by(documents.c.version)
        )
        return [_document(row) for row in rows]

    def twin(self, document: Document) -> Twin | None:
        """What was read of the same file under the same name elsewhere, where it is ready.

        What holds other files is none: those would have to be taken over as well.
        """
        holds_files = select(attachments.c.parent_id).where(
            attachments.c.parent_id == documents.c.id
        )
        row = self._connection.execute(
            select(documents, knowledge_bases.c.embedding_space_id)
            .join(knowledge_bases)
            .where(
                documents.c.content_sha256 == document.content_sha256,
                documents.c.name == document.name,
                documents.c.id != document.id,
                documents.c.pages_waiting == 0,
                documents.c.passage_count > 0,
                READY,
                ~holds_files.exists(),
            )
            .limit(1)
        ).one_or_none()
        if row is None:
            return None
        embedded = self._connection.scalars(
            select(passages.c.embedded_sha256)
            .where(passages.c.document_id == row.id)
            .order_by(passages.c.ordinal)
        ).all()
        if None in embedded:
            return None
        return Twin(
            document=self.get(DocumentId(row.id)),
            space_id=EmbeddingSpaceId(row.embedding_space_id),
            pages=tuple(self.pages(DocumentId(row.id))),
            passages=tuple(self.passages_of(DocumentId(row.id))),
            embedded=tuple(embedded),
        )

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

    def put_inside(self, parent_id: DocumentId, id: DocumentId) -> None:
        """Note that a document came in another one; it may have come in several."""
        self._connection.execute(
            insert(attachments).prefix_with("OR IGNORE").values(parent_id=parent_id, document_id=id)
        )

    def children(self, id: DocumentId) -> list[DocumentId]:
        """The documents that came in this one."""
        return list(
            self._connection.scalars(
                select(attachments.c.document_id).where(attachments.c.parent_id == id)
            )
        )

    def parents(self, id: DocumentId) -> list[DocumentId]:
        """The documents that this one came in."""
        return list(
            self._connection.scalars(
                select(attachments.c.parent_id).where(attachments.c.document_id == id)
            )
        )

    def set_state(
        self,
        id: DocumentId,
        state: DocumentState,
        error: str = "",
        finished_at: datetime | None = None,
    ) -> None:
        """Change the state; the words follow: they are there while the document is findable.

        A queued document is finished no more.
        """
        before = self.get(id)
        values: dict[str, Any] = {"state": state, "error": error}
        if finished_at or state is DocumentState.QUEUED:
            values["finished_at"] = finished_at and finished_at.isoformat()
        self._change(id, **values)
        if (before.state in domain.FINDABLE) is (state in domain.FINDABLE):
            return
        if state in domain.FINDABLE:
            fulltext.add(self._connection, before, self._numbered(id))
        else:
            fulltext.remove(self._connection, before.knowledge_base_id, id)

    def rename(self, id: DocumentId, name: str) -> None:
        """Give the document another name."""
        self._change(id, name=name)

    def set_origin(
        self, id: DocumentId, *, parent_id: DocumentId | None, source_id: str | None
    ) -> None:
        """Say where the document comes from; a person added it where it has neither."""
        self._change(id, parent_id=parent_id, source_id=source_id)

    def warn(self, id: DocumentId, warning: str) -> None:
        """Add a sentence for people."""
        warnings = self.get(id).warnings
        if warning not in warnings:
            self._change(id, warnings=json.dumps([*warnings, warning]))

    def clear(self, id: DocumentId) -> list[PassageId]:
        """Forget what was read of the document; the ids of its passages."""
        document = self.get(id)
        fulltext.remove(self._connection, document.knowledge_base_id, id)
        ids = self.passage_ids_of(id)
        self._connection.execute(delete(pages).where(pages.c.document_id == id))
        self._connection.execute(delete(passages).where(passages.c.document_id == id))
        self._connection.execute(delete(document_names).where(document_names.c.document_id == id))
        self._change(id, passage_count=0, page_count=None, warnings="[]", **_ledger(PageLedger()))
        return ids

    def remove(self, id: DocumentId) -> list[PassageId]:
        """Forget the document and all made of it; the ids of its passages."""
        document = self.get(id)
        fulltext.remove(self._connection, document.knowledge_base_id, id)
        ids = self.passage_ids_of(id)
        self._connection.execute(delete(documents).where(documents.c.id == id))
        if not self.of_content(document.content_sha256):
            self.forget_ocr(document.content_sha256)
        return ids

    def store(
        self,
        document: Document,
        pages_read: Sequence[Page],
        cut: Sequence[Passage],
        embedded: Sequence[bytes],
        space_id: EmbeddingSpaceId,
        names: Collection[str] = (),
    ) -> list[PassageId]:
        """Keep what was read in place of what was read before; the passages that went.

        `embedded` has the sha256 of what is embedded for each passage. Where that was embedded
        before, for whatever document, its vector is kept for the new passage too. `names` are
        the words that name the document.
        """
        known = self._vectors_by_embedded(set(embedded), space_id)
        before = self.clear(document.id)
        # Not the rest: name and origin may have changed while the document was read.
        self._change(document.id, **_read_values(document))
        self._store_pages(document.id, pages_read)
        if names:
            rows = [{"document_id": document.id, "word": word} for word in sorted(names)]
            self._connection.execute(insert(document_names), rows)
        numbered = self._store_passages(cut, embedded, known, space_id)
        if document.state in domain.FINDABLE:
            fulltext.add(self._connection, document, numbered)
        now = {passage.id for passage in cut}
        return [id for id in before if id not in now]

    def words_agree(self, knowledge_base_id: KnowledgeBaseId) -> bool:
        """Whether the full-text rows are exactly the passages that can be found."""
        there = fulltext.rows(self._connection, knowledge_base_id)
        return there == self._findable_seqs(knowledge_base_id)

    def rebuild_words(self, knowledge_base_id: KnowledgeBaseId) -> int:
        """Make the full-text rows anew from the passages; how many."""
        fulltext.clear(self._connection, knowledge_base_id)
        count = 0
        for document in self.of(knowledge_base_id):
            if document.state in domain.FINDABLE:
                numbered = self._numbered(document.id)
                fulltext.add(self._connection, document, numbered)
                count += len(numbered)
        return count

    def _change(self, id: DocumentId, **values: Any) -> None:
        self._connection.execute(update(documents).where(documents.c.id == id).values(values))


def _document_values(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "knowledge_base_id": document.knowledge_base_id,
        "name": document.name,
        "content_sha256": document.content_sha256,
        "size_bytes": document.size_bytes,
        "created_at": document.created_at.isoformat(),
        "version": document.version,
        "parent_id": document.parent_id,
        "source_id": document.source_id,
        "finished_at": document.finished_at.isoformat() if document.finished_at else None,
        **_read_values(document),
    }


def _read_values(document: Document) -> dict[str, Any]:
    """What reading tells of a document."""
    return {
        "media_type": document.media_type,
        "title": document.title,
        "page_count": document.page_count,
        "passage_count": document.passage_count,
        "language": document.language,
        "state": document.state,
        "error": document.error,
        "warnings": json.dumps(document.warnings),
        **_ledger(document.ledger),
    }


def _ledger(ledger: PageLedger) -> dict[str, int]:
    return {f"pages_{kind}": count for kind, count in asdict(ledger).items()}


def _document(row: Row[Any]) -> Document:
    values = dict(row._mapping)
    values["created_at"] = datetime.fromisoformat(row.created_at)
    values["state"] = DocumentState(row.state)
    values["finished_at"] = row.finished_at and datetime.fromisoformat(row.finished_at)
    values["warnings"] = tuple(json.loads(row.warnings))
    counts = {field.name: values.pop(f"pages_{field.name}") for field in fields(PageLedger)}
    return Document(**values, ledger=PageLedger(**counts))
