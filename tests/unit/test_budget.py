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
    packed = pack("What?", HITS, TURNS, 100_000)
    assert (packed.hits, packed.turns) == (tuple(HITS), tuple(TURNS))
    assert packed.budget.turns_left_out == 0


def test_the_best_passages_are_kept() -> None:
    packed = pack("What?", HITS, [], 2500).hits
    assert 0 < len(packed) < len(HITS)
    assert packed == tuple(HITS[: len(packed)])


def test_the_newest_turns_are_kept_in_order() -> None:
    packed = pack("What?", HITS, TURNS, 4000)
    assert 0 < len(packed.turns) < len(TURNS)
    assert packed.turns == tuple(TURNS[-len(packed.turns) :])
    assert packed.budget.turns_sent + packed.budget.turns_left_out == len(TURNS)


def test_the_best_passage_is_kept_even_where_nothing_fits() -> None:
    packed = pack("What?", HITS, TURNS, 10)
    assert (packed.hits, packed.turns) == ((HITS[0],), ())
    assert packed.budget.prompt + packed.budget.answer > packed.budget.window


def test_nothing_found_packs_nothing() -> None:
    assert pack("What?", [], [], 8192).hits == ()


def test_a_small_passage_takes_the_place_of_one_that_does_not_fit() -> None:
    long, short = made_hit("word " * 2000, rank=2), made_hit("word", rank=3)
    assert pack("What?", [HITS[0], long, short], [], 3000).hits == (HITS[0], short)


@given(st.integers(3000, 20_000), st.text(max_size=400))
def test_what_is_packed_leaves_room_for_the_answer(context_tokens: int, question: str) -> None:
    packed = pack(question, HITS, TURNS, context_tokens)
    said = sum(estimated_tokens(turn.content) for turn in packed.turns)
    shown = sum(estimated_tokens(shown_passage(hit.rank, hit)) for hit in packed.hits)
    fixed = estimated_tokens(SYSTEM) + estimated_tokens(question)
    assert packed.budget.prompt == fixed + said + shown
    assert fixed + said + shown + ANSWER_TOKENS <= context_tokens
    assert said <= HISTORY_SHARE * context_tokens


def test_tokens_are_guessed_high() -> None:
    # English has about four characters a token, and none has fewer than one token.
    text = "The quick brown fox jumps over the lazy dog. " * 10
    assert estimated_tokens(text) > len(text) / 4
    assert estimated_tokens("") == 1
    # Chinese has about one character a token, Cyrillic two to three.
    assert estimated_tokens("灯塔高四十一米" * 10) > 70
    assert estimated_tokens("Маяк высотой сорок один метр. " * 10) > 300 / 2
