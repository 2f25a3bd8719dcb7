"""How both searches' scores become one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.domain.documents import PassageId
from kb.retrieval.fusion import DENSE_WEIGHT, fused, normalised

A, B, C = PassageId("a"), PassageId("b"), PassageId("c")
SCORES = st.dictionaries(
    st.sampled_from([A, B, C, PassageId("d")]), st.floats(-1e6, 1e6, allow_subnormal=False)
)


def test_the_lowest_becomes_0_and_the_highest_1() -> None:
    assert normalised({A: 2.0, B: 4.0, C: 3.0}) == {A: 0.0, B: 1.0, C: 0.5}


def test_scores_that_are_alike_become_1() -> None:
    assert normalised({A: 2.0, B: 2.0}) == {A: 1.0, B: 1.0}


def test_no_scores_stay_none() -> None:
    assert normalised({}) == {}
    assert fused({}, {}) == {}


def test_both_are_weighted_and_added() -> None:
    both = fused({A: 1.0, B: 0.0}, {A: 5.0, B: 9.0}, dense_weight=0.25)
    assert both == {A: 0.25, B: 0.75}


def test_a_passage_that_one_search_lacks_gets_nothing_from_it() -> None:
    both = fused({A: 1.0, B: 0.0}, {C: 9.0, B: 1.0}, dense_weight=0.25)
    assert both == {A: 0.25, B: 0.0, C: 0.75}


def test_where_one_search_finds_nothing_the_other_counts_alone() -> None:
    assert fused({A: 0.9, B: 0.1}, {}) == {A: 1.0, B: 0.0}
    assert fused({}, {A: 9.0, B: 1.0}) == {A: 1.0, B: 0.0}


def test_both_searches_count() -> None:
    assert 0 < DENSE_WEIGHT < 1


@given(SCORES, SCORES)
def test_a_fused_score_is_between_0_and_1(
    dense: dict[PassageId, float], words: dict[PassageId, float]
) -> None:
    both = fused(dense, words)
    assert both.keys() == dense.keys() | words.keys()
    assert all(-1e-9 <= score <= 1 + 1e-9 for score in both.values())


@given(SCORES)
def test_one_search_alone_keeps_its_order(dense: dict[PassageId, float]) -> None:
    scores = fused(dense, {})
    ordered = sorted(dense, key=lambda id: dense[id])
    assert [scores[id] for id in ordered] == pytest.approx(sorted(scores.values()))
