"""The best passages, ordered by a model that reads them together with the question."""

import pytest

from kb.domain.access import Scope
from kb.domain.documents import DocumentId
from kb.domain.errors import ModelMissingError
from kb.domain.retrieval import Query, Ranking, Turn
from kb.retrieval.late_interaction import RERANKED
from kb.retrieval.retriever import HybridRetriever
from tests.fake_reranker import FakeReranker, MissingReranker
from tests.unit.makers import (
    BASE,
    QUESTION,
    WHOLE_BASE,
    FakeIndex,
    FakeRecords,
    made_document,
    made_passage,
    made_retriever,
)

MANY = 40
DOCUMENT = "numbers"


def text(number: int) -> str:
    return f"Number {number:02}."


def of_many(reranker: FakeReranker) -> HybridRetriever:
    """Over passages of one page each: the higher the number, the less near."""
    cosines = {f"p{number:02}": 0.9 - number / 100 for number in range(MANY)}
    cut = [
        made_passage(text(number), id=id, document=DOCUMENT, page=number + 1)
        for number, id in enumerate(cosines)
    ]
    held = FakeRecords(held=[made_document(DOCUMENT)], cut=cut, cosines=cosines)
    hybrid = made_retriever(held, dense=FakeIndex(cosines), words=FakeIndex({}))
    return hybrid.model_copy(update={"reranker": reranker})


def order(ranking: Ranking) -> list[str]:
    return [hit.passage.id for hit in ranking.hits]


def test_the_first_hits_are_in_the_order_of_the_reranker() -> None:
    ranking = of_many(FakeReranker(wanted=[text(20), text(3)])).rank(
        Query(text=QUESTION, scope=WHOLE_BASE), 3
    )
    assert order(ranking) == ["p20", "p03", "p00"]
    assert [hit.rank for hit in ranking.hits] == [1, 2, 3]
    assert [hit.scores.rerank for hit in ranking.hits] == pytest.approx([1 / 2, 1 / 3, 0])
    assert ranking.hits[0].scores.fused == 1.0
    assert "cross-encoder" in ranking.elapsed_ms


def test_it_reads_the_question_with_the_first_passages_and_no_others() -> None:
    reranker = FakeReranker(wanted=[text(MANY - 1)])
    ranking = of_many(reranker).rank(Query(text=QUESTION, scope=WHOLE_BASE), MANY)
    ((question, texts),) = reranker.asked
    assert question == QUESTION
    assert texts == [f"{DOCUMENT}\n{text(number)}" for number in range(RERANKED)]
    assert order(ranking)[RERANKED:] == [f"p{number}" for number in range(RERANKED, MANY)]
    assert ranking.hits[-1].scores.rerank is None


def test_of_a_follow_up_it_reads_the_question_alone() -> None:
    reranker = FakeReranker()
    earlier = (Turn(role="user", content="Tell me of pumps."),)
    of_many(reranker).rank(Query(text=QUESTION, scope=WHOLE_BASE, history=earlier))
    assert [question for question, _ in reranker.asked] == [QUESTION]


def test_it_reads_title_and_headings_before_the_text_but_not_all_of_long_ones() -> None:
    reranker = FakeReranker()
    passage = made_passage(
        "It weighs 84 kg.", document="a.pdf", heading_path=("Pumps " * 99, "Weights")
    )
    cosines: dict[str, float] = {passage.id: 0.9}
    held = FakeRecords(
        held=[made_document("a.pdf", title="Manual " * 999)], cut=[passage], cosines=cosines
    )
    hybrid = made_retriever(held, dense=FakeIndex(cosines), words=FakeIndex({}))
    hybrid.model_copy(update={"reranker": reranker}).rank(Query(text=QUESTION, scope=WHOLE_BASE))
    ((_, (read,)),) = reranker.asked
    title, headings, body = read.split("\n")
    assert title.startswith("Manual Manual")
    assert headings.endswith("Pumps  > Weights")
    assert max(len(title), len(headings)) <= 200
    assert body == "It weighs 84 kg."


def test_it_reads_nothing_outside_the_scope() -> None:
    cosines = {"pump": 0.9, "fan": 0.8}
    cut = [
        made_passage("The pump weighs 84 kg.", id="pump", document="pumps"),
        made_passage("The fan weighs 12 kg.", id="fan", document="fans"),
    ]
    held = FakeRecords(
        held=[made_document("pumps"), made_document("fans")], cut=cut, cosines=cosines
    )
    reranker = FakeReranker(wanted=["pump"])
    words = FakeIndex({"pump": 9.0, "fan": 1.0})
    hybrid = made_retriever(held, dense=FakeIndex(cosines), words=words)
    scope = Scope(knowledge_base_id=BASE, document_ids=frozenset({DocumentId("fans")}))
    ranking = hybrid.model_copy(update={"reranker": reranker}).rank(
        Query(text=QUESTION, scope=scope)
    )
    assert order(ranking) == ["fan"]
    assert reranker.asked == [(QUESTION, ["fans\nThe fan weighs 12 kg."])]


def test_each_page_is_shown_once_by_its_best_passage_before_any_again() -> None:
    cosines = {"first": 0.9, "second": 0.8, "other": 0.7}
    cut = [
        made_passage(f"{id} passage", id=id, document="a", page=page)
        for id, page in (("first", 1), ("second", 1), ("other", 2))
    ]
    held = FakeRecords(held=[made_document("a")], cut=cut, cosines=cosines)
    hybrid = made_retriever(held, dense=FakeIndex(cosines), words=FakeIndex({}))
    hybrid = hybrid.model_copy(update={"reranker": FakeReranker(wanted=["second", "first"])})
    query = Query(text=QUESTION, scope=WHOLE_BASE)
    assert order(hybrid.rank(query)) == ["second", "other", "first"]
    twice = hybrid.model_copy(update={"page_once": False})
    assert order(twice.rank(query)) == ["second", "first", "other"]


def test_what_scores_alike_stays_in_its_order() -> None:
    assert order(of_many(FakeReranker()).rank(Query(text=QUESTION, scope=WHOLE_BASE), 3)) == [
        *("p00", "p01", "p02")
    ]


def test_a_reranker_that_does_not_load_is_told_and_not_passed_over() -> None:
    hybrid = of_many(FakeReranker()).model_copy(update={"reranker": MissingReranker()})
    with pytest.raises(ModelMissingError, match="reranker nowhere could not be loaded"):
        hybrid.rank(Query(text=QUESTION, scope=WHOLE_BASE))
