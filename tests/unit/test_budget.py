"""What fits into a model's window."""

from hypothesis import given
from hypothesis import strategies as st

from kb.answering.budget import ANSWER_TOKENS, HISTORY_SHARE, estimated_tokens, pack
from kb.answering.prompts import SYSTEM, shown_passage
from kb.domain.retrieval import Turn
from tests.unit.makers import made_hit

HITS = [made_hit("word " * 200, rank=rank) for rank in range(1, 9)]
TURNS = [Turn(role="user", content=f"{number} " + "said " * 100) for number in range(6)]


def test_everything_fits_into_a_wide_window() -> None:
    assert pack("What?", HITS, TURNS, 100_000) == (HITS, TURNS)


def test_the_best_passages_are_kept() -> None:
    packed, _ = pack("What?", HITS, [], 2500)
    assert 0 < len(packed) < len(HITS)
    assert packed == HITS[: len(packed)]


def test_the_newest_turns_are_kept_in_order() -> None:
    _, turns = pack("What?", HITS, TURNS, 4000)
    assert 0 < len(turns) < len(TURNS)
    assert turns == TURNS[-len(turns) :]


def test_the_best_passage_is_kept_even_where_nothing_fits() -> None:
    assert pack("What?", HITS, TURNS, 10) == (HITS[:1], [])


def test_nothing_found_packs_nothing() -> None:
    assert pack("What?", [], [], 8192) == ([], [])


@given(st.integers(3000, 20_000), st.text(max_size=400))
def test_what_is_packed_leaves_room_for_the_answer(context_tokens: int, question: str) -> None:
    packed, turns = pack(question, HITS, TURNS, context_tokens)
    said = sum(estimated_tokens(turn.content) for turn in turns)
    shown = sum(estimated_tokens(shown_passage(hit.rank, hit)) for hit in packed)
    fixed = estimated_tokens(SYSTEM) + estimated_tokens(question)
    assert fixed + said + shown + ANSWER_TOKENS <= context_tokens
    assert said <= HISTORY_SHARE * context_tokens


def test_tokens_are_guessed_high() -> None:
    # English has about four characters a token, and none has fewer than one token.
    text = "The quick brown fox jumps over the lazy dog. " * 10
    assert estimated_tokens(text) > len(text) / 4
    assert estimated_tokens("") == 1
