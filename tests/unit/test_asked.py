"""What a question asks about, and what kind of answer it wants."""

import pytest

from kb.retrieval.asked import Kind, Sought, asked_words, is_negated, may_answer, parts, sought


def told(question: str, language: str = "en") -> list[tuple[str, Kind]]:
    return [(word.text, word.kind) for word in asked_words(question, language)]


def test_names_have_a_capital_within_the_sentence_and_numbers_a_digit() -> None:
    assert told("Weighs the Marlow pump 84 kg?") == [
        ("weighs", Kind.WORD),
        ("marlow", Kind.NAME),
        ("pump", Kind.WORD),
        ("84", Kind.NUMBER),
        ("kg", Kind.WORD),
    ]


def test_words_that_only_ask_are_left_out() -> None:
    assert told("How many arches do I get?") == [("arches", Kind.WORD)]


def test_german_nouns_are_no_names() -> None:
    assert told("Wie schwer ist die Pumpe?", "de") == [("schwer", Kind.WORD), ("pumpe", Kind.WORD)]


def test_a_year_stands_apart_from_the_letters_that_are_joined_to_it() -> None:
    assert parts("fy2022") == ["2022"]
    assert parts("2023q1") == ["2023", "q1"]
    assert parts("2022") == ["2022"]
    assert parts("bridge") == ["bridge"]
    assert told("Sales of FY2022?") == [("sales", Kind.WORD), ("2022", Kind.NUMBER)]


def test_each_word_knows_its_place_and_its_sentence() -> None:
    question = "How heavy is it? Say kilograms."
    words = asked_words(question, "en")
    assert [question[word.begin : word.end].lower() for word in words] == [
        word.text for word in words
    ]
    assert [(word.text, word.sentence) for word in words] == [
        ("heavy", 0),
        ("say", 1),
        ("kilograms", 1),
    ]


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("When was the bridge opened?", Sought.DATE),
        ("In which year was it opened?", Sought.DATE),
        ("How many arches has it?", Sought.NUMBER),
        ("What percentage is paid?", Sought.NUMBER),
        ("Who designed it?", Sought.ANYTHING),
        ("Wie alt ist sie?", Sought.ANYTHING),
    ],
)
def test_a_question_tells_the_kind_of_its_answer(question: str, kind: Sought) -> None:
    assert sought(question) is kind


@pytest.mark.parametrize(
    ("sentence", "kind", "expected"),
    [
        ("It weighs 84 kg.", Sought.NUMBER, True),
        ("It weighs two tons.", Sought.NUMBER, True),
        ("The P-40 is heavy.", Sought.NUMBER, False),  # the question's own number
        ("It was opened in 1987.", Sought.DATE, True),
        ("It was opened in 1604.", Sought.DATE, True),
        ("It was opened in May.", Sought.DATE, True),
        ("It has 84 lamps.", Sought.DATE, False),
        ("It is heavy.", Sought.ANYTHING, True),
    ],
)
def test_a_sentence_may_hold_such_an_answer(sentence: str, kind: Sought, expected: bool) -> None:
    assert may_answer(sentence, kind, frozenset({"40"})) is expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Which part isn’t made of bronze?", True),
        ("What was never painted?", True),
        ("Is a note needed?", False),
    ],
)
def test_a_question_may_deny(question: str, expected: bool) -> None:
    assert is_negated(question) is expected
