"""Runs labelled questions through the product's own retriever and measures.

Documents are ranked by their best passage for recall, MRR and nDCG (gain `relevance`,
default 1). page_hit@k counts ranked passages: one of the first k lies on a page of the
evidence (`page` or `also_pages`) in its document. Both are means over the answerable
questions that have such evidence. A question with a `scope` is asked of those documents
only. `refusal_rate` is the share of unanswerable questions refused, `wrong_refusal_rate`
that of answerable ones, and `refusal_auc` the area under the curve of the evidence score
over answerable against unanswerable questions. A figure without questions is None. `ci` has
the 95 % interval of each of these, from questions drawn anew; see `kb.evaluation.resampling`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import fmean
from time import perf_counter
from typing import Any

from kb.domain.evaluation import Metric, Question, RankedPage, Result
from kb.domain.retrieval import Hit, Judgement, Ranking
from kb.evaluation.metrics import (
    area_under_curve,
    ndcg_at,
    percentile,
    recall_at,
    reciprocal_rank_at,
)
from kb.evaluation.resampling import interval_of_area, interval_of_mean

PASSAGES = 100
FIRST = 10
"""How many places a result keeps."""

CUTS = (1, 5, 10)
MEANS = (
    *(f"recall@{k}" for k in CUTS),
    *(f"page_hit@{k}" for k in CUTS),
    "mrr@10",
    "ndcg@10",
    "refusal_rate",
    "wrong_refusal_rate",
)
FIGURES = (*MEANS, "refusal_auc")

Rank = Callable[[Question, int], Ranking]
Judge = Callable[[Ranking], Judgement]


def ask_all(questions: Iterable[Question], rank: Rank, judge: Judge) -> Iterator[Result]:
    """Rank passages for each question in turn, measure that ranking, and judge it."""
    for question in questions:
        begun = perf_counter()
        ranking = rank(question, PASSAGES)
        ms = (perf_counter() - begun) * 1000
        yield result_of(question, ranking, judge(ranking), ms)


def result_of(question: Question, ranking: Ranking, judgement: Judgement, ms: float) -> Result:
    """What the question came to with this ranking, which took so many milliseconds."""
    relevance = _relevance(question)
    ranked = list(dict.fromkeys(hit.document.name for hit in ranking.hits))
    judged = question.answerable and any(gain > 0 for gain in relevance.values())
    return Result(
        id=question.id,
        text=question.text,
        kind=question.kind,
        answerable=question.answerable,
        ranked=_figures(question, ranking, ranked, relevance) if judged else {},
        first_relevant=next(
            (rank for rank, name in enumerate(ranked, 1) if judged and relevance.get(name, 0) > 0),
            None,
        ),
        evidence=judgement.evidence,
        refused=not judgement.enough,
        ms=ms,
        elapsed_ms=ranking.elapsed_ms,
        first=tuple(_ranked_page(hit) for hit in ranking.hits[:FIRST]),
    )


def page_hit_at(question: Question, ranking: Ranking, k: int) -> float:
    """1 if one of the first k passages lies on a page of the evidence, else 0."""
    wanted = {(e.document, page) for e in question.evidence for page in e.pages}
    for hit in ranking.hits[:k]:
        passage = hit.passage
        pages = range(passage.page_first, passage.page_last + 1)
        if any((hit.document.name, page) in wanted for page in pages):
            return 1.0
    return 0.0


def measure(results: Sequence[Result]) -> dict[str, Any]:
    """The figures over all questions asked."""
    metrics = {metric.name: metric for metric in metrics_of(results)}
    times = [result.ms for result in results]
    return {
        "questions": len(results),
        **{name: metrics[name].value if name in metrics else None for name in FIGURES},
        "latency_ms_p50": percentile(times, 0.5) if times else None,
        "latency_ms_p95": percentile(times, 0.95) if times else None,
        "ci": {
            name: [metrics[name].low, metrics[name].high] if name in metrics else None
            for name in FIGURES
        },
        "latency_ms_by_stage": _stages(results),
    }


def metrics_of(results: Sequence[Result]) -> Iterator[Metric]:
    """The figures that some question counts in, in the order of FIGURES."""
    figures = [result.figures for result in results]
    for name in MEANS:
        values = [of_one[name] for of_one in figures if name in of_one]
        if values:
            low, high = interval_of_mean(values)
            yield Metric(name=name, value=fmean(values), low=low, high=high, n=len(values))
    answerable, unanswerable = evidence_scores(results)
    if answerable and unanswerable:
        area = area_under_curve(answerable, unanswerable)
        low, high = interval_of_area(answerable, unanswerable)
        yield Metric(name="refusal_auc", value=area, low=low, high=high, n=len(results))


def evidence_scores(results: Iterable[Result]) -> tuple[list[float], list[float]]:
    """Those of the answerable questions, and those of the unanswerable ones."""
    sides: tuple[list[float], list[float]] = ([], [])
    for result in results:
        sides[not result.answerable].append(result.evidence)
    return sides


def _figures(
    question: Question, ranking: Ranking, ranked: Sequence[str], relevance: dict[str, float]
) -> dict[str, float]:
    paged = any(evidence.pages for evidence in question.evidence)
    return {
        **{f"recall@{k}": recall_at(ranked, relevance, k) for k in CUTS},
        **{f"page_hit@{k}": page_hit_at(question, ranking, k) for k in CUTS if paged},
        "mrr@10": reciprocal_rank_at(ranked, relevance, 10),
        "ndcg@10": ndcg_at(ranked, relevance, 10),
    }


def _relevance(question: Question) -> dict[str, float]:
    relevance: dict[str, float] = {}
    for evidence in question.evidence:
        known = relevance.get(evidence.document, 0.0)
        relevance[evidence.document] = max(known, evidence.relevance)
    return relevance


def _ranked_page(hit: Hit) -> RankedPage:
    paged = hit.document.page_count is not None
    return RankedPage(document=hit.document.name, page=hit.page if paged else None)


def _stages(results: Sequence[Result]) -> dict[str, dict[str, float]]:
    """Milliseconds of each stage, over the questions that went through it."""
    times: dict[str, list[float]] = {}
    for result in results:
        for stage, ms in result.elapsed_ms.items():
            times.setdefault(stage, []).append(ms)
    return {
        stage: {"p50": percentile(taken, 0.5), "p95": percentile(taken, 0.95)}
        for stage, taken in times.items()
    }
