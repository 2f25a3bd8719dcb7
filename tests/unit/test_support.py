"""Whether a passage bears a sentence out."""

import pytest

from kb.answering.support import Check, Grounds
from kb.domain.conversations import How, Support
from tests.fake_embedder import FakeEmbedder

PASSAGE = (
    "The P-40 pump weighs 84 kg. Its impeller, as shown by Smith [12], is made of\nbronze. "
    "It is inspected every 2,000 hours of operation."
)


def check_support(statement: str, *passages: str) -> Check:
    return Grounds(passages, FakeEmbedder()).check(statement)


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
    assert 0.4 <= check.score < 0.62


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


@pytest.mark.parametrize(
    ("statement", "passage"),
    [
        ("Some 3.5 million people came.", "Some 3,500,000 people came."),
        ("The bridge opened on March 12, 2021.", "The bridge opened on 2021-03-12."),
        ("Twenty-one per cent of the members voted.", "Of the members 21% voted."),
        ("The UN voted on the plan.", "The United Nations voted on the plan."),
        ("American farms grew.", "Farms in America grew."),
        ("Farms did not grow.", "It is not true that farms did grow."),
        (
            "The pump weighs 84 kg and is made of bronze.",
            "It is made of bronze. The pump weighs 84 kg.",
        ),
    ],
)
def test_the_same_told_in_another_form_is_supported(statement: str, passage: str) -> None:
    assert check_support(statement, passage).support is Support.SUPPORTED


@pytest.mark.parametrize(
    ("statement", "passage"),
    [
        ("Some 3.5 billion people came.", "Some 3.5 million people came."),
        ("The bridge opened in April 2021.", "The bridge opened in March 2021."),
        ("The bridge opened in 2012.", "The bridge opened in 2021."),
        ("The pump weighs 84 tonnes.", "The pump weighs 84 kg."),
        ("The German pump weighs much.", "The French pump weighs much."),
        ("The pump must not be opened.", "The pump must be opened."),
        ("The pump must be opened.", "The pump must never be opened."),
        ("It weighs 84 kg.", "It weighs 184 kg."),
    ],
)
def test_what_differs_in_one_fact_is_not_supported(statement: str, passage: str) -> None:
    assert check_support(statement, passage).support is not Support.SUPPORTED


def test_the_passage_that_bears_it_out_best_is_told() -> None:
    check = check_support(
        "Lunch is served at noon.", PASSAGE, "At noon there is soup, lunch is served."
    )
    assert (check.passage, check.how) == (1, How.PARAPHRASED)
    assert check_support("The pump weighs 84 kg.", "Tigers.", PASSAGE).how is How.NUMBERS
    assert check_support("The P-40 pump weighs 84 kg.", PASSAGE).how is How.QUOTED
    assert check_support("Tigers eat antelopes.", PASSAGE).how is How.NOT_FOUND


def test_only_the_passages_asked_about_are_looked_at() -> None:
    grounds = Grounds(["Tigers eat antelopes.", PASSAGE], FakeEmbedder())
    assert grounds.check("Tigers eat antelopes.", [1]).support is Support.UNSUPPORTED
    assert grounds.check("Tigers eat antelopes.", []).support is Support.UNSUPPORTED


def test_a_name_may_stand_in_the_title() -> None:
    statement, passage = "The pump of Marlow weighs 84 kg.", "The pump weighs 84 kg."
    assert check_support(statement, passage).support is Support.PARTIAL
    titled = Grounds([passage], FakeEmbedder(), contexts=["Marlow waterworks"])
    assert titled.check(statement).support is Support.SUPPORTED


def test_a_name_from_elsewhere_in_the_passage_does_not_count() -> None:
    passage = "Anna Berg drew the bridge. It was opened in 1921. Later Otto Lund drew the mill."
    assert (
        check_support("The Berg bridge was opened in 1921.", passage).support is Support.SUPPORTED
    )
    assert check_support("The Lund bridge was opened in 1921.", passage).support is Support.PARTIAL


def test_a_name_in_the_place_of_another_one_is_not_supported() -> None:
    passage = "Otto Lund owned the mill. Anna Berg drew the bridge in Marlow."
    assert check_support("Anna Lund drew the bridge.", passage).support is Support.PARTIAL
    assert check_support("Anna Berg drew the bridge.", passage).support is Support.SUPPORTED
    passage = "The bridge joins Marlow and Henley."
    for said in ("The bridge joins Henley and Marlow.", "The bridge joins Marlow."):
        assert check_support(said, passage).support is Support.SUPPORTED


def test_a_name_in_capitals_is_the_same_in_small_letters() -> None:
    passage = "The service tells its metrics to the monitor."
    said = "The service tells its Metrics to the monitor."
    assert check_support(said, passage).support is Support.SUPPORTED


def test_a_further_sentence_is_not_called_for_a_number_alone() -> None:
    passage = "The pump weighs 84 kg. Much later the town bought 90 kg of wheat."
    assert check_support("The pump weighs 90 kg.", passage).support is Support.PARTIAL


def test_a_row_of_a_table_bears_out_what_it_says() -> None:
    table = "Item | Price\nPump | $84\nFan | $12"
    check = check_support("The fan has a price of $12.", table)
    assert table[check.start : check.end] == "Fan | $12"


def test_without_an_embedder_words_alone_count() -> None:
    assert Grounds([PASSAGE], None).check("The pump weighs 84 kg.").support is Support.SUPPORTED


@pytest.mark.parametrize(
    ("statement", "passage"),
    [
        ("The bounds are dependent on the model.", "The bounds are independent of the model."),
        ("In-network care is covered.", "Out-of-network care is covered."),
        ("The plan does not cover care at home.", "The plan covers care at home, not the travel."),
        ("The minimum charge is kept.", "The maximum charge is kept."),
        (
            "Cambridge purchased a mill, a quarry and the old harbour.",
            "Harvard purchased a quarry, and later much land across the river from Cambridge, where"
            " a mill had stood beside the wide basin of the harbour since the old days.",
        ),
    ],
)
def test_an_opposite_another_denial_and_words_that_stand_apart_are_not_supported(
    statement: str, passage: str
) -> None:
    assert check_support(statement, passage).support is not Support.SUPPORTED


def test_words_repeated_count_once() -> None:
    passage = "The mill grinds wheat for the town."
    once = check_support("The mill grinds oats.", passage)
    often = check_support("The mill, the mill, the mill grinds oats.", passage)
    assert often.score <= once.score
