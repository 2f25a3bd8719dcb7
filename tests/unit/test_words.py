"""Which words carry what a text says."""

import pytest

from kb.domain.words import STOP_WORDS, content_words, spoken, stop_words, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The P-40 pump", ["the", "p", "40", "pump"]),
        ("It costs 1,250.50 euros.", ["it", "costs", "1,250.50", "euros"]),
        ("In 2019.", ["in", "2019"]),
        ("Größe ÄRGER", ["größe", "ärger"]),
        ("snake_case", ["snake_case"]),
        ("泵 运行", ["泵", "运行"]),
        ("新水泵P40运行", ["新水", "水泵", "p40", "运行"]),
        ("สะพานยาว", ["สะพ", "ะพา", "พาน", "านย", "นยา", "ยาว"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("… — !", []),
    ],
)
def test_words_are_in_lower_case_and_in_order(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_stop_words_are_left_out() -> None:
    assert content_words("What is the weight of the pump?") == ["weight", "pump"]


def test_a_text_of_stop_words_keeps_them_all() -> None:
    assert content_words("To be or not to be") == ["to", "be", "or", "not", "to", "be"]


def test_the_parts_of_a_contraction_are_stop_words() -> None:
    assert content_words("You don't, you shouldn't and we're") == words(
        "You don't, you shouldn't and we're"
    )
    assert {"don", "t", "shouldn"} <= STOP_WORDS


def test_no_stop_word_has_a_capital() -> None:
    assert all(word == word.lower() for word in STOP_WORDS)


def test_stop_words_are_those_of_the_language() -> None:
    assert content_words("Wie lang ist die Brücke?", "de") == ["lang", "brücke"]
    assert content_words("¿Quién construyó el puente?", "es") == ["construyó", "puente"]


def test_a_language_without_a_list_has_no_stop_words() -> None:
    assert stop_words("xx") == frozenset()
    assert stop_words("th") == frozenset()


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Wie lang ist die Brücke?", "de"),
        ("How long is the bridge?", "en"),
        ("Marlow", "en"),
    ],
)
def test_a_question_is_in_the_language_of_its_stop_words(question: str, expected: str) -> None:
    assert spoken(question, ["de", "el", "en"]) == expected


def test_a_question_to_documents_of_one_language_is_taken_to_be_in_it() -> None:
    assert spoken("How long is the bridge?", ["de"]) == "de"
