"""What matches word for word, and which patterns are refused before they do harm."""

import sqlite3
from time import monotonic

import pytest

from kb.adapters import exact_patterns
from kb.adapters.exact_patterns import Deadline, matcher
from kb.domain.errors import InvalidInputError
from kb.domain.exact import PatternQuery, exact_query

ALWAYS = Deadline(monotonic() + 3600)


def said(query: str, text: str) -> list[str]:
    """What of the text the query finds."""
    return [text[start:end] for start, end in matcher(exact_query(query)).spans(text, ALWAYS)]


def matched(pattern: str, text: str) -> list[str]:
    """What of the text the regular expression finds."""
    made = matcher(PatternQuery(pattern=pattern))
    return [text[start:end] for start, end in made.spans(text, ALWAYS)]


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ('"notice period"', "A Notice\nperiod, the notice periods.", ["Notice\nperiod"]),
        ('"notice period"', "period notice; notice of a period", []),
        ('"notice period"', "notice (period)", ["notice (period"]),
        ("resume", "Résumé, re\u0301sume\u0301, resumed", ["Résumé", "re\u0301sume\u0301"]),
        ("über", "UBER und Über", ["UBER", "Über"]),
        ("don't", "don’t, don't, dont", ["don’t", "don't"]),
        ("well-being", "well-\nbeing, well‑being, well being", ["well-\nbeing", "well‑being"]),
        ('"4.2"', "4.2, 4-2, 14.2", ["4.2"]),
        ("C++", "C and C++ and c++20", ["C++", "c++"]),
        ("检索", "信息检索系统", ["检索"]),
        ('"a.b" c', "a.b", []),
        ("one two", "two one one", ["two", "one", "one"]),
        ("one -two", "one two", []),
        ("one -two", "one twos", ["one"]),
        ('one "one two"', "one two, one", ["one two", "one"]),
        ("m", "5 m² and 5 m", ["m"]),
        ("Ж", "ж, жук", ["ж"]),
    ],
)
def test_a_term_is_whole_words_in_order(query: str, text: str, found: list[str]) -> None:
    assert said(query, text) == found


def test_every_letter_taken_as_another_is_so_to_the_word_index_too() -> None:
    database = sqlite3.connect(":memory:")
    database.execute(
        "CREATE VIRTUAL TABLE words USING "
        "fts5(letter, tokenize='porter unicode61 remove_diacritics 2')"
    )
    for base, letters in exact_patterns._accented().items():
        for letter in letters:
            database.execute("DELETE FROM words")
            database.execute("INSERT INTO words VALUES (?)", (f"x{letter}x",))
            found = database.execute("SELECT 1 FROM words WHERE words MATCH ?", (f'"x{base}x"',))
            assert found.fetchone(), f"{letter} is no {base} to the word index"
    database.close()


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"\d{4}-\d\d", "2024-05 and 2025-06", ["2024-05", "2025-06"]),
        (r"^total", "Total\nsubtotal\ntotal", ["Total", "total"]),
        (r"\bübung\w*", "Die Übungen", ["Übungen"]),
        (r"x*", "axxb", ["xx"]),
        (r"(?-i:A)b", "AB ab Ab", ["AB", "Ab"]),
    ],
)
def test_a_regular_expression_finds_what_it_matches(
    pattern: str, text: str, found: list[str]
) -> None:
    assert matched(pattern, text) == found


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "a{99999999}",
        "a{9" + "9" * 5000 + "}",
        "(?:(?:(?:a{1000}){1000}){1000}){1000}",
        "(?:" * 30 + "a" + "){1,9}" * 30,
        "(?:" * 30 + "a" + ")+" * 30,
        "()" * 30,
        "a" * 501,
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused_in_a_sentence(pattern: str) -> None:
    with pytest.raises(InvalidInputError, match=r"This regular expression cannot be used: .+"):
        matcher(PatternQuery(pattern=pattern))


def test_a_search_ends_at_its_deadline() -> None:
    made = matcher(PatternQuery(pattern="(a|aa)+$"))
    with pytest.raises(TimeoutError):
        list(made.spans("a" * 5000 + "b", Deadline(monotonic() + 0.05)))
    with pytest.raises(TimeoutError):
        list(made.spans("a", Deadline(monotonic() - 1)))


def test_a_long_text_is_searched_in_stretches_that_end_with_a_line() -> None:
    text = "word\n" * 100_000
    assert len(matched("word$", text)) == 100_000
    assert len(matched("x", "x" * 450_000)) == 450_000
