"""The numbers of a text, however they are written."""

import pytest

from kb.domain.facts import numbers


def told(text: str) -> list[tuple[str, str]]:
    return [(f"{number.value:f}", number.unit) for number in numbers(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,200.50 km", [("1200.5", "kilometre")]),
        ("3.5 million people", [("3500000", "")]),
        ("$3bn", [("3000000000", "dollar")]),
        ("12.5% or ten percent", [("12.5", "percent"), ("10", "percent")]),
        ("two hundred and five years", [("205", "year")]),
        ("in the 1990s", [("1990", "")]),
        ("March 12, 2021", [("3", "month of a year"), ("12", ""), ("2021", "")]),
        ("2021-03-12", [("3", "month of a year"), ("12", ""), ("2021", "")]),
        ("2021-13-12", [("2021", ""), ("13", ""), ("12", "")]),
        ("no one may march", []),
        ("", []),
    ],
)
def test_numbers_are_told_in_one_form(text: str, expected: list[tuple[str, str]]) -> None:
    assert told(text) == expected


def test_a_unit_that_is_not_told_agrees_with_any() -> None:
    (plain,), (metres,), (feet,) = map(list, map(numbers, ("84", "84 m", "84 feet")))
    assert plain.agrees_with(metres)
    assert not metres.agrees_with(feet)
