"""What tells whether the first hits of a question hold its answer."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from kb.domain.documents import DocumentId, PassageId
from kb.domain.embeddings import Vectors
from kb.domain.retrieval import Hit, Scores, WordCounts
from kb.domain.words import word_spans
from kb.retrieval.signals import BEST_SENTENCES, LOOKED_AT, OF_HIT, OF_QUESTION, Case
from tests.unit.makers import made_hit

QUESTION = "How heavy is the Marlow pump?"
HEAVY = made_hit("The Marlow pump weighs 84 kg. Heavy pumps need a crane.", rank=1)
LUNCH = made_hit("Lunch is served at noon.", rank=2, document="canteen.md")


def case(
    *hits: Hit,
    question: str = QUESTION,
    holding: Mapping[str, int] | None = None,
    named: Mapping[DocumentId, float] | None = None,
    language: str = "en",
) -> Case:
    return Case(
        question=question,
        language=language,
        hits=hits or (HEAVY, LUNCH),
        spans=list(word_spans(question)),
        counts=WordCounts(passages=1_000, holding=holding or {"heavy": 5, "marlow": 2, "pump": 9}),
        named=named or {},
        other_year=False,
    )


def near(**by_hit: float) -> dict[PassageId, Vectors]:
    """The same nearness for each of the question's six words."""
    return {PassageId(id): np.full(6, each, np.float32) for id, each in by_hit.items()}


def of_hits(one: Case, name: str, **nearness: float) -> list[float]:
    told = near(**nearness)
    column = OF_HIT.index(name)
    return [round(float(row[column]), 4) for row in one.signals(told, told).of_hits]


def of_question(one: Case, name: str) -> float:
    return float(one.signals({}, {}).of_question[OF_QUESTION.index(name)])


def test_each_of_the_first_hits_has_its_row() -> None:
    hits = [made_hit("Bronze.", rank=rank) for rank in range(1, LOOKED_AT + 3)]
    signals = case(*hits).signals({}, {})
    assert signals.of_hits.shape == (LOOKED_AT, len(OF_HIT))
    assert signals.of_question.shape == (len(OF_QUESTION),)


def test_nearness_is_that_of_tokens_and_of_the_words_that_matter() -> None:
    assert of_hits(case(), "late", p1=0.8, p2=0.2) == [0.8, 0.2]
    assert of_hits(case(), "sentence_late", p1=0.7) == [0.7, 0.0]
    tokens = np.array([0.9, 0.8, 0.1, 0.1, 0.6, 0.7], np.float32)  # how .. pump
    row = case().signals({PassageId("p1"): tokens}, {}).of_hits[0]
    assert row[OF_HIT.index("least_token")] == pytest.approx(0.6)


def test_a_name_that_is_missing_counts_by_its_rarity() -> None:
    held, gone = of_hits(case(), "names_missing")
    assert held == 0.0
    assert gone > 0.5
    common = case(holding={"heavy": 5, "marlow": 900, "pump": 9})
    assert 0 < of_hits(common, "names_missing")[1] < gone


def test_a_misspelt_word_counts_as_the_one_that_is_meant() -> None:
    question = "How heavy is the Marlwo pump?"
    asked = {"heavy": 5, "pump": 9}
    assert of_hits(case(question=question, holding=asked), "names_missing")[0] == 0.0
    elsewhere = {**asked, "marlwo": 3}
    assert of_hits(case(question=question, holding=elsewhere), "names_missing")[0] > 0


def test_a_gap_is_of_words_that_are_not_in_the_passage() -> None:
    held, gone = of_hits(case(), "widest_gap", p1=0.2, p2=0.2)
    assert held == 0.0
    assert gone > 0.5


def test_a_number_is_looked_for_where_one_is_asked_for() -> None:
    assert of_hits(case(), "nothing_of_kind") == [0.0, 1.0]
    assert of_hits(case(question="Is the Marlow pump heavy?"), "nothing_of_kind") == [0.0, 0.0]


def test_the_best_sentences_hold_most_of_what_is_asked() -> None:
    long = made_hit("Lunch is served. The pump weighs 84 kg. It rains. The Marlow pump.", rank=1)
    sentences = [sentence for _, sentence in case(long).best_sentences()]
    assert sentences == ["The Marlow pump.", "The pump weighs 84 kg."]
    assert len(sentences) == BEST_SENTENCES


def test_the_sentence_that_most_is_found_of_is_what_is_asked() -> None:
    question = "Imagine yourself an Auditor of Wexford. How heavy is the Marlow pump?"
    one = case(question=question)
    assert of_hits(one, "names_missing")[0] == 0.0
    assert of_question(one, "sentences") == 2.0
    assert of_question(one, "names") == 1.0


def test_numbers_that_no_hit_has_are_counted() -> None:
    assert of_question(case(question="What weighs 84 kg?"), "numbers_missing") == 0.0
    assert of_question(case(question="What weighs 97 kg?"), "numbers_missing") == 1.0


def test_words_of_another_language_are_compared_by_its_stems() -> None:
    document = replace(HEAVY.document, language="de")
    german = made_hit("Die Häuser der Straßen.", rank=1)
    one = case(
        replace(german, document=document), question="Welches Haus der Straße?", language="de"
    )
    assert of_hits(one, "widest_gap", p1=0.2) == [0.0]


def test_the_document_that_is_named_is_the_first_hits() -> None:
    other = LUNCH.document.id
    assert of_question(case(named={other: 0.9}), "named") == 0.0
    assert of_question(case(named={HEAVY.document.id: 0.9}), "named") == pytest.approx(0.9)


def test_both_searches_may_agree() -> None:
    def scored(hit: Hit, dense: float, words: float) -> Hit:
        return replace(hit, scores=Scores(dense=dense, words=words, fused=dense))

    hits = [made_hit("Bronze.", rank=rank) for rank in range(1, 9)]
    alike = [scored(hit, 1 / hit.rank, 1 / hit.rank) for hit in hits]
    apart = [scored(hit, 1 / hit.rank, hit.rank) for hit in hits]
    assert of_question(case(*alike), "agreement") == 1.0
    assert of_question(case(*apart), "agreement") == 0.0
    assert of_question(case(*alike), "margin") == pytest.approx(1 - 1 / 8)


@pytest.mark.parametrize("question", ["?", "…", "what is it", "1", "水泵有多重？"])
def test_any_question_has_signals(question: str) -> None:
    signals = case(question=question).signals({}, {})
    assert np.isfinite(signals.of_hits).all()
    assert np.isfinite(signals.of_question).all()
