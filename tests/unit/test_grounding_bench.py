"""The sentences that the bench of the check makes."""

import random

import pytest

from bench.grounding import is_wrong
from bench.grounding_sentences import FALSE, TRUE, made, sentences
from kb.answering.support import Grounds
from kb.domain.conversations import Support
from tests.fake_embedder import FakeEmbedder

PASSAGE = (
    "The old bridge, which Anna Berg (an engineer) drew, was opened in March 1921. "
    "About 90 percent of the traffic between Marlow and Selby was carried by 12 trains. "
    "The station was designed by the city council."
)
OTHER = "Lunch at the house of Maria Lopez is not served before 14 hours on most days of the week."


def test_a_kind_changes_what_it_says_it_changes() -> None:
    first, second, third = sentences(PASSAGE)
    rng = random.Random(1)
    assert TRUE["shortened"](first, rng, []) == "The old bridge was opened in March 1921."
    assert TRUE["active"](third, rng, []) == "The city council designed the station."
    assert FALSE["unit"](second, rng, []) == second.replace("90 percent", "90 million")
    assert FALSE["negation"](first, rng, []) == first.replace("was opened", "was not opened")
    assert FALSE["negation"](OTHER, rng, []) == OTHER.replace(" not", "")
    assert FALSE["swapped"](second, rng, []) == second.replace("90", "#").replace(
        "12", "90"
    ).replace("#", "12")
    assert FALSE["date"](OTHER, rng, []) is None


@pytest.mark.parametrize("kind", ["number", "date", "name"])
def test_one_fact_is_another_one(kind: str) -> None:
    others = [*sentences(OTHER)] * 30
    changed = {FALSE[kind](sentence, random.Random(1), others) for sentence in sentences(PASSAGE)}
    assert changed - {None}
    assert changed.isdisjoint(sentences(PASSAGE))


def test_what_is_made_says_whether_its_passage_bears_it_out() -> None:
    told = list(made([PASSAGE, *[OTHER] * 30], seed=1))
    assert {one.true for one in told} == {True, False}
    assert all(one.text in PASSAGE or one.text in OTHER for one in told if one.kind == "quote")
    assert all(one.text not in one.passage for one in told if not one.true)


def test_a_quote_that_is_not_supported_is_a_false_alarm() -> None:
    (quote, *_) = made([PASSAGE, *[OTHER] * 30], seed=1)
    check = Grounds([quote.passage], FakeEmbedder()).check(quote.text)
    assert (quote.kind, check.support) == ("quote", Support.SUPPORTED)
    assert not is_wrong(quote, check)
    assert is_wrong(quote, Grounds([], FakeEmbedder()).check(quote.text))
