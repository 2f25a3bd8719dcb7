"""Late interaction: the question's tokens against the signs of passages' tokens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.domain.documents import PassageId
from kb.retrieval.late_interaction import late_interaction, reranked

ONE, TWO, THREE = PassageId("one"), PassageId("two"), PassageId("three")


def signs(*rows: str) -> bytes:
    """Rows of eight signs, written as + and -."""
    return bytes(int(row.replace("+", "1").replace("-", "0"), 2) for row in rows)


def unit(*numbers: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    row = np.array([numbers], np.float32)
    return np.asarray(row / np.linalg.norm(row), np.float32)


def test_each_token_of_the_question_counts_by_the_nearest_of_the_passage() -> None:
    question = np.vstack([unit(1, 1, 1, 1, 1, 1, 1, 1), unit(1, -1, 1, -1, 1, -1, 1, -1)])
    found = late_interaction(
        question,
        {ONE: signs("++++++++", "--------"), TWO: signs("+-+-+-+-", "++++++++", "----++++")},
    )
    assert found == pytest.approx({ONE: 0.5, TWO: 1.0})


def test_a_number_weighs_by_its_size_in_the_question() -> None:
    found = late_interaction(unit(3, 0, 0, 0, 0, 0, 0, 4), {ONE: signs("+++++++-")})
    assert found[ONE] == pytest.approx((3 - 4) / 5 / np.sqrt(8))


def test_a_passage_without_tokens_is_left_out() -> None:
    assert late_interaction(unit(*[1.0] * 8), {ONE: b""}) == {}
    assert list(late_interaction(unit(*[1.0] * 8), {ONE: b"", TWO: b"a"})) == [TWO]


def test_a_question_without_tokens_ranks_nothing() -> None:
    assert late_interaction(np.zeros((0, 8), np.float32), {ONE: b"a"}) == {}


def test_the_best_passages_change_places_within_the_range_of_their_scores() -> None:
    fused = {ONE: 0.9, TWO: 0.8, THREE: 0.7}
    scores = reranked(fused, {ONE: 0.1, TWO: 0.5}, 0.6)
    assert scores == pytest.approx({ONE: 0.84, TWO: 0.86, THREE: 0.7})
    assert max(scores, key=lambda id: scores[id]) == TWO


def test_without_late_interaction_all_stays_as_it_was() -> None:
    assert reranked({ONE: 0.9, TWO: 0.1}, {}) == {ONE: 0.9, TWO: 0.1}


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1), min_size=2),
    st.floats(0, 1),
)
def test_what_was_not_looked_at_never_comes_before_what_was(
    given: dict[str, float], weight: float
) -> None:
    fused = {PassageId(id): score for id, score in given.items()}
    best = sorted(fused, key=lambda id: -fused[id])[:2]
    scores = reranked(fused, {best[0]: 0.2, best[1]: 0.3}, weight)
    rest = [scores[id] for id in fused if id not in best]
    assert min(scores[id] for id in best) >= max(rest, default=0.0) - 1e-9
