"""The sentences that tell what a section says."""

from kb.answering.centrality import centralities, overlap, rarities
from kb.answering.extracts import (
    COMPARED,
    FEWEST,
    MOST,
    PAGE_CHARACTERS,
    Extractor,
    allotted,
    sentences_for,
)
from kb.answering.sections import Section
from tests.unit.makers import made_document, made_passage

LEAVE = (
    "Parental leave is granted to all employees of the company. "
    "Employees ask for parental leave in writing. "
    "The canteen was painted green last summer. "
    "Is anybody reading this at all today?"
)


def section(*texts: str) -> Section:
    made = [made_passage(text, id=f"p{at}", ordinal=at) for at, text in enumerate(texts)]
    return Section(document=made_document(), passages=tuple(made))


def told(
    part: Section, count: int, subject: str = "", near: dict[str, float] | None = None
) -> list[str]:
    nearness = {one.id: (near or {}).get(one.id, 1.0) for one in part.passages}
    return [one.text for one in Extractor([part], nearness, subject).of(part, count)]


def test_a_sentence_that_others_repeat_is_more_central_than_one_alone() -> None:
    said = [frozenset("abc"), frozenset("abd"), frozenset("abe"), frozenset("xyz")]
    rarity = rarities({word: 1 for one in said for word in one}, len(said))
    scores = centralities(said, [1.0] * 4, rarity)
    assert min(scores[:3]) > scores[3]
    assert abs(scores.sum() - 1) < 1e-6


def test_what_is_favoured_beforehand_wins_among_equals() -> None:
    said = [frozenset("ab"), frozenset("ab")]
    scores = centralities(said, [0.1, 0.9], {"a": 1.0, "b": 1.0})
    assert scores[1] > scores[0]


def test_no_sentence_has_no_score() -> None:
    assert list(centralities([], [], {})) == []
    assert overlap(frozenset(), frozenset("a")) == 0


def test_the_central_sentences_stand_in_their_order_and_no_question_is_one() -> None:
    assert told(section(LEAVE), 2) == [
        "Parental leave is granted to all employees of the company.",
        "Employees ask for parental leave in writing.",
    ]
    assert len(told(section(LEAVE), 9)) == 3


def test_what_was_said_once_is_not_said_again() -> None:
    twice = section(LEAVE, LEAVE)
    assert len(told(twice, 9)) == 3


def test_a_document_s_own_reference_marks_are_left_out() -> None:
    assert told(section("The pump was made of bronze [12] in the north."), 1) == [
        "The pump was made of bronze in the north."
    ]


def test_a_number_in_brackets_within_a_sentence_stays() -> None:
    part = section("Fortnow and Homer (2003) point out that parental leave is granted to all.")
    assert told(part, 1) == [part.passages[0].text]


def test_rows_are_told_where_there_are_no_sentences() -> None:
    rows = "City: Berlin | Amount: 3 | Month: May 2026\nCity: Paris | Amount: 4 | Month: May 2026"
    assert told(section(rows), 1) == ["City: Berlin | Amount: 3 | Month: May 2026"]
    assert told(section("Nothing."), 1) == []


def test_a_subject_brings_the_sentences_that_name_it() -> None:
    assert told(section(LEAVE), 2, subject="the canteen") == [
        "The canteen was painted green last summer."
    ]


def test_very_many_sentences_are_compared_by_their_commonest_words() -> None:
    odd = " ".join(f"Word{n} alone stands here number{n}." for n in range(COMPARED + 50))
    common = "The harbour bridge stands here alone in winter."
    assert len(told(section(odd, common), 3)) == 3


def test_the_number_of_sentences_grows_with_the_document_within_bounds() -> None:
    assert sentences_for(10) == FEWEST
    assert sentences_for(3 * PAGE_CHARACTERS) == 5
    assert sentences_for(20 * PAGE_CHARACTERS) == 13
    assert sentences_for(200 * PAGE_CHARACTERS) == MOST


def test_each_section_gets_a_sentence_and_long_ones_get_the_rest() -> None:
    parts = [section("x" * length) for length in (100, 300, 100)]
    assert allotted(parts, 6) == [2, 3, 1]
    assert allotted(parts, 2) == [1, 1, 1]
    assert allotted([], 3) == []
