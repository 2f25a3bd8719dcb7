"""The ways to rank that `python -m bench.retrieval` compares: the shipped one, less one part each.

A variant is a name and how the shipped retriever is changed for it. To try a part, give the
retriever a field for it, and add a line to VARIANTS that switches the field.
"""

from collections.abc import Callable
from dataclasses import replace

from kb.domain.documents import PassageId
from kb.domain.retrieval import Hit, Query, Ranking
from kb.retrieval.retriever import CANDIDATES, HybridRetriever

Variant = Callable[[HybridRetriever], HybridRetriever]

SHIPPED = "shipped"
RANK_CONSTANT = 60

ALONE = {"late_weight": 0.0, "name_weight": 0.0, "page_once": False, "reranker": None}
"""Nothing but the fused searches."""


def with_fields(**fields: object) -> Variant:
    """The shipped retriever with other values in these of its fields."""

    def changed(retriever: HybridRetriever) -> HybridRetriever:
        # A copy would take a name that is no field, and rank as if nothing had been said.
        unknown = fields.keys() - type(retriever).model_fields.keys()
        if unknown:
            raise AttributeError(f"The retriever has no field {', '.join(sorted(unknown))}.")
        return retriever.model_copy(update=fields)

    return changed


class ReciprocalRanks(HybridRetriever):
    """Fuses the ranks of both searches in place of their scores.

    Each search is run as the shipped retriever runs it alone, so this takes twice the time.

    Source: Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet and
    individual rank learning methods" (2009).
    """

    def rank(self, query: Query, k: int = 10) -> Ranking:
        """The k best passages."""
        depth = max(CANDIDATES, k)
        alone = self.model_copy(update={**ALONE, "dense_weight": 1.0})
        dense = HybridRetriever.rank(alone, query, depth)
        words = HybridRetriever.rank(alone.model_copy(update={"dense_weight": 0.0}), query, depth)
        lists = (
            [hit for hit in dense.hits if hit.scores.dense is not None],
            [hit for hit in words.hits if hit.scores.words is not None],
        )
        scores: dict[PassageId, float] = {}
        hits: dict[PassageId, Hit] = {}
        for ranked in lists:
            for rank, hit in enumerate(ranked, 1):
                id = hit.passage.id
                scores[id] = scores.get(id, 0.0) + 1 / (RANK_CONSTANT + rank)
                hits[id] = hit
        best = sorted(scores, key=lambda id: (-scores[id], id))[:k]
        fused = tuple(
            replace(hits[id], rank=rank, scores=replace(hits[id].scores, fused=scores[id]))
            for rank, id in enumerate(best, 1)
        )
        return replace(dense, hits=fused, elapsed_ms={})


def by_reciprocal_ranks(retriever: HybridRetriever) -> HybridRetriever:
    """The shipped retriever with its searches fused by rank."""
    return ReciprocalRanks(**dict(retriever))


VARIANTS: dict[str, Variant] = {
    SHIPPED: with_fields(),
    "dense": with_fields(dense_weight=1.0, **ALONE),
    "words": with_fields(dense_weight=0.0, **ALONE),
    "fused": with_fields(late_weight=0.0),
    **{f"weight-{weight}": with_fields(dense_weight=weight) for weight in (0.8, 0.6, 0.4)},
    **{f"late-{weight}": with_fields(late_weight=weight) for weight in (0.3, 0.7)},
    "nameless": with_fields(name_weight=0.0),
    "pages-twice": with_fields(page_once=False),
    "rrf": by_reciprocal_ranks,
}
