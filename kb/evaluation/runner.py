"""Runs labelled questions through the product's own retriever and measures.

Documents are ranked by their best passage for recall, MRR and nDCG (gain `relevance`,
default 1). page_hit@k counts ranked passages: one of the first k lies on a page of the
evidence (`page` or `also_pages`) in its document. Both are means over the answerable
questions that have such evidence. A question with a `scope` is asked of those documents
only. `refusal_rate` is the share of unanswerable questions refused, `wrong_refusal_rate`
that of answerable ones, and `refusal_auc` the area under the curve of the evidence score
over answerable against unanswerable questions. A figure without questions is None.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from time import perf_counter

from kb.domain.evaluation import Question
from kb.domain.retrieval import Ranking
from kb.evaluation.metrics import (
    area_under_curve,
    ndcg_at,
    percentile,
    recall_at,
    reciprocal_rank_at,
)
from kb.retrieval.evidence import enough

PASSAGES = 100
CUTS = (1, 5, 10)

Rank = Callable[[Question, int], Ranking]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question, its ranking, and the milliseconds that took."""

    question: Question
    ranking: Ranking
    ms: float


def ask_all(questions: Iterable[Question], rank: Rank) -> Iterable[Asked]:
    """Rank passages for each question in turn."""
    for question in questions:
        begun = perf_counter()
        ranking = rank(question, PASSAGES)
        yield Asked(question=question, ranking=ranking, ms=(perf_counter() - begun) * 1000)


def measure(asked: Sequence[Asked]) -> dict[str, float | int | None]:
    """The figures over all questions asked."""
    judged = [one for one in asked if one.question.answerable and any(_judged(one)[1].values())]
    paged = [one for one in judged if any(e.pages for e in one.question.evidence)]
    return {
        "questions": len(asked),
        **{f"recall@{k}": _mean(recall_at(*_judged(one), k) for one in judged) for k in CUTS},
        **{f"page_hit@{k}": _mean(page_hit_at(one, k) for one in paged) for k in CUTS},
        "mrr@10": _mean(reciprocal_rank_at(*_judged(one), 10) for one in judged),
        "ndcg@10": _mean(ndcg_at(*_judged(one), 10) for one in judged),
        **_refusals(asked),
        "latency_ms_p50": percentile([one.ms for one in asked], 0.5) if asked else None,
        "latency_ms_p95": percentile([one.ms for one in asked], 0.95) if asked else None,
    }


def page_hit_at(one: Asked, k: int) -> float:
    """1 if one of the first k passages lies on a page of the evidence, else 0."""
    wanted = {(e.document, page) for e in one.question.evidence for page in e.pages}
    for hit in one.ranking.hits[:k]:
        passage = hit.passage
        pages = range(passage.page_first, passage.page_last + 1)
        if any((hit.document.name, page) in wanted for page in pages):
            return 1.0
    return 0.0


def _judged(one: Asked) -> tuple[list[str], dict[str, float]]:
    ranked = list(dict.fromkeys(hit.document.name for hit in one.ranking.hits))
    relevance: dict[str, float] = {}
    for evidence in one.question.evidence:
        known = relevance.get(evidence.document, 0.0)
        relevance[evidence.document] = max(known, evidence.relevance)
    return ranked, relevance


def _refusals(asked: Sequence[Asked]) -> dict[str, float | None]:
    answerable = [one.ranking.evidence for one in asked if one.question.answerable]
    unanswerable = [one.ranking.evidence for one in asked if not one.question.answerable]
    both = bool(answerable and unanswerable)
    return {
        "refusal_rate": _mean(float(not enough(score)) for score in unanswerable),
        "wrong_refusal_rate": _mean(float(not enough(score)) for score in answerable),
        "refusal_auc": area_under_curve(answerable, unanswerable) if both else None,
    }


def _mean(values: Iterable[float]) -> float | None:
    listed = list(values)
    return fmean(listed) if listed else None
