"""Figures of ranked retrieval, by hand and against trec_eval."""

import string
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
)

NAMES = list(string.ascii_lowercase[:15])
RANKED = st.permutations(NAMES).flatmap(lambda names: st.integers(1, 15).map(lambda n: names[:n]))
RELEVANCE = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 4), min_size=1)


@given(RANKED, RELEVANCE)
def test_the_figures_are_those_of_trec_eval(ranked: list[str], relevance: dict[str, int]) -> None:
    run = {"q": {name: float(100 - place) for place, name in enumerate(ranked)}}
    measures = {"recall.1,5,10", "recip_rank", "ndcg_cut.10"}
    theirs = pytrec_eval.RelevanceEvaluator({"q": relevance}, measures).evaluate(run)["q"]
    for k in (1, 5, 10):
        assert recall_at(ranked, relevance, k) == pytest.approx(theirs[f"recall_{k}"])
    assert ndcg_at(ranked, relevance, 10) == pytest.approx(theirs["ndcg_cut_10"])
    assert reciprocal_rank_at(ranked, relevance, 15) == pytest.approx(theirs["recip_rank"])


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


@given(
    st.lists(st.integers(0, 5).map(float), min_size=1, max_size=20),
    st.lists(st.integers(0, 5).map(float), min_size=1, max_size=20),
)
def test_the_area_is_that_of_comparing_every_pair(
    positive: list[float], negative: list[float]
) -> None:
    won = sum((p > n) + (p == n) / 2 for p in positive for n in negative)
    expected = won / (len(positive) * len(negative))
    assert area_under_curve(positive, negative) == pytest.approx(expected)


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
