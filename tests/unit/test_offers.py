"""Questions that a document is said to answer."""

from dataclasses import replace

from kb.answering.offers import MOST, SUMMARY, questions_about
from kb.domain.documents import Passage
from kb.domain.summaries import summary_asked_for
from tests.unit.makers import made_hit


def under(*headings: str, tokens: int = 10) -> Passage:
    return replace(made_hit("Text.").passage, heading_path=headings, token_count=tokens)


def test_the_headings_with_the_most_text_are_asked_about_in_their_order() -> None:
    passages = [under("Leave", tokens=50), under("Pay"), under("Bicycles", tokens=90)]
    assert questions_about(passages) == [
        SUMMARY,
        "What do these documents say about Leave?",
        "What do these documents say about Bicycles?",
    ]


def test_headings_that_say_little_are_left_out_and_numbers_taken_off() -> None:
    passages = [under("Contents"), under("Report", "2.1 Parental leave:"), under("x" * 100)]
    assert questions_about(passages)[1:] == ["What do these documents say about Parental leave?"]


def test_there_are_few_of_them_and_none_without_text() -> None:
    many = [under(f"Chapter about {name}") for name in ("oak", "elm", "ash", "fir", "yew", "box")]
    assert len(questions_about(many)) == 1 + MOST
    assert questions_about([]) == []
    assert questions_about([under()]) == [SUMMARY]


def test_each_is_understood_as_what_it_is() -> None:
    for question in questions_about([under("Parental leave")]):
        assert summary_asked_for(question)
