"""What an exact query means, and which questions ask for a list of places."""

import pytest

from kb.domain.errors import InvalidInputError
from kb.domain.exact import ExactQuery, exact_query, places_asked_for


@pytest.mark.parametrize(
    ("text", "wanted", "excluded"),
    [
        ("notice period", ("notice", "period"), ()),
        ('"notice  period" -draft -"old version"', ("notice period",), ("draft", "old version")),
        ("don't well-being -x-ray", ("don't", "well-being"), ("x-ray",)),
        ("“typed by a phone” „und so“", ("typed by a phone", "und so"), ()),
        ('"not closed', ("not closed",), ()),
        ('"a b"-c', ("a b",), ("c",)),
        ("a - b", ("a", "b"), ()),
        ("twice twice", ("twice",), ()),
        ('C++ "§ 12"', ("C++", "§ 12"), ()),
    ],
)
def test_words_phrases_and_exclusions_are_told_apart(
    text: str, wanted: tuple[str, ...], excluded: tuple[str, ...]
) -> None:
    assert exact_query(text) == ExactQuery(wanted=wanted, excluded=excluded)


@pytest.mark.parametrize("text", ["", "-", '""', "-draft", '-"old version"'])
def test_a_query_that_wants_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        exact_query(text)


@pytest.mark.parametrize(
    ("question", "wanted", "excluded"),
    [
        ("Find every place that says notice period.", ("notice period",), ()),
        ("please list all mentions of force majeure", ("force majeure",), ()),
        ("Show me every page where it says “GDPR”!", ("GDPR",), ()),
        ('find all passages that contain "force majeure" -draft', ("force majeure",), ("draft",)),
        ('find "notice period"', ("notice period",), ()),
        ('Find all contracts that mention "force majeure"', ("force majeure",), ()),
        ("find every place that says it's over", ("it's over",), ()),
    ],
)
def test_a_question_for_every_place_is_taken_as_one(
    question: str, wanted: tuple[str, ...], excluded: tuple[str, ...]
) -> None:
    assert places_asked_for(question) == ExactQuery(wanted=wanted, excluded=excluded)


@pytest.mark.parametrize(
    "question",
    [
        "What is the notice period?",
        'What does "force majeure" mean?',
        "find all employees",
        "find every place",
        'Find "x" and explain it',
        'find every place that says "a" or "b"',
        "Find out which page says how long the notice is",
    ],
)
def test_any_other_question_is_left_to_be_answered(question: str) -> None:
    assert places_asked_for(question) is None
