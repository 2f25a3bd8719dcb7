"""Small values and fakes at the ports, for tests of the rooms."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import numpy as np

from kb.domain.access import Scope
from kb.domain.documents import (
    Document,
    DocumentId,
    DocumentState,
    EmbeddingSpaceId,
    KnowledgeBase,
    KnowledgeBaseId,
    Passage,
    PassageId,
)
from kb.domain.embeddings import Vectors
from kb.domain.names import Names
from kb.domain.retrieval import Hit, Judgement, Query, Ranking, Scores, Turn, WordCounts
from kb.retrieval.retriever import HybridRetriever
from tests.fake_embedder import FakeEmbedder

BASE = KnowledgeBaseId("base")
SPACE = FakeEmbedder().space.id
QUESTION = "How heavy is the pump?"
WHOLE_BASE = Scope(knowledge_base_id=BASE)
THEN = datetime(2026, 5, 1, tzinfo=UTC)


def made_document(
    name: str = "manual.pdf",
    *,
    base: KnowledgeBaseId = BASE,
    title: str = "",
    page_count: int | None = 9,
) -> Document:
    """A ready document; its id is its name."""
    return Document(
        id=DocumentId(name),
        knowledge_base_id=base,
        name=name,
        media_type="application/pdf",
        content_sha256="0" * 64,
        size_bytes=1,
        created_at=THEN,
        title=title,
        page_count=page_count,
        state=DocumentState.READY,
    )


def made_passage(
    text: str,
    *,
    id: str = "p1",
    document: str = "manual.pdf",
    ordinal: int = 0,
    page: int = 1,
    heading_path: tuple[str, ...] = (),
) -> Passage:
    """A passage on one page."""
    return Passage(
        id=PassageId(id),
        document_id=DocumentId(document),
        ordinal=ordinal,
        text=text,
        heading_path=heading_path,
        page_first=page,
        page_last=page,
        start=0,
        end=len(text),
        token_count=len(text.split()),
    )


def made_hit(
    text: str,
    *,
    rank: int = 1,
    document: str = "manual.pdf",
    title: str = "",
    page: int = 1,
    page_count: int | None = 9,
    heading_path: tuple[str, ...] = (),
    fused: float = 0.5,
    dense: float | None = 0.8,
) -> Hit:
    """A hit of its own document."""
    return Hit(
        passage=made_passage(
            text,
            id=f"p{rank}",
            document=document,
            ordinal=rank,
            page=page,
            heading_path=heading_path,
        ),
        document=made_document(document, title=title, page_count=page_count),
        rank=rank,
        scores=Scores(dense=dense, words=None, fused=fused),
    )


def made_ranking(*hits: Hit, question: str = "What?", history: tuple[Turn, ...] = ()) -> Ranking:
    """A ranking of these hits."""
    query = Query(text=question, scope=WHOLE_BASE, history=history)
    return Ranking(query=query, hits=hits, elapsed_ms={"dense": 1.0})


def made_judgement(evidence: float) -> Judgement:
    """Enough from one half on."""
    return Judgement(evidence=evidence, enough=evidence >= 0.5)


@dataclass(slots=True, kw_only=True)
class FakeRecords:
    """Knowledge bases, documents and passages in memory; also their own transaction."""

    base: KnowledgeBase = field(
        default_factory=lambda: KnowledgeBase(
            id=BASE, name="Pumps", owner_id="owner", embedding_space_id=SPACE, created_at=THEN
        )
    )
    held: list[Document] = field(default_factory=list)
    cut: list[Passage] = field(default_factory=list)
    cosines: Mapping[str, float] = field(default_factory=dict)
    signs: Mapping[PassageId, bytes] = field(default_factory=dict)
    embedder: FakeEmbedder = field(default_factory=FakeEmbedder)

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """Itself."""
        yield self

    @property
    def knowledge_bases(self) -> Any:
        """Itself."""
        return self

    @property
    def documents(self) -> Any:
        """Itself."""
        return self

    def get(self, id: KnowledgeBaseId) -> KnowledgeBase:
        """The one knowledge base."""
        assert id == self.base.id
        return self.base

    def passages(self, ids: Sequence[PassageId]) -> list[Passage]:
        """Those that are there."""
        return [passage for passage in self.cut if passage.id in ids]

    def many(self, ids: Collection[DocumentId]) -> dict[DocumentId, Document]:
        """Those that are there."""
        return {document.id: document for document in self.held if document.id in ids}

    def holding(self, ids: Sequence[PassageId]) -> dict[PassageId, DocumentId]:
        """Those that are there."""
        return {passage.id: passage.document_id for passage in self.passages(ids)}

    def vectors(
        self, ids: Sequence[PassageId], space_id: EmbeddingSpaceId
    ) -> tuple[list[PassageId], Vectors]:
        """Vectors that have the `cosines` of those that are there with QUESTION."""
        assert space_id == self.base.embedding_space_id
        there = [passage.id for passage in self.passages(ids)]
        cosines = np.array([[self.cosines.get(id, 0.0)] for id in there], dtype=np.float32)
        return there, cosines.reshape(-1, 1) * self.embedder.embed_query(QUESTION)

    def token_signs(
        self, ids: Sequence[PassageId], space_id: EmbeddingSpaceId
    ) -> dict[PassageId, bytes]:
        """Those that are there."""
        assert space_id == self.base.embedding_space_id
        return {id: self.signs[id] for id in ids if id in self.signs}

    def vectors_of_documents(
        self, ids: Collection[DocumentId], space_id: EmbeddingSpaceId
    ) -> tuple[list[PassageId], Vectors]:
        """Those of some documents' passages."""
        return self.vectors([p.id for p in self.cut if p.document_id in ids], space_id)


@dataclass(slots=True)
class FakeIndex:
    """Both indexes: gives back what it was told, and keeps what it was asked."""

    scores: Mapping[str, float]
    asked: list[Any] = field(default_factory=list)
    bearers: Mapping[str, frozenset[DocumentId]] = field(default_factory=dict)
    holding: Mapping[str, int] = field(default_factory=dict)
    spoken: str = "en"

    def search(self, *request: Any) -> list[tuple[PassageId, float]]:
        """Best first."""
        self.asked.append(request)
        ordered = sorted(self.scores.items(), key=lambda item: -item[1])
        return [(PassageId(id), score) for id, score in ordered]

    def languages(self, _: KnowledgeBaseId) -> dict[str, int]:
        """One language."""
        return {self.spoken: 3}

    def counts(self, _: KnowledgeBaseId, words: Collection[str]) -> WordCounts:
        """Each word in `holding` passages of ten thousand."""
        holding = {word: self.holding.get(word, 2) for word in words}
        return WordCounts(passages=10_000, holding=holding)

    def names(self, _: KnowledgeBaseId, words: Collection[str]) -> Names:
        """Names among a thousand documents, each word in two passages of ten thousand."""
        bearers = {word: ids for word, ids in self.bearers.items() if word in words}
        return Names(
            bearers=bearers, holding=dict.fromkeys(bearers, 2), documents=1_000, passages=10_000
        )


def made_retriever(
    records: FakeRecords,
    *,
    dense: FakeIndex,
    words: FakeIndex,
    embedder: FakeEmbedder | None = None,
) -> HybridRetriever:
    """The real retriever over fakes; it embeds as the records do."""
    return HybridRetriever(
        records=cast(Any, records),
        embedder=embedder or records.embedder,
        vectors=cast(Any, dense),
        words=cast(Any, words),
    )
