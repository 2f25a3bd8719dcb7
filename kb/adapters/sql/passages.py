"""Records of passages and their vectors."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Row, Select, func, insert, select

from kb.adapters.sql.batches import AT_A_TIME, in_batches
from kb.adapters.sql.tables import documents, passage_tokens, passage_vectors, passages
from kb.domain import documents as domain
from kb.domain.documents import (
    DocumentId,
    DocumentState,
    EmbeddingSpaceId,
    KnowledgeBaseId,
    Passage,
    PassageId,
    TextBox,
)
from kb.domain.embeddings import Vectors

READY = documents.c.state == DocumentState.READY
FINDABLE = documents.c.state.in_(domain.FINDABLE)


class SqlPassages:
    """Passages over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def passages_of(self, id: DocumentId) -> list[Passage]:
        """In order."""
        rows = self._connection.execute(
            select(passages).where(passages.c.document_id == id).order_by(passages.c.ordinal)
        )
        return [_passage(row) for row in rows]

    def passages(self, ids: Sequence[PassageId]) -> list[Passage]:
        """The passages of findable documents among these ids, in no order."""
        rows = in_batches(
            self._connection,
            ids,
            lambda some: select(passages).join(documents).where(passages.c.id.in_(some), FINDABLE),
        )
        return [_passage(row) for row in rows]

    def passage_ids(self, knowledge_base_id: KnowledgeBaseId) -> set[PassageId]:
        """Every passage of a ready document, which is in the vector index."""
        found = self._connection.scalars(_of(knowledge_base_id, passages.c.id, READY))
        return {PassageId(passage_id) for passage_id in found}

    def holding(self, ids: Sequence[PassageId]) -> dict[PassageId, DocumentId]:
        """The document of each of these passages."""
        rows = in_batches(
            self._connection,
            ids,
            lambda some: select(passages.c.id, passages.c.document_id).where(
                passages.c.id.in_(some)
            ),
        )
        return {PassageId(row.id): DocumentId(row.document_id) for row in rows}

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
                    _vectors(space_id).join(documents).where(documents.c.id.in_(some), FINDABLE)
                ),
            )
        )

    def token_signs(
        self, ids: Sequence[PassageId], space_id: EmbeddingSpaceId
    ) -> dict[PassageId, bytes]:
        """The signs of the token vectors of those passages that have them."""
        rows = in_batches(
            self._connection,
            ids,
            lambda some: (
                select(passages.c.id, passage_tokens.c.signs)
                .join(passage_tokens)
                .where(passages.c.id.in_(some), passage_tokens.c.space_id == space_id)
            ),
        )
        return {PassageId(row.id): row.signs for row in rows}

    def add_vectors(
        self,
        embedded: Sequence[Passage],
        vectors: Vectors,
        signs: Sequence[bytes],
        space_id: EmbeddingSpaceId,
    ) -> None:
        """Keep the vectors, (n, dimension), and token signs of these passages.

        A passage that was read anew meanwhile may say something else under the same id, and
        is passed over then.
        """
        found = self._connection.execute(
            select(passages).where(passages.c.id.in_([passage.id for passage in embedded]))
        )
        seqs = {_passage(row): row.seq for row in found}
        rows = zip(embedded, vectors.astype("<f4"), signs, strict=True)
        self._insert_vectors(
            [(seqs[one], row.tobytes(), some) for one, row, some in rows if one in seqs], space_id
        )

    def unembedded(self, id: DocumentId, space_id: EmbeddingSpaceId) -> list[Passage]:
        """The document's passages that have no vector yet, in order."""
        there = (
            select(passage_vectors.c.passage_seq)
            .where(
                passage_vectors.c.passage_seq == passages.c.seq,
                passage_vectors.c.space_id == space_id,
            )
            .exists()
        )
        rows = self._connection.execute(
            select(passages)
            .where(passages.c.document_id == id, ~there)
            .order_by(passages.c.ordinal)
        )
        return [_passage(row) for row in rows]

    def _store_passages(
        self,
        cut: Sequence[Passage],
        embedded: Sequence[bytes],
        known: Mapping[bytes, tuple[bytes, bytes]],
        space_id: EmbeddingSpaceId,
    ) -> list[tuple[int, Passage]]:
        """Keep new passages, and the vectors of those that are `known`; (seq, passage) rows."""
        if not cut:
            return []
        first = (self._connection.scalar(select(func.max(passages.c.seq))) or 0) + 1
        numbered = list(enumerate(cut, first))
        both = list(zip(numbered, embedded, strict=True))
        self._connection.execute(
            insert(passages),
            [
                _passage_values(seq, passage) | {"embedded_sha256": sha}
                for (seq, passage), sha in both
            ],
        )
        self._insert_vectors(
            [(seq, *known[sha]) for (seq, _), sha in both if sha in known], space_id
        )
        return numbered

    def _numbered(self, id: DocumentId) -> list[tuple[int, Passage]]:
        """(seq, passage) rows of a document."""
        rows = self._connection.execute(select(passages).where(passages.c.document_id == id))
        return [(row.seq, _passage(row)) for row in rows]

    def passage_ids_of(self, id: DocumentId) -> list[PassageId]:
        """In no order."""
        return list(
            self._connection.scalars(select(passages.c.id).where(passages.c.document_id == id))
        )

    def _findable_seqs(self, knowledge_base_id: KnowledgeBaseId) -> set[int]:
        return set(self._connection.scalars(_of(knowledge_base_id, passages.c.seq, FINDABLE)))

    def _vectors_by_embedded(
        self, shas: set[bytes], space_id: EmbeddingSpaceId
    ) -> dict[bytes, tuple[bytes, bytes]]:
        """Vector and token signs of what was embedded before; no signs where none are kept."""
        listed = sorted(shas)
        rows = (
            self._connection.execute(
                select(passages.c.embedded_sha256, passage_vectors.c.vector, passage_tokens.c.signs)
                .join(passage_vectors)
                .outerjoin(
                    passage_tokens,
                    (passage_tokens.c.passage_seq == passages.c.seq)
                    & (passage_tokens.c.space_id == space_id),
                )
                .where(
                    passages.c.embedded_sha256.in_(listed[first : first + AT_A_TIME]),
                    passage_vectors.c.space_id == space_id,
                )
            )
            for first in range(0, len(listed), AT_A_TIME)
        )
        return {
            row.embedded_sha256: (row.vector, row.signs or b"") for some in rows for row in some
        }

    def _insert_vectors(
        self, rows: Sequence[tuple[int, bytes, bytes]], space_id: EmbeddingSpaceId
    ) -> None:
        kept = (
            (passage_vectors, "vector", [(seq, vector) for seq, vector, _ in rows]),
            (passage_tokens, "signs", [(seq, signs) for seq, _, signs in rows if signs]),
        )
        for table, column, values in kept:
            if values:
                self._connection.execute(
                    insert(table).prefix_with("OR REPLACE"),
                    [
                        {"passage_seq": seq, "space_id": space_id, column: value}
                        for seq, value in values
                    ],
                )


def _of(
    knowledge_base_id: KnowledgeBaseId, column: Any, state: ColumnElement[bool]
) -> Select[tuple[Any]]:
    return (
        select(column)
        .select_from(passages)
        .join(documents)
        .where(documents.c.knowledge_base_id == knowledge_base_id, state)
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
