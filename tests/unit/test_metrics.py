"""Figures of ranked retrieval, by hand and against trec_eval."""

import string
from collections.abc import Mapping
from itertools import pairwise
from math import log2

import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st

from kb.evaluation.metrics import (
    area_under_curve,
    ndcg_at,
    percentile,
    recall_at,
    reciprocal_rank_at,
    refusal_curve,
)

NAMES = list(string.ascii_lowercase[:15])
RANKED = st.permutations(NAMES).flatmap(lambda names: st.integers(1, 15).map(lambda n: names[:n]))
JUDGED = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 4), min_size=1).filter(
    lambda judged: any(judged.values())
)
# Few scores for many documents, so that ties are common.
SCORED = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 4).map(float), min_size=1)
SCORES = st.lists(st.integers(0, 5).map(float), min_size=1, max_size=20)


def of_trec_eval(
    run: Mapping[str, float], judged: Mapping[str, int], *measures: str
) -> dict[str, float]:
    evaluator = pytrec_eval.RelevanceEvaluator({"q": dict(judged)}, set(measures))
    figures: dict[str, float] = evaluator.evaluate({"q": dict(run)})["q"]
    return figures


@given(SCORED, JUDGED)
def test_with_ties_ranked_as_trec_eval_does_the_figures_are_those_of_trec_eval(
    run: dict[str, float], judged: dict[str, int]
) -> None:
    # It ranks by score, and what scores alike by name, the last first.
    ranked = sorted(run, key=lambda name: (run[name], name), reverse=True)
    assert_agreement(ranked, run, judged)


@given(RANKED, JUDGED)
def test_the_figures_of_a_ranking_are_those_of_trec_eval(
    ranked: list[str], judged: dict[str, int]
) -> None:
    run = {name: float(100 - place) for place, name in enumerate(ranked)}
    assert_agreement(ranked, run, judged)


def assert_agreement(ranked: list[str], run: dict[str, float], judged: dict[str, int]) -> None:
    theirs = of_trec_eval(run, judged, "recall.1,5,10", "ndcg_cut.10")
    for k in (1, 5, 10):
        assert recall_at(ranked, judged, k) == pytest.approx(theirs[f"recall_{k}"], abs=1e-6)
    assert ndcg_at(ranked, judged, 10) == pytest.approx(theirs["ndcg_cut_10"], abs=1e-6)
    # Its reciprocal rank knows no depth, so it is given the first ten only.
    first = of_trec_eval({name: run[name] for name in ranked[:10]}, judged, "recip_rank")
    assert reciprocal_rank_at(ranked, judged, 10) == pytest.approx(first["recip_rank"], abs=1e-6)


def test_recall_is_the_share_of_what_is_relevant() -> None:
    relevance = {"a": 1.0, "b": 2.0, "c": 0.0}
    assert recall_at(["a", "x", "c"], relevance, 1) == 0.5
    assert recall_at(["x", "a", "b"], relevance, 3) == 1.0
    assert recall_at([], relevance, 10) == 0.0


def test_the_reciprocal_rank_is_that_of_the_first_relevant_one() -> None:
    assert reciprocal_rank_at(["x", "c", "a", "b"], {"a": 1.0, "b": 1.0, "c": 0.0}, 10) == 1 / 3
    assert reciprocal_rank_at(["x", "y", "a"], {"a": 1.0}, 2) == 0.0


def test_ndcg_has_linear_gains_and_the_best_order_below() -> None:
    relevance = {"a": 3.0, "b": 1.0}
    gained = 1 / log2(2) + 3 / log2(4)
    best = 3 / log2(2) + 1 / log2(3)
    assert ndcg_at(["b", "x", "a"], relevance, 10) == pytest.approx(gained / best)
    assert ndcg_at(["a", "b"], relevance, 10) == pytest.approx(1.0)
    assert ndcg_at(["x"], {}, 10) == 0.0


def test_the_area_counts_pairs_in_order() -> None:
    assert area_under_curve([0.9, 0.8], [0.1, 0.2]) == 1.0
    assert area_under_curve([0.1], [0.9]) == 0.0
    assert area_under_curve([0.5, 0.5], [0.5]) == 0.5
    assert area_under_curve([0.9, 0.3], [0.5, 0.3]) == pytest.approx((2 + 0 + 0.5) / 4)


@given(SCORES, SCORES)
def test_the_area_is_that_of_comparing_every_pair(
    positive: list[float], negative: list[float]
) -> None:
    won = sum((p > n) + (p == n) / 2 for p in positive for n in negative)
    expected = won / (len(positive) * len(negative))
    assert area_under_curve(positive, negative) == pytest.approx(expected)


@given(SCORES, SCORES)
def test_a_refusal_curve_counts_what_lies_below_each_threshold(
    answerable: list[float], unanswerable: list[float]
) -> None:
    curve = refusal_curve(answerable, unanswerable)
    for threshold, wrongly, rightly in curve:
        assert wrongly == sum(one < threshold for one in answerable) / len(answerable)
        assert rightly == sum(one < threshold for one in unanswerable) / len(unanswerable)
    assert curve[0][1:] == (0.0, 0.0)
    assert curve[-1][1:] == (1.0, 1.0)


@given(SCORES, SCORES)
def test_the_area_is_that_under_the_refusal_curve(
    answerable: list[float], unanswerable: list[float]
) -> None:
    points = [point[1:] for point in refusal_curve(answerable, unanswerable)]
    under = sum((x2 - x1) * (y1 + y2) / 2 for (x1, y1), (x2, y2) in pairwise(points))
    assert area_under_curve(answerable, unanswerable) == pytest.approx(under)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([5.0], 0.5, 5.0),
        ([2.0, 1.0], 0.5, 1.0),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        (list(map(float, range(1, 101))), 0.95, 95.0),
        (list(map(float, range(1, 21))), 0.95, 19.0),
        ([1.0, 2.0], 1.0, 2.0),
        ([1.0, 2.0], 0.0, 1.0),
    ],
)
def test_a_percentile_is_by_nearest_rank(
    values: list[float], share: float, expected: float
) -> None:
    assert percentile(values, share) == expected
