"""How both searches' scores become one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.domain.documents import PassageId
from kb.retrieval.fusion import (
    LEARNT,
    LEAST_DENSE,
    MOST_DENSE,
    UNLEARNT,
    dense_share,
    fused,
    normalised,
    trust,
)

A, B, C = PassageId("a"), PassageId("b"), PassageId("c")
COSINES = st.dictionaries(st.sampled_from([A, B, C, PassageId("d")]), st.floats(-1, 1))


@st.composite
def both_scores(draw: st.DrawFn) -> tuple[dict[PassageId, float], dict[PassageId, float]]:
    """A cosine for each candidate, and BM25 for some of them."""
    dense = draw(COSINES)
    some = draw(st.sets(st.sampled_from(sorted(dense)))) if dense else set()
    return dense, {id: draw(st.floats(0.001, 50)) for id in some}


def test_the_lowest_becomes_0_and_the_highest_1() -> None:
    assert normalised({A: 2.0, B: 4.0, C: 3.0}) == {A: 0.0, B: 1.0, C: 0.5}


def test_scores_that_are_alike_become_1() -> None:
    assert normalised({A: 2.0, B: 2.0}) == {A: 1.0, B: 1.0}


def test_no_scores_stay_none() -> None:
    assert normalised({}) == {}
    assert fused({}, {}, 0.5) == {}


def test_both_are_weighted_and_added() -> None:
    both = fused({A: 1.0, B: 0.0}, {A: 3.0, B: 9.0}, dense_weight=0.25)
    assert both == pytest.approx({A: 0.25 + 0.75 / 3, B: 0.75})


def test_a_passage_without_any_word_of_the_question_gets_nothing_for_words() -> None:
    both = fused({A: 1.0, B: 0.0, C: 0.5}, {B: 9.0}, dense_weight=0.25)
    assert both == pytest.approx({A: 0.25, B: 0.75, C: 0.125})


def test_where_no_word_is_found_the_cosine_counts_alone() -> None:
    assert fused({A: 0.9, B: 0.1}, {}, 0.5) == {A: 1.0, B: 0.0}


def test_words_count_the_more_the_more_their_best_passage_stands_out() -> None:
    alike = {PassageId(str(rank)): 10.0 - 0.1 * rank for rank in range(20)}
    outstanding = {PassageId(str(rank)): 10.0 - 0.5 * rank for rank in range(20)}
    assert LEAST_DENSE < dense_share(outstanding) < dense_share(alike) == MOST_DENSE
    assert dense_share({A: 3.0}) == LEAST_DENSE
    assert dense_share({}) == MOST_DENSE


@given(both_scores())
def test_a_fused_score_is_between_0_and_1(
    scores: tuple[dict[PassageId, float], dict[PassageId, float]],
) -> None:
    dense, words = scores
    both = fused(dense, words, dense_share(words))
    assert both.keys() == dense.keys()
    assert all(-1e-9 <= score <= 1 + 1e-9 for score in both.values())


@given(COSINES)
def test_cosines_alone_keep_their_order(dense: dict[PassageId, float]) -> None:
    scores = fused(dense, {}, 0.5)
    ordered = sorted(dense, key=lambda id: dense[id])
    assert [scores[id] for id in ordered] == pytest.approx(sorted(scores.values()))


def test_a_language_in_small_pieces_is_not_trusted_to_the_model() -> None:
    spoken = {"de": 3, "en": 1}
    assert trust(1.0, spoken) == trust(UNLEARNT, spoken) == 0.0
    assert 0 < trust((UNLEARNT + LEARNT) / 2, spoken) < 1
    assert trust(LEARNT, spoken) == trust(6.0, spoken) == 1.0


def test_where_the_documents_are_english_the_model_is_trusted() -> None:
    assert trust(1.0, {"en": 9, "": 9, "ca": 1}) == 1.0
    assert trust(1.0, {}) == 1.0
