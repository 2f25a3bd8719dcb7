"""How an answer's sentences are bound to passages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.answering.citations import Cited, cite, find_claims, valid_marks_only, without_marks
from kb.domain.conversations import How, Support
from tests.fake_embedder import FakeEmbedder
from tests.unit.makers import made_hit

PUMP = made_hit("The P-40 pump weighs 84 kg. It is made of bronze.", rank=1, page=3)
LUNCH = made_hit("Lunch is served at noon.", rank=2, document="canteen.md", page_count=None)
HITS = (PUMP, LUNCH)

PIECES = ["It runs", " [1]", "[2]", "[1, 2]", " [9]", "[0]", ". ", "\n\n", "- ", "[12]", "[x]", " "]


def cited(text: str) -> list[tuple[str, int]]:
    citations = cite(text, HITS).citations
    return [(citation.claim.text, citation.number) for citation in citations]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("It runs [1].", "It runs [1]."),
        ("It runs [9].", "It runs."),
        ("It runs [0].", "It runs."),
        ("It runs [1][2].", "It runs [1][2]."),
        ("It runs [1] [2].", "It runs [1][2]."),
        ("It runs [1, 2].", "It runs [1][2]."),
        ("It runs [1,2 , 9].", "It runs [1][2]."),
        ("It runs[1].", "It runs [1]."),
        ("It runs. [1]", "It runs. [1]"),
        ("[1] It runs.", "[1] It runs."),
        ("One.\n\n[1] Two.", "One.\n\n[1] Two."),
        ("One.\n[9] Two.", "One.\n Two."),
        ("See [Smith] and [2019] and a[i].", "See [Smith] and [2019] and a[i]."),
    ],
)
def test_only_marks_of_what_was_found_stay(text: str, clean: str) -> None:
    assert valid_marks_only(text, [1, 2]) == clean


def test_marks_can_be_taken_out() -> None:
    assert without_marks("It runs [1][2]. It stops. [1, 2]") == "It runs. It stops."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It runs [1]. It stops [2].", [("It runs [1].", 1), ("It stops [2].", 2)]),
        ("It runs. [1] It stops. [2]", [("It runs. [1]", 1), ("It stops. [2]", 2)]),
        ("It runs.[1] It stops.[2]", [("It runs. [1]", 1), ("It stops. [2]", 2)]),
        ("It runs [1][2].", [("It runs [1][2].", 1), ("It runs [1][2].", 2)]),
        ("It runs [2, 1].", [("It runs [2][1].", 2), ("It runs [2][1].", 1)]),
        ("It runs [1] and on [1].", [("It runs [1] and on [1].", 1)]),
        ("It runs. It stops [1].", [("It stops [1].", 1)]),
        ("It runs [9]. It stops [1].", [("It stops [1].", 1)]),
        ("- It runs [1]\n- It stops [2]", [("- It runs [1]", 1), ("- It stops [2]", 2)]),
        ("It runs.\n[1]\n\nIt stops.", [("It runs.\n[1]", 1)]),
        ("它运行。[1]它停。[2]", [("它运行。 [1]", 1), ("它停。 [2]", 2)]),
        ("It runs.", []),
        ("", []),
        ("Smith [12] found it.", []),
    ],
)
def test_a_mark_belongs_to_its_sentence(text: str, expected: list[tuple[str, int]]) -> None:
    assert cited(text) == expected


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_every_citation_has_its_mark_at_its_claim(text: str) -> None:
    bound = cite(text, HITS)
    for citation in bound.citations:
        assert bound.text[citation.claim.start : citation.claim.end] == citation.claim.text
        assert f"[{citation.number}]" in citation.claim.text
        assert citation.number in {1, 2}
    assert valid_marks_only(bound.text, [1, 2]) == bound.text


def test_page_and_document_come_from_the_passage() -> None:
    (pump, lunch) = cite(
        "On page 77 of x.pdf: it weighs 84 kg [1]. Lunch at noon [2].", HITS
    ).citations
    assert (pump.document_name, pump.page, pump.paged) == ("manual.pdf", 3, True)
    assert (lunch.document_name, lunch.page, lunch.paged) == ("canteen.md", 1, False)
    assert (pump.passage_id, pump.document_id) == (PUMP.passage.id, PUMP.document.id)
    assert pump.text == PUMP.passage.text


def test_the_quote_is_the_passages_own_sentence() -> None:
    (one,) = cite("It is of bronze [1].", HITS).citations
    assert one.quote == "It is made of bronze."


def test_a_citation_says_whether_it_is_borne_out() -> None:
    (right, wrong) = cite(
        "The P-40 pump weighs 84 kg [1]. Tigers eat antelopes [1].", HITS
    ).citations
    assert (right.support, wrong.support) == (Support.SUPPORTED, Support.UNSUPPORTED)


def test_a_line_that_introduces_is_no_claim() -> None:
    claims = find_claims("manual.pdf:\n\nIt runs [1].\n\nIt stops [1].")
    assert [claim.text for claim in claims] == ["It runs [1].", "It stops [1]."]


def test_numbers_are_ranks_and_not_places_in_the_list() -> None:
    bound = cite("It runs [1]. It stops [2].", HITS[1:])
    assert bound.text == "It runs. It stops [2]."
    assert [citation.document_name for citation in bound.citations] == ["canteen.md"]


def proven(text: str) -> Cited:
    bound = cite(text, HITS, FakeEmbedder(), no_claim={"It is not said."})
    for each in [*(c.claim for c in bound.citations), *(c.claim for c in bound.claims)]:
        assert bound.text[each.start : each.end] == each.text
    return bound


def verdicts(bound: Cited) -> list[tuple[str, Support]]:
    return [(each.claim.text, each.support) for each in bound.claims]


def test_a_wrong_number_gives_way_to_the_passage_that_bears_it_out() -> None:
    bound = proven("The P-40 pump weighs 84 kg [2].")
    (one,) = bound.citations
    assert (bound.text, one.number, one.document_name) == (
        "The P-40 pump weighs 84 kg [1].",
        1,
        "manual.pdf",
    )
    assert (one.support, one.how) == (Support.SUPPORTED, How.QUOTED)


def test_a_number_beside_the_right_one_goes_where_its_passage_says_nothing_of_it() -> None:
    bound = proven("The P-40 pump weighs 84 kg [2][1]. Lunch is served at noon [2].")
    assert bound.text == "The P-40 pump weighs 84 kg [1]. Lunch is served at noon [2]."
    assert [citation.number for citation in bound.citations] == [1, 2]


def test_a_sentence_without_a_mark_gets_that_of_what_bears_it_out() -> None:
    bound = proven("- Lunch is served at noon.\n- Tigers eat antelopes.")
    assert bound.text == "- Lunch is served at noon [2].\n- Tigers eat antelopes."
    assert [citation.number for citation in bound.citations] == [2]


def test_what_no_passage_bears_out_loses_its_mark_and_is_told() -> None:
    bound = proven("Tigers eat antelopes [2]. Lunch is served at noon [2].")
    assert bound.text == "Tigers eat antelopes. Lunch is served at noon [2]."
    assert verdicts(bound) == [
        ("Tigers eat antelopes.", Support.UNSUPPORTED),
        ("Lunch is served at noon [2].", Support.SUPPORTED),
    ]


def test_a_changed_number_is_not_borne_out_by_the_passage_with_the_other() -> None:
    (only,) = proven("The P-40 pump weighs 48 kg [1].").claims
    assert only.support is not Support.SUPPORTED


@pytest.mark.parametrize(
    "text",
    ["It is not said.", "Shall I go on?", "4.", "## Tigers and antelopes", "**Tigers**", "---"],
)
def test_what_claims_nothing_has_no_verdict(text: str) -> None:
    assert proven(text).claims == ()


def test_code_stays_as_it_came_and_claims_nothing() -> None:
    text = "Lunch is served at noon [2].\n\n```python\ntigers = a[7] + b[1]\n```\nThe rest."
    bound = proven(text)
    assert bound.text == text
    assert "tigers" not in " ".join(claim for claim, _ in verdicts(bound))


def test_the_rows_of_a_table_are_claims_and_its_head_is_none() -> None:
    bound = proven("| what | weight |\n|---|---:|\n| The P-40 pump | 84 kg |\n| Tigers | deer |\n")
    assert bound.text == (
        "| what | weight |\n|---|---:|\n| The P-40 pump | 84 kg [1] |\n| Tigers | deer |\n"
    )
    assert [each.support for each in bound.claims] == [Support.SUPPORTED, Support.UNSUPPORTED]


def test_a_heading_ends_the_sentence_before_it() -> None:
    bound = proven("Lunch is served at noon [2].\n# Pumps\nThe P-40 pump weighs 84 kg.")
    assert bound.text == "Lunch is served at noon [2].\n# Pumps\nThe P-40 pump weighs 84 kg [1]."


@pytest.mark.parametrize("text", ["**The P-40 pump weighs 84 kg [1].**", "**Tigers eat deer.**"])
def test_a_sentence_in_bold_is_a_claim_like_any_other(text: str) -> None:
    assert len(proven(text).claims) == 1


def test_code_within_a_sentence_is_neither_changed_nor_cited() -> None:
    text = "Lunch is served at noon as `a[1]` or `b[9]` says."
    assert cite(text, HITS).text == text
    assert cite(text, HITS).citations == ()


def test_backticks_within_a_line_do_not_swallow_the_rest() -> None:
    text = "```make``` is the command.\n\nThe P-40 pump weighs 84 kg [1]. Tigers eat deer."
    assert [citation.number for citation in proven(text).citations] == [1]
    assert len(proven(text).claims) == 3


def test_a_long_run_of_spaces_is_read_in_one_go() -> None:
    spaces = " " * 200_000
    assert cite(f"Lunch{spaces}[2].", HITS).text == "Lunch [2]."
    assert without_marks(f"Lunch{spaces}x") == f"Lunch{spaces}x"


def test_while_an_answer_is_written_its_marks_stay() -> None:
    text = "Lunch is served at noon. The P-40 pump weighs 84 kg [2]."
    bound = cite(text, HITS)
    (one,) = bound.citations
    assert (bound.text, one.number, one.support) == (text, 2, Support.UNSUPPORTED)
    assert verdicts(bound) == [("The P-40 pump weighs 84 kg [2].", Support.UNSUPPORTED)]
