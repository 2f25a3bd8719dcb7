"""From what was found to the hits that are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kb.domain.access import Scope
from kb.domain.documents import Document, DocumentId, Passage, PassageId
from kb.domain.retrieval import Hit, Scores
from kb.records import Transaction

LOOKED_THROUGH = 4
"""How many times as many passages as are asked for are looked through for other pages."""


@dataclass(slots=True, kw_only=True)
class Found:
    """The passages found: their cosines, BM25 and late interaction.

    `named` says how surely the question names documents, `trusted` how well the model reads it.
    """

    dense: dict[PassageId, float]
    words: dict[PassageId, float]
    late: dict[PassageId, float] = field(default_factory=dict)
    named: dict[DocumentId, float]
    document_of: dict[PassageId, DocumentId]
    trusted: float


def best_hits(
    view: Transaction,
    scope: Scope,
    found: Found,
    scores: Mapping[PassageId, float],
    k: int,
    *,
    page_once: bool,
) -> tuple[Hit, ...]:
    """The k best by their scores, as the records have them.

    With `page_once` further passages of a page come after the other pages.
    """
    order = sorted(scores, key=lambda id: (-scores[id], id))
    held = _held(view, scope, order[: LOOKED_THROUGH * k])
    if len(held) < k:
        held = _held(view, scope, order)
    best = [id for id in order if id in held]
    hits = [
        Hit(
            passage=held[id][0],
            document=held[id][1],
            rank=rank,
            scores=Scores(
                dense=found.dense.get(id),
                words=found.words.get(id),
                late=found.late.get(id),
                fused=scores[id],
            ),
        )
        for rank, id in enumerate(best, 1)
    ]
    return shown_hits(hits, k, page_once=page_once)


def shown_hits(hits: Sequence[Hit], k: int, *, page_once: bool) -> tuple[Hit, ...]:
    """The first k with their ranks; with `page_once` each page's first before any page's next."""
    shown = _pages_once(hits) if page_once else hits
    return tuple(replace(hit, rank=rank) for rank, hit in enumerate(shown[:k], 1))


def _held(
    view: Transaction, scope: Scope, ids: Sequence[PassageId]
) -> dict[PassageId, tuple[Passage, Document]]:
    """What the records hold of these passages inside the scope.

    An index may still remember what was removed a moment ago.
    """
    passages = view.documents.passages(list(ids))
    documents = view.documents.many({passage.document_id for passage in passages})
    return {
        passage.id: (passage, documents[passage.document_id])
        for passage in passages
        if documents[passage.document_id].knowledge_base_id == scope.knowledge_base_id
        and (scope.document_ids is None or passage.document_id in scope.document_ids)
    }


def _pages_once(hits: Sequence[Hit]) -> list[Hit]:
    """The first passage of each page in order, and then the others.

    What has no pages of its own is taken as it comes.
    """
    seen: set[tuple[DocumentId, int]] = set()
    first: list[Hit] = []
    again: list[Hit] = []
    for hit in hits:
        page = (hit.document.id, hit.page)
        repeated = hit.document.page_count is not None and page in seen
        (again if repeated else first).append(hit)
        seen.add(page)
    return first + again
