"""What the word index holds of words, and asks for."""

import pytest

from kb.adapters.sql.word_forms import any_form, indexed, phrases


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("The pumps were running.", "en", "the pump were run"),
        ("Two policies", "", "two polici"),
        ("Die Häuser der Straßen", "de", "die haus der strass"),
        ("Αθήνας", "el", "αθην"),
        ("домами", "ru", "дом"),
        ("ยาว", "th", "ยาว"),
        ("max_connections", "en", "max connect"),
        ("1,250.50", "en", "1 250 50"),
        ("水泵", "zh", "水泵 水 泵"),
    ],
)
def test_a_text_is_indexed_by_the_stems_of_its_language(
    text: str, language: str, expected: str
) -> None:
    assert indexed(text, language) == expected


def test_any_of_the_words_is_asked_for_but_stop_words() -> None:
    assert phrases("Which pumps are running?", [""]) == ['"pump"', '"run"']


def test_parts_that_signs_join_are_asked_for_as_a_phrase() -> None:
    assert phrases("max_connections 1,250", ["en"]) == ['"max connect"', '"1 250"']


def test_each_language_of_the_documents_is_asked_for() -> None:
    assert phrases("houses Häuser", ["de", "en"]) == ['"hous"', '"haus"', '"häuser"']


def test_a_question_without_words_asks_for_nothing() -> None:
    assert phrases("?!", ["en"]) == []


def test_quotes_and_operators_of_the_index_are_not_let_through() -> None:
    asked = phrases('bridge" OR NEAR(x) text:*', ["en"])
    assert asked == ['"bridg"', '"near"', '"x"', '"text"']


def test_one_word_has_a_form_in_each_language() -> None:
    assert any_form("Häuser", ["de", "en"]) == '"haus" OR "häuser"'
