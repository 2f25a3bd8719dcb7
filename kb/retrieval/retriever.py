"""Finds passages by meaning and by words, and fuses both into one ranking."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, SkipValidation

from kb.domain.access import Scope
from kb.domain.documents import EmbeddingSpaceId, KnowledgeBase, PassageId
from kb.domain.errors import EmbeddingSpaceError, InvalidInputError
from kb.domain.retrieval import Hit, Query, Ranking, Scores
from kb.ports import Embedder, Records, Transaction, VectorIndex, WordIndex
from kb.retrieval.evidence import evidence
from kb.retrieval.fusion import fused

CANDIDATES = 100
"""How many passages each search brings to the fusion."""


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

    def rank(self, query: Query, k: int = 10) -> Ranking:
        """The k best passages. Raises EmbeddingSpaceError, ModelMissingError."""
        elapsed: dict[str, float] = {}
        with self.records.reading() as view:
            base = view.knowledge_bases.get(query.scope.knowledge_base_id)
        if base.embedding_space_id is None:
            return Ranking(query=query, hits=(), evidence=0.0)
        with _timed(elapsed, "dense"):
            dense = self._dense(base, base.embedding_space_id, query)
        with _timed(elapsed, "words"):
            worded = dict(
                self.words.search(base.id, query.text, CANDIDATES, query.scope.document_ids)
            )
        with _timed(elapsed, "fuse"), self.records.reading() as view:
            hits = _hits(view, query.scope, dense, worded, k)
        return Ranking(query=query, hits=hits, evidence=evidence(hits), elapsed_ms=elapsed)

    def _dense(
        self, base: KnowledgeBase, space_id: EmbeddingSpaceId, query: Query
    ) -> dict[PassageId, float]:
        space = self.embedder.space
        if space.id != space_id:
            raise EmbeddingSpaceError(
                f"The knowledge base {base.name} was embedded by another model than {space.model}.",
                subject=base.name,
                advice="Choose that model again, or add the documents to a new knowledge base.",
            )
        vector = self.embedder.embed_query(query.text)
        if query.scope.document_ids is None:
            return dict(self.vectors.search(base.id, space_id, vector, CANDIDATES))
        # A metadata filter costs Chroma many times an exact search over a few documents.
        with self.records.reading() as view:
            ids, rows = view.documents.vectors_of_documents(query.scope.document_ids, space_id)
        if not ids:
            return {}
        cosines = rows @ vector  # (n,)
        best = np.argsort(-cosines)[:CANDIDATES]
        return {ids[i]: float(cosines[i]) for i in best}

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


def _hits(
    view: Transaction,
    scope: Scope,
    dense: dict[PassageId, float],
    worded: dict[PassageId, float],
    k: int,
) -> tuple[Hit, ...]:
    # Only what the records hold is found, whatever an index still remembers.
    found = {p.id: p for p in view.documents.passages([*{**dense, **worded}])}
    documents = view.documents.many({p.document_id for p in found.values()})
    inside = {
        id
        for id, passage in found.items()
        if documents[passage.document_id].knowledge_base_id == scope.knowledge_base_id
        and (scope.document_ids is None or passage.document_id in scope.document_ids)
    }
    scores = fused(
        {id: score for id, score in dense.items() if id in inside},
        {id: score for id, score in worded.items() if id in inside},
    )
    best = sorted(scores, key=lambda id: (-scores[id], id))[:k]
    return tuple(
        Hit(
            passage=found[id],
            document=documents[found[id].document_id],
            rank=rank,
            scores=Scores(dense=dense.get(id), words=worded.get(id), fused=scores[id]),
        )
        for rank, id in enumerate(best, 1)
    )


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
