"""What a model of entailment changes of the checks of sentences, and what it never does."""

import pytest

from kb.answering.citations import Cited, cite
from kb.answering.entailment import SecondOpinion
from kb.answering.support import Check, Grounds
from kb.domain.conversations import How, Support
from kb.ports import EntailmentModel
from tests.fake_embedder import FakeEmbedder
from tests.fake_entailment import DENIES, ENTAILS, UNSURE, FakeEntailment, MissingEntailment
from tests.unit.makers import made_hit

PASSAGE = "The P-40 pump of Marlow weighs 84 kg. Its impeller is made of bronze by hand."
PARTLY = "The impeller consists of some metal, made by people."
REORDERED = "By hand of bronze its impeller is made."
SUPPORTED, PARTIAL, UNSUPPORTED = Support.SUPPORTED, Support.PARTIAL, Support.UNSUPPORTED


def judged(sentence: str, opinion: tuple[float, float], *passages: str) -> Check:
    grounds = Grounds(passages or [PASSAGE], FakeEmbedder())
    checks = grounds.checks(sentence)
    second = SecondOpinion(FakeEntailment(otherwise=opinion))
    ((*changed,),) = second.on(grounds, [(sentence, checks)])
    return max(changed, key=lambda check: check.score)


def by_rules(sentence: str) -> Support:
    return Grounds([PASSAGE], FakeEmbedder()).check(sentence).support


def cite_with(model: EntailmentModel, text: str, *passages: str) -> Cited:
    hits = [made_hit(passage, rank=rank) for rank, passage in enumerate(passages, 1)]
    return cite(text, hits, FakeEmbedder(), opinion=SecondOpinion(model))


def test_what_is_partly_borne_out_is_lifted_where_the_passage_entails_it() -> None:
    assert by_rules(PARTLY) is PARTIAL
    check = judged(PARTLY, ENTAILS)
    assert (check.support, check.how) == (SUPPORTED, How.PARAPHRASED)
    assert check.score == pytest.approx(0.98)
    assert judged(PARTLY, UNSURE).support is PARTIAL


def test_what_the_rules_support_is_lowered_where_it_is_not_entailed() -> None:
    assert by_rules(REORDERED) is SUPPORTED
    assert judged(REORDERED, ENTAILS).support is SUPPORTED
    assert judged(REORDERED, (0.5, 0.3)).support is SUPPORTED
    assert judged(REORDERED, UNSURE).support is PARTIAL


@pytest.mark.parametrize("sentence", [REORDERED, PARTLY])
def test_a_clear_contradiction_is_not_found_in_the_documents(sentence: str) -> None:
    check = judged(sentence, DENIES)
    assert (check.support, check.how) == (UNSUPPORTED, How.NOT_FOUND)
    assert check.score < 0.1


@pytest.mark.parametrize(
    "sentence",
    [
        "The P-40 pump of Marlow weighs 85 kg.",
        "The P-40 pump of Marlow weighs 84 tonnes.",
        "The P-40 pump of Harwich weighs 84 kg.",
        "The P-40 pump of Marlow weighs 84 kg since 1921.",
    ],
)
def test_a_missing_number_unit_name_or_date_is_never_overridden(sentence: str) -> None:
    assert by_rules(sentence) is PARTIAL
    assert judged(sentence, ENTAILS).support is PARTIAL


def test_a_quote_is_never_overridden_nor_what_stands_nowhere() -> None:
    quoted = "Its impeller is made of bronze by hand."
    assert judged(quoted, DENIES).how is How.QUOTED
    assert judged("Tigers eat antelopes.", ENTAILS).support is UNSUPPORTED


def test_the_model_reads_the_best_two_passages_and_their_titles_at_once_for_all_sentences() -> None:
    model = FakeEntailment(otherwise=ENTAILS)
    grounds = Grounds(
        ["The mill is old.", PASSAGE, "An impeller is made of bronze.", "Bronze is a metal."],
        FakeEmbedder(),
        contexts=["", "Pumps", "", ""],
    )
    sentences = [REORDERED, PARTLY, "The mill is old.", "Tigers eat antelopes."]
    SecondOpinion(model).on(grounds, [(each, grounds.checks(each)) for each in sentences])
    (asked,) = model.asked
    assert [said for _, said in asked] == [REORDERED] * 2 + [PARTLY] * 2
    assert asked[0][0] == f"Pumps\n{PASSAGE}"


def test_nothing_is_asked_where_there_is_nothing_to_ask() -> None:
    model = FakeEntailment()
    second, grounds = SecondOpinion(model), Grounds([], FakeEmbedder())
    assert second.on(grounds, [("Tigers.", grounds.checks("Tigers."))])[0][0].how is How.NOT_FOUND
    assert model.asked == []


def test_a_passage_that_was_not_read_counts_no_more_than_those_that_were() -> None:
    same = "{} its impeller is made of bronze by hand, they say."
    passages = [same.format(word) for word in ("Today", "Here", "Now")]
    assert judged(REORDERED, UNSURE, *passages).support is PARTIAL


def test_a_mark_whose_passage_says_the_contrary_goes() -> None:
    model = FakeEntailment({REORDERED: DENIES})
    told = cite_with(model, "By hand of bronze its impeller is made [1].", PASSAGE)
    assert told.text == REORDERED
    assert told.citations == ()
    assert [claim.support for claim in told.claims] == [UNSUPPORTED]


def test_a_sentence_without_a_mark_gets_that_of_the_passage_that_entails_it() -> None:
    model = FakeEntailment({PARTLY: ENTAILS})
    told = cite_with(model, PARTLY, "The mill is old.", PASSAGE)
    assert told.text == "The impeller consists of some metal, made by people [2]."
    assert [(c.number, c.support) for c in told.citations] == [(2, SUPPORTED)]


def test_all_claims_of_an_answer_are_asked_about_at_once_and_no_code_headings_or_questions() -> (
    None
):
    model = FakeEntailment(otherwise=ENTAILS)
    text = (
        f"# Pumps\n\n{PARTLY}\n\n```\nThe impeller is made of metal.\n```\n\n"
        f"{REORDERED} Is the impeller made of bronze?"
    )
    told = cite_with(model, text, PASSAGE)
    (asked,) = model.asked
    assert [said for _, said in asked] == [PARTLY, REORDERED]
    assert [claim.support for claim in told.claims] == [SUPPORTED, SUPPORTED]


def test_where_the_model_does_not_load_checks_stay_and_that_is_told_once() -> None:
    second = SecondOpinion(MissingEntailment())
    told = cite(PARTLY, [made_hit(PASSAGE, rank=1)], FakeEmbedder(), opinion=second)
    assert [claim.support for claim in told.claims] == [PARTIAL]
    assert second.untold_trouble() == (
        "The checking model nowhere could not be loaded. Check KB_SUPPORT_MODEL. "
        "Until then, sentences are checked without it."
    )
    cite(PARTLY, [made_hit(PASSAGE, rank=1)], FakeEmbedder(), opinion=second)
    assert second.untold_trouble() == ""
