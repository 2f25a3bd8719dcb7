"""Whether what was found is enough to answer."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import pytest

from kb.adapters.token_signs import packed_signs
from kb.domain.documents import DocumentId, PassageId
from kb.domain.retrieval import Query, Strictness
from kb.retrieval import evidence
from kb.retrieval.evidence import EvidenceJudge, Weights, error_rates, likelihood, threshold
from kb.retrieval.signals import OF_HIT, OF_QUESTION, Signals
from tests.unit.makers import WHOLE_BASE, FakeIndex, FakeRecords, made_hit, made_ranking

PUMP = made_hit("The Marlow pump weighs 84 kg.", rank=1, fused=0.9)
LUNCH = made_hit("Lunch is served at noon.", rank=2, fused=0.2, document="canteen.md")


def judge(
    strictness: Strictness = Strictness.BALANCED,
    records: FakeRecords | None = None,
    bearers: Mapping[str, frozenset[DocumentId]] | None = None,
) -> EvidenceJudge:
    held = records or FakeRecords()
    return EvidenceJudge(
        records=cast(Any, held),
        embedder=held.embedder,
        words=cast(Any, FakeIndex({}, bearers=bearers or {})),
        strictness=lambda: strictness,
    )


def made_weights(**of_hits: float) -> Weights:
    """The second regression is always near 1."""
    rows = np.zeros((2, len(OF_HIT)), np.float32)
    for name, weight in of_hits.items():
        rows[0, OF_HIT.index(name)] = weight
    return Weights(
        of_hits=rows,
        of_question=np.zeros((2, len(OF_QUESTION)), np.float32),
        bias=np.array([0, 40], np.float32),
    )


def made_signals(*rows: Mapping[str, float]) -> Signals:
    of_hits = np.zeros((len(rows), len(OF_HIT)), np.float32)
    for row, told in zip(of_hits, rows, strict=True):
        for name, value in told.items():
            row[OF_HIT.index(name)] = value
    return Signals(of_hits=of_hits, of_question=np.zeros(len(OF_QUESTION), np.float32))


def test_the_likeliest_hit_counts() -> None:
    signals = made_signals({"late": 1.0}, {"late": 3.0}, {"late": 2.0})
    assert likelihood(signals, made_weights(late=1.0)) == pytest.approx(1 / (1 + np.exp(-3)))


def test_both_must_be_likely() -> None:
    signals = made_signals({"late": 40.0})
    doubtful = made_weights(late=1.0)
    doubtful.bias[1] = 0
    assert likelihood(signals, doubtful) == pytest.approx(0.5)


def test_nothing_found_is_no_evidence() -> None:
    judgement = judge().judged(made_ranking())
    assert (judgement.evidence, judgement.enough) == (0.0, False)


def test_a_question_that_a_passage_answers_word_by_word_is_answered() -> None:
    found = judge().judged(made_ranking(PUMP, LUNCH, question="What does the Marlow pump weigh?"))
    assert found.enough
    other = judge().judged(made_ranking(PUMP, LUNCH, question="Who painted the Mona Lisa?"))
    assert not other.enough
    assert other.evidence < found.evidence


def test_the_stricter_the_more_it_takes() -> None:
    levels = [threshold(each) for each in Strictness]
    assert levels == sorted(levels)
    assert len(set(levels)) == len(levels)
    ranking = made_ranking(PUMP, question="What does the Marlow pump weigh?")
    judged = [judge(each).judged(ranking) for each in Strictness]
    assert len({one.evidence for one in judged}) == 1
    for one, each in zip(judged, Strictness, strict=True):
        assert one.enough is (one.evidence >= threshold(each))


def test_the_stricter_the_more_is_refused_of_both_kinds() -> None:
    rates = [error_rates(each) for each in Strictness]
    assert [one.wrongly for one in rates] == sorted({one.wrongly for one in rates})
    assert [one.rightly for one in rates] == sorted({one.rightly for one in rates})


def test_the_weights_are_those_of_the_signals_that_there_are() -> None:
    told = evidence._calibrated()
    assert (told["of_hits"], told["of_question"]) == ([*OF_HIT], [*OF_QUESTION])
    assert evidence.weights().of_hits.shape == (2, len(OF_HIT))
    assert evidence.weights().of_question.shape == (2, len(OF_QUESTION))


def test_tokens_are_those_of_the_records_or_made_where_they_are_still_to_come() -> None:
    ranking = made_ranking(PUMP, question="Marlow pump")
    late = OF_HIT.index("late")
    made = judge().signals(ranking)
    records = FakeRecords()
    tokens = records.embedder.embed_query_with_tokens("unlike").tokens
    records.signs = {PassageId(PUMP.passage.id): packed_signs(tokens)}
    kept = judge(records=records).signals(ranking)
    assert made is not None
    assert kept is not None
    assert made.of_hits[0, late] == pytest.approx(1.0)
    assert kept.of_hits[0, late] < 0.5


def test_hits_count_in_the_order_in_which_they_were_found() -> None:
    shown = made_ranking(LUNCH, PUMP, question="What does the Marlow pump weigh?")
    found = made_ranking(PUMP, LUNCH, question="What does the Marlow pump weigh?")
    assert judge().judged(shown) == judge().judged(found)


def test_a_year_that_none_of_the_named_documents_bears_is_told() -> None:
    report = made_hit("Sales rose.", rank=1, document="MARLOW_2022.pdf")
    id = report.document.id
    bearers = {"marlow": frozenset({id}), "2022": frozenset({id})}
    other_year = OF_QUESTION.index("other_year")

    def told(question: str) -> float:
        query = Query(text=question, scope=WHOLE_BASE)
        ranking = made_ranking(report, question=query.text)
        signals = judge(bearers=bearers).signals(ranking)
        assert signals is not None
        return float(signals.of_question[other_year])

    assert told("What were Marlow's sales in 2019?") == 1.0
    assert told("What were Marlow's sales in 2022?") == 0.0
    assert told("What were Marlow's sales?") == 0.0
    assert told("What were the sales in 2019?") == 0.0
