"""Whether a passage bears a sentence out."""

import pytest

from kb.answering.support import check_support
from kb.domain.conversations import Support

PASSAGE = (
    "The P-40 pump weighs 84 kg. Its impeller, as shown by Smith [12], is made of\nbronze. "
    "It is inspected every 2,000 hours of operation."
)


def rests_on(statement: str) -> str:
    check = check_support(statement, PASSAGE)
    return PASSAGE[check.start : check.end]


@pytest.mark.parametrize(
    "statement",
    [
        "The P-40 pump weighs 84 kg.",
        "the p-40 pump weighs 84 kg.",
        "“The P-40 pump weighs 84 kg.”",
        "is made of bronze",
        "as shown by Smith, is made of bronze.",
    ],
)
def test_words_that_stand_there_are_supported(statement: str) -> None:
    check = check_support(statement, PASSAGE)
    assert check.support is Support.SUPPORTED
    assert check.score == 1.0


def test_a_literal_quote_is_found_in_its_place() -> None:
    assert rests_on("It is inspected every 2,000 hours") == "It is inspected every 2,000 hours"
    assert rests_on("is made of bronze.") == "is made of\nbronze."
    # A reference mark that the quote leaves out.
    statement, passage = "Smith found it.", "Then Smith [12] found it. Others did not."
    check = check_support(statement, passage)
    assert passage[check.start : check.end] == "Smith [12] found it."


def test_other_words_for_the_same_rest_on_the_nearest_sentence() -> None:
    check = check_support("Every 2,000 operation hours there is an inspection.", PASSAGE)
    assert check.support is Support.SUPPORTED
    assert rests_on("Every 2,000 operation hours there is an inspection.").startswith("It is insp")


def test_another_number_is_never_supported() -> None:
    assert check_support("The P-40 pump weighs 85 kg.", PASSAGE).support is Support.PARTIAL
    assert check_support("It is inspected every 2.000 hours.", PASSAGE).support is Support.PARTIAL


def test_half_the_words_are_partly_supported() -> None:
    check = check_support("The pump weighs much, say engineers.", PASSAGE)
    assert check.support is Support.PARTIAL
    assert 0.4 <= check.score < 0.75


def test_what_stands_nowhere_is_unsupported() -> None:
    check = check_support("Tigers eat antelopes.", PASSAGE)
    assert (check.support, check.score) == (Support.UNSUPPORTED, 0.0)


@pytest.mark.parametrize("statement", ["", " ", "…", "“”"])
def test_a_sentence_without_words_is_unsupported(statement: str) -> None:
    assert check_support(statement, PASSAGE).support is Support.UNSUPPORTED


def test_an_empty_passage_bears_nothing_out() -> None:
    check = check_support("The pump runs.", "")
    assert (check.support, check.start, check.end) == (Support.UNSUPPORTED, 0, 0)


def test_signs_of_patterns_are_taken_as_they_are() -> None:
    assert check_support("use a.*b (x|y) +", "You may use a.*b (x|y) + here.").score == 1.0
    assert check_support("a.c", "abc").support is Support.UNSUPPORTED
