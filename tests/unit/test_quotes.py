"""Answers made of the documents' own sentences."""

import re

from kb.answering.citations import cite
from kb.answering.quotes import LONGEST, PASSAGES, SENTENCES, quote
from kb.domain.conversations import Support
from kb.domain.retrieval import Hit
from tests.fake_embedder import FakeEmbedder
from tests.unit.makers import made_hit


def quoted(question: str, *hits: Hit) -> str:
    return "".join(quote(question, hits, FakeEmbedder())).strip()


def test_the_sentence_that_answers_is_quoted_with_its_mark() -> None:
    hit = made_hit("It is made of bronze. The pump weighs 84 kg today. Lunch is at noon here.")
    assert "The pump weighs 84 kg today. [1]" in quoted("How much weighs the pump?", hit)


def test_sentences_stand_under_their_documents_name_in_reading_order() -> None:
    pump = made_hit("Pump oil is changed weekly. Pump oil is never reused.", rank=2)
    fan = made_hit("Fan oil and pump oil differ much.", rank=1, document="fans.md")
    text = quoted("pump oil", pump, fan)
    assert text.split("\n\n") == [
        "manual.pdf:",
        "Pump oil is changed weekly. [2]",
        "Pump oil is never reused. [2]",
        "fans.md:",
        "Fan oil and pump oil differ much. [1]",
    ] or text.startswith("fans.md:\n\n")


def test_every_quote_is_supported_by_its_passage() -> None:
    text = "Pump oil, says Smith [12], is changed\nweekly. Use a[0] for pump oil, then b [3, 4]."
    hit = made_hit(text, rank=3)
    citations = cite(quoted("pump oil", hit), (hit,)).citations
    assert len(citations) == 2
    assert {(c.number, c.support) for c in citations} == {(3, Support.SUPPORTED)}


def test_a_documents_own_marks_are_not_taken_for_ours() -> None:
    first = made_hit("Pump oil, says Smith [2], is changed weekly [1].", rank=1)
    second = made_hit("Lunch is at noon, every day.", rank=2, document="2 [1].md")
    citations = cite(quoted("pump oil lunch noon", first, second), (first, second)).citations
    assert sorted((c.number, c.document_name) for c in citations) == [
        (1, "manual.pdf"),
        (2, "2 [1].md"),
    ]


def test_what_is_said_twice_is_quoted_once() -> None:
    same = "The pump oil is changed every week."
    text = quoted("pump oil", made_hit(same, rank=1), made_hit(same, rank=2, document="other.md"))
    assert text.count(same) == 1


def test_a_few_sentences_are_enough() -> None:
    names = ["oak", "elm", "ash", "fir", "yew", "box", "ivy", "bay", "fig", "rue"]
    hit = made_hit(" ".join(f"Pump oil suits {n} {n}wood {n}tree." for n in names))
    assert len(re.findall(r"\[1\]", quoted("pump oil", hit))) <= SENTENCES


def test_only_the_best_passages_are_quoted() -> None:
    hits = [made_hit(f"Lunch number {n} is plain soup.", rank=n) for n in range(1, PASSAGES + 1)]
    late = made_hit("The pump weighs 84 kg today.", rank=PASSAGES + 1)
    assert "84 kg" not in quoted("How much weighs the pump?", *hits, late)


def test_a_heading_is_no_quote() -> None:
    hit = made_hit("Care of the pump oil\n\nThe pump oil is changed weekly.")
    assert quoted("care of the pump oil", hit) == (
        "manual.pdf:\n\nThe pump oil is changed weekly. [1]"
    )


def test_a_question_is_no_quote() -> None:
    hit = made_hit("How is pump oil changed?\n\nThe pump oil is changed by hand.")
    assert "?" not in quoted("How is pump oil changed?", hit)


def test_a_lead_is_quoted_with_its_list() -> None:
    hit = made_hit("Pump oil is made of:\n\n• fat\n• fine sand\n\nLunch is at noon today.")
    assert quoted("What is pump oil made of?", hit).startswith(
        "manual.pdf:\n\nPump oil is made of: [1]\n\n- fat [1]\n- fine sand [1]"
    )


def test_a_lead_without_its_list_is_no_quote() -> None:
    hit = made_hit("The pump oil is changed weekly. Pump oil is made of:")
    assert "made of" not in quoted("What is pump oil made of?", hit)


def test_every_line_of_a_list_is_cited() -> None:
    hit = made_hit("Pump oil is made of:\n\n1. fat\n2. fine sand")
    citations = cite(quoted("What is pump oil made of?", hit), (hit,)).citations
    claims = [citation.claim.text for citation in citations]
    assert claims == ["Pump oil is made of: [1]", "- fat [1]", "- fine sand [1]"]
    assert all(citation.support is Support.SUPPORTED for citation in citations)


def test_a_row_of_a_table_is_quoted_alone() -> None:
    hit = made_hit("Part | Weight | Made of\nPump | 84 kg | bronze\nFan | 12 kg | tin")
    text = quoted("How much does the pump weigh?", hit)
    assert "Pump | 84 kg | bronze [1]" in text.split("\n\n")


def test_rows_of_other_things_than_the_one_asked_for_are_no_quotes() -> None:
    hit = made_hit("Pump | 84 kg | bronze\nFan | 12 kg | tin", fused=1.0)
    text = quoted("How heavy is the pump?", hit)
    assert text == "manual.pdf:\n\nPump | 84 kg | bronze [1]"


def test_rows_are_quoted_where_none_names_what_is_asked() -> None:
    hit = made_hit("Pump | 84 kg | bronze\nFan | 12 kg | tin", fused=1.0)
    assert "Pump" in quoted("Which machines do they own?", hit)


def test_a_row_of_one_document_leaves_those_of_another() -> None:
    ours = made_hit("Pump | 84 kg | bronze", rank=1, fused=1.0)
    theirs = made_hit("P-40 | 85 kg | bronze", rank=2, fused=1.0, document="other.md")
    assert "P-40" in quoted("How heavy is the pump?", ours, theirs)


def test_a_passage_of_fragments_is_still_quoted() -> None:
    assert quoted("pump", made_hit("Pump P-40")) == "manual.pdf:\n\nPump P-40 [1]"


def test_a_giant_sentence_is_not_quoted_whole() -> None:
    hit = made_hit("pump " * 1000)
    assert 0 < len(quoted("pump", hit)) < LONGEST + 50


def test_nothing_found_quotes_nothing() -> None:
    assert quoted("pump") == ""


def test_a_passage_without_text_quotes_nothing() -> None:
    assert quoted("pump", made_hit(" ")) == ""


def test_a_number_in_brackets_within_a_sentence_stays() -> None:
    hit = made_hit("Fortnow and Homer (2003) point out that pump oil is thick.")
    assert "Homer (2003) point out" in quoted("What of pump oil?", hit)
