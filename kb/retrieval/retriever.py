"""Finds passages by meaning and by words, fuses both, and orders the best anew."""

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, SkipValidation

from kb.domain.access import Scope
from kb.domain.documents import (
    DocumentId,
    EmbeddingSpaceId,
    KnowledgeBase,
    PassageId,
)
from kb.domain.embeddings import EmbeddedQuery, Vectors
from kb.domain.errors import EmbeddingSpaceError, InvalidInputError
from kb.domain.names import asked_names
from kb.domain.retrieval import Hit, Query, Ranking
from kb.ports import Embedder, Reranker, VectorIndex, WordIndex
from kb.records import Records, Transaction
from kb.retrieval.cross_encoding import cross_encoded
from kb.retrieval.fusion import dense_share, fused, trust
from kb.retrieval.hits import LOOKED_THROUGH, Found, best_hits, shown_hits
from kb.retrieval.late_interaction import LATE_WEIGHT, RERANKED, late_interaction, reranked
from kb.retrieval.naming import NAME_WEIGHT, naming, surest, with_names
from kb.retrieval.queries import resolve

CANDIDATES = 100
"""How many passages each search brings to the fusion, at least."""

OF_NAMED = 40
"""How many passages of each document that the question names are looked at."""

MOST_LOOKED_THROUGH = 2_000
"""A document of more passages brings only those that the searches find."""


class HybridRetriever(BaseRetriever):
    """Dense and word search over one knowledge base, fused by normalised scores.

    As a LangChain retriever it takes the question and a `scope`, and gives documents whose
    metadata hold the `hit`; `rank` gives the same as a Ranking.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    records: SkipValidation[Records]
    embedder: SkipValidation[Embedder]
    vectors: SkipValidation[VectorIndex]
    words: SkipValidation[WordIndex]
    dense_weight: float | None = None
    late_weight: float = LATE_WEIGHT
    name_weight: float = NAME_WEIGHT
    page_once: bool = True
    reranker: SkipValidation[Reranker | None] = None

    def rank(self, query: Query, k: int = 10) -> Ranking:
        """The k best passages. Raises EmbeddingSpaceError, ModelMissingError, ModelCrashedError."""
        if self.reranker is None:
            return self._ranked(query, k)
        wide = self.model_copy(update={"page_once": False})
        ranking = wide._ranked(query, max(RERANKED, LOOKED_THROUGH * k))
        with _timed(ranking.elapsed_ms, "cross-encoder"):
            hits = cross_encoded(self.reranker, query.text, ranking.hits)
        return replace(ranking, hits=shown_hits(hits, k, page_once=self.page_once))

    def _ranked(self, query: Query, k: int) -> Ranking:
        elapsed: dict[str, float] = {}
        with self.records.reading() as view:
            base = view.knowledge_bases.get(query.scope.knowledge_base_id)
        space_id = base.embedding_space_id
        if space_id is None:
            return Ranking(query=query, hits=())
        candidates = max(CANDIDATES, k)
        texts = resolve(query)
        # The model works in a process of its own, and both indexes outside the interpreter's lock.
        with ThreadPoolExecutor(1) as beside:
            by_words = beside.submit(self._by_words, query.scope, texts, candidates, elapsed)
            with _timed(elapsed, "dense"):
                asked = self._asked(base, texts[0][0])
                vector = self._resolved(asked, texts[1:])
                near = self._nearest(query.scope, space_id, vector, candidates)
            with _timed(elapsed, "names"):
                named = self._named(query.scope, [text for text, _ in texts])
            words = by_words.result()
        with _timed(elapsed, "fuse"), self.records.reading() as view:
            ids = list({*near, *words, *_nearest_of(view, surest(named), space_id, vector)})
            # The index may still remember what was removed a moment ago: the records decide.
            dense = _cosines(*view.documents.vectors(ids, space_id), vector)
            found = Found(
                dense=dense,
                words=words,
                named=named,
                document_of=view.documents.holding([*dense, *words]) if named else {},
                trusted=trust(
                    asked.letters_per_token, self.words.languages(query.scope.knowledge_base_id)
                ),
            )
            scores = self._fused(found)
        with _timed(elapsed, "rerank"), self.records.reading() as view:
            if found.trusted:
                found.late |= self._late(view, space_id, asked.tokens, scores)
            hits = self._hits(view, query.scope, found, scores, k)
        return Ranking(query=query, hits=hits, elapsed_ms=elapsed)

    def _fused(self, found: Found) -> dict[PassageId, float]:
        share = dense_share(found.words) if self.dense_weight is None else self.dense_weight
        scores = fused(found.dense, found.words, share * found.trusted)
        if not found.named:
            return scores
        return with_names(scores, found.document_of, found.named, self.name_weight)

    def _hits(
        self,
        view: Transaction,
        scope: Scope,
        found: Found,
        scores: dict[PassageId, float],
        k: int,
    ) -> tuple[Hit, ...]:
        scores = reranked(scores, found.late, self.late_weight * found.trusted)
        return best_hits(view, scope, found, scores, k, page_once=self.page_once)

    def _named(self, scope: Scope, texts: Sequence[str]) -> dict[DocumentId, float]:
        """How surely (0..1) the question names documents, or what was asked last before it."""
        if not self.name_weight:
            return {}
        for text in (texts[0], *reversed(texts[1:])):
            names = self.words.names(scope.knowledge_base_id, asked_names(text))
            if named := naming(names, scope.document_ids):
                return named
        return {}

    def _asked(self, base: KnowledgeBase, question: str) -> EmbeddedQuery:
        space = self.embedder.space
        if space.id != base.embedding_space_id:
            raise EmbeddingSpaceError(
                f"The knowledge base {base.name} was embedded by another model than {space.model}.",
                subject=base.name,
                advice="Choose that model again, or add the documents to a new knowledge base.",
            )
        return self.embedder.embed_query_with_tokens(question)

    def _resolved(self, asked: EmbeddedQuery, earlier: Sequence[tuple[str, float]]) -> Vectors:
        """The weighted mean of the question's and the earlier texts' vectors, of unit length."""
        vectors = [weight * self.embedder.embed_query(text) for text, weight in earlier]
        mean: Vectors = np.sum([asked.vector, *vectors], axis=0, dtype=np.float32)
        return mean / np.float32(np.linalg.norm(mean) or 1)

    def _by_words(
        self,
        scope: Scope,
        texts: Sequence[tuple[str, float]],
        candidates: int,
        elapsed: dict[str, float],
    ) -> dict[PassageId, float]:
        scores: dict[PassageId, float] = {}
        with _timed(elapsed, "words"):
            for text, weight in texts:
                found = self.words.search(
                    scope.knowledge_base_id, text, candidates, scope.document_ids
                )
                for id, score in found:
                    scores[id] = scores.get(id, 0.0) + weight * score
        return scores

    def _nearest(
        self, scope: Scope, space_id: EmbeddingSpaceId, vector: Vectors, k: int
    ) -> list[PassageId]:
        if scope.document_ids is None:
            found = self.vectors.search(scope.knowledge_base_id, space_id, vector, k)
            return [id for id, _ in found]
        # A metadata filter costs Chroma many times an exact search over a few documents.
        with self.records.reading() as view:
            return _nearest_in(view, scope.document_ids, space_id, vector, k)

    def _late(
        self,
        view: Transaction,
        space_id: EmbeddingSpaceId,
        question: Vectors,
        scores: dict[PassageId, float],
    ) -> dict[PassageId, float]:
        """The late interaction of the best passages with the question alone."""
        if not self.late_weight or not scores:
            return {}
        best = sorted(scores, key=lambda id: (-scores[id], id))[:RERANKED]
        return late_interaction(question, view.documents.token_signs(best, space_id))

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - LangChain's signature
        scope: Scope | None = None,
    ) -> list[LangChainDocument]:
        if scope is None:
            raise InvalidInputError("Say what to search: invoke(question, scope=...).")
        ranking = self.rank(Query(text=query, scope=scope))
        return [_langchain_document(hit) for hit in ranking.hits]


def _nearest_of(
    view: Transaction, ids: Sequence[DocumentId], space_id: EmbeddingSpaceId, vector: Vectors
) -> list[PassageId]:
    """The nearest passages of a few documents, of those that are not too long to look through."""
    documents = view.documents.many(ids).values()
    short = [one.id for one in documents if one.passage_count <= MOST_LOOKED_THROUGH]
    nearest = (_nearest_in(view, [id], space_id, vector, OF_NAMED) for id in short)
    return [id for of_one in nearest for id in of_one]


def _nearest_in(
    view: Transaction,
    ids: Collection[DocumentId],
    space_id: EmbeddingSpaceId,
    vector: Vectors,
    k: int,
) -> list[PassageId]:
    """The k nearest passages of these documents, by all their vectors."""
    cosines = _cosines(*view.documents.vectors_of_documents(ids, space_id), vector)
    return sorted(cosines, key=lambda id: -cosines[id])[:k]


def _cosines(ids: Sequence[PassageId], rows: Vectors, vector: Vectors) -> dict[PassageId, float]:
    """Cosine of each row of (n, d) unit rows with a unit vector (d,)."""
    return dict(zip(ids, (rows @ vector).tolist(), strict=True)) if ids else {}


def _langchain_document(hit: Hit) -> LangChainDocument:
    return LangChainDocument(
        id=hit.passage.id,
        page_content=hit.passage.text,
        metadata={"document": hit.document.name, "page": hit.page, "hit": hit},
    )


@contextmanager
def _timed(elapsed: dict[str, float], stage: str) -> Iterator[None]:
    begun = perf_counter()
    yield
    elapsed[stage] = (perf_counter() - begun) * 1000
