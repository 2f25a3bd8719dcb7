"""What the retriever finds, over fakes at the ports."""

import threading
from dataclasses import replace
from typing import Any, cast

import pytest
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever

from kb.domain.access import Scope
from kb.domain.documents import DocumentId, KnowledgeBaseId
from kb.domain.embeddings import EmbeddedQuery
from kb.domain.errors import EmbeddingSpaceError, InvalidInputError
from kb.domain.retrieval import Query, Turn
from kb.retrieval.fusion import LEAST_DENSE
from kb.retrieval.retriever import CANDIDATES, HybridRetriever
from tests.fake_embedder import FakeEmbedder
from tests.unit.makers import (
    BASE,
    QUESTION,
    SPACE,
    WHOLE_BASE,
    FakeIndex,
    FakeRecords,
    made_document,
    made_passage,
    made_retriever,
)

PUMP = made_passage("The pump weighs 84 kg.", id="pump", document="pumps", page=3)
LUNCH = made_passage("Lunch costs 6 euros.", id="lunch", document="canteen")
FAN = made_passage("The fan weighs 12 kg.", id="fan", document="fans")


def records(cosines: dict[str, float] | None = None) -> FakeRecords:
    held = [made_document("pumps"), made_document("canteen"), made_document("fans")]
    return FakeRecords(held=held, cut=[PUMP, LUNCH, FAN], cosines=cosines or {})


def retriever(
    dense: dict[str, float] | None = None,
    words: dict[str, float] | None = None,
    held: FakeRecords | None = None,
) -> HybridRetriever:
    """The dense index and the records know the same cosines."""
    return made_retriever(
        held or records(dense), dense=FakeIndex(dense or {}), words=FakeIndex(words or {})
    )


def query(*documents: str) -> Query:
    ids = frozenset(map(DocumentId, documents)) if documents else None
    return Query(text=QUESTION, scope=Scope(knowledge_base_id=BASE, document_ids=ids))


def found(hybrid: HybridRetriever, asked: Query | None = None, k: int = 10) -> list[str]:
    return [hit.passage.id for hit in hybrid.rank(asked or query(), k).hits]


def test_both_searches_make_one_ranking() -> None:
    held = records({"pump": 0.9, "fan": 0.1, "lunch": 0.3})
    hybrid = retriever({"pump": 0.9, "fan": 0.1}, {"lunch": 6.0, "pump": 8.0}, held)
    ranking = hybrid.rank(query())
    assert [(hit.rank, hit.passage.id) for hit in ranking.hits] == [
        (1, "pump"),
        (2, "lunch"),
        (3, "fan"),
    ]
    first, second, third = ranking.hits
    assert first.scores.dense == pytest.approx(0.9)
    assert (first.scores.words, first.scores.fused) == (8.0, 1.0)
    assert (third.scores.words, third.scores.fused) == (None, 0.0)
    assert second.scores.fused == pytest.approx(LEAST_DENSE * 0.25 + (1 - LEAST_DENSE) * 0.75)
    assert first.document.name == "pumps"
    assert first.page == 3
    assert {hit.scores.late for hit in ranking.hits} == {None}
    assert set(ranking.elapsed_ms) == {"dense", "names", "words", "fuse", "rerank"}


def test_the_passage_whose_tokens_are_nearest_to_the_questions_comes_first() -> None:
    _, (same, other) = FakeEmbedder().embed_with_tokens([QUESTION, "Something else."])
    held = records({"pump": 0.9, "fan": 0.8, "lunch": 0.3})
    held.signs = {FAN.id: same, PUMP.id: other, LUNCH.id: other}
    hybrid = retriever({"pump": 0.9, "fan": 0.8, "lunch": 0.3}, {}, held)
    ranking = hybrid.rank(query())
    assert [hit.passage.id for hit in ranking.hits] == ["fan", "pump", "lunch"]
    first, second, third = ranking.hits
    assert first.scores.late == pytest.approx(1)
    assert second.scores.late == third.scores.late
    assert first.scores.fused > second.scores.fused > third.scores.fused
    plain = hybrid.model_copy(update={"late_weight": 0.0})
    assert found(plain) == ["pump", "fan", "lunch"]


def test_the_cosine_is_that_of_the_records_and_not_of_the_index() -> None:
    hybrid = retriever({"pump": 0.99, "fan": 0.98}, held=records({"pump": 0.2, "fan": 0.7}))
    assert found(hybrid) == ["fan", "pump"]
    assert hybrid.rank(query()).hits[0].scores.dense == pytest.approx(0.7)


def test_words_alone_rank_where_the_model_cannot_read_the_question() -> None:
    held = records({"pump": 0.9, "fan": 0.1})
    held.signs = {PUMP.id: b"\xff" * 8, FAN.id: b"\x00" * 8}
    held.embedder.letters_per_token = 1.0
    hybrid = retriever({"pump": 0.9, "fan": 0.1}, {"fan": 3.0, "pump": 1.0}, held)
    cast(Any, hybrid.words).spoken = "ru"
    ranking = hybrid.rank(query())
    assert [hit.passage.id for hit in ranking.hits] == ["fan", "pump"]
    assert {hit.scores.late for hit in ranking.hits} == {None}


def test_a_named_documents_passages_come_first_and_are_looked_for_in_it() -> None:
    held = records({"pump": 0.9, "fan": 0.2, "lunch": 0.5})
    hybrid = retriever({"pump": 0.9, "lunch": 0.5}, {}, held)
    cast(Any, hybrid.words).bearers = {"pump": frozenset({DocumentId("fans")})}
    assert found(hybrid) == ["fan", "pump", "lunch"]
    assert found(hybrid.model_copy(update={"name_weight": 0.0})) == ["pump", "lunch"]
    assert found(hybrid, query("pumps", "canteen")) == ["pump", "lunch"]


def test_what_was_asked_before_names_the_document_where_the_question_names_none() -> None:
    held = records({"pump": 0.9, "fan": 0.2})
    hybrid = retriever({"pump": 0.9}, {}, held)
    cast(Any, hybrid.words).bearers = {"fanworks": frozenset({DocumentId("fans")})}
    earlier = replace(query(), history=(Turn(role="user", content="And Fanworks?"),))
    assert found(hybrid) == ["pump"]
    assert found(hybrid, earlier) == ["fan", "pump"]


def test_further_passages_of_a_page_come_after_the_other_pages() -> None:
    again = made_passage("It is blue.", id="again", document="pumps", page=3)
    held = records({"pump": 0.9, "again": 0.8, "fan": 0.2})
    held.cut.append(again)
    hybrid = retriever({"pump": 0.9, "again": 0.8, "fan": 0.2}, {}, held)
    assert found(hybrid) == ["pump", "fan", "again"]
    assert found(hybrid, k=2) == ["pump", "fan"]
    assert found(hybrid.model_copy(update={"page_once": False})) == ["pump", "again", "fan"]


def test_passages_of_a_document_without_pages_stay_in_their_order() -> None:
    again = made_passage("It is blue.", id="again", document="pumps", page=3)
    held = records({"pump": 0.9, "again": 0.8, "fan": 0.2})
    held.held[0] = replace(held.held[0], page_count=None)
    held.cut.append(again)
    assert found(retriever({"pump": 0.9, "again": 0.8, "fan": 0.2}, {}, held)) == [
        *("pump", "again", "fan")
    ]


def test_no_more_than_k_are_given() -> None:
    assert found(retriever({"pump": 0.9, "fan": 0.5, "lunch": 0.1}), k=2) == ["pump", "fan"]


def test_alike_scores_are_always_in_the_same_order() -> None:
    one = found(retriever({"pump": 0.5, "fan": 0.5, "lunch": 0.5}))
    assert one == found(retriever({"lunch": 0.5, "fan": 0.5, "pump": 0.5}))


def test_only_what_the_records_hold_is_found() -> None:
    hybrid = retriever({"gone": 0.99, "pump": 0.5, "fan": 0.1}, {"gone too": 9.0, "pump": 1.0})
    assert found(hybrid) == ["pump", "fan"]


def test_what_is_gone_does_not_lower_the_others_scores() -> None:
    with_gone = retriever({"gone": 0.99, "pump": 0.5, "fan": 0.1}).rank(query()).hits
    assert with_gone == retriever({"pump": 0.5, "fan": 0.1}).rank(query()).hits


def test_another_knowledge_bases_passages_are_not_found() -> None:
    held = records({"pump": 0.5})
    held.held[2] = made_document("fans", base=KnowledgeBaseId("another"))
    hybrid = retriever({"fan": 0.9, "pump": 0.5}, {"fan": 9.0}, held)
    assert found(hybrid) == ["pump"]


def test_a_scope_of_documents_is_searched_exactly() -> None:
    dense, words = FakeIndex({"lunch": 0.9}), FakeIndex({"lunch": 9.0})
    held = records({"pump": 0.8, "fan": 0.2, "lunch": 0.9})
    ranking = made_retriever(held, dense=dense, words=words).rank(query("pumps", "fans"))
    assert [hit.passage.id for hit in ranking.hits] == ["pump", "fan"]
    assert not dense.asked
    assert words.asked[0][3] == {"pumps", "fans"}


def test_a_scope_of_no_documents_finds_nothing() -> None:
    scope = Scope(knowledge_base_id=BASE, document_ids=frozenset())
    hybrid = retriever({"pump": 0.9}, {"pump": 9.0})
    assert hybrid.rank(Query(text="pump", scope=scope)).hits == ()


def test_a_whole_base_is_searched_in_the_index() -> None:
    dense, words = FakeIndex({"pump": 0.9}), FakeIndex({})
    made_retriever(records(), dense=dense, words=words).rank(query())
    assert dense.asked[0][:2] == (BASE, SPACE)
    assert dense.asked[0][3] == CANDIDATES
    assert words.asked == [(BASE, "How heavy is the pump?", CANDIDATES, None)]


def test_words_are_searched_while_the_question_is_embedded() -> None:
    searched = threading.Event()

    class Words(FakeIndex):
        def search(self, *request: Any) -> Any:
            searched.set()
            return super().search(*request)

    class Waiting(FakeEmbedder):
        def embed_query_with_tokens(self, text: str) -> EmbeddedQuery:
            assert searched.wait(10)
            return super().embed_query_with_tokens(text)

    hybrid = made_retriever(records(), dense=FakeIndex({}), words=Words({"pump": 9.0}))
    assert found(hybrid.model_copy(update={"embedder": Waiting()})) == ["pump"]


def test_an_empty_knowledge_base_finds_nothing_and_searches_nowhere() -> None:
    empty = records()
    empty.base = replace(empty.base, embedding_space_id=None)
    dense, words = FakeIndex({}), FakeIndex({})
    ranking = made_retriever(empty, dense=dense, words=words).rank(query())
    assert ranking.hits == ()
    assert not dense.asked
    assert not words.asked


def test_another_embedding_model_is_refused_by_name() -> None:
    chosen_now = FakeEmbedder("another model")
    hybrid = made_retriever(
        records(), dense=FakeIndex({}), words=FakeIndex({}), embedder=chosen_now
    )
    with pytest.raises(
        EmbeddingSpaceError, match="Pumps was embedded by another model than another model"
    ):
        hybrid.rank(query())


def test_it_is_a_langchain_retriever() -> None:
    hybrid = retriever({"pump": 0.9, "fan": 0.5})
    assert isinstance(hybrid, BaseRetriever)
    documents = hybrid.invoke("How heavy is the pump?", scope=WHOLE_BASE)
    assert all(isinstance(document, LangChainDocument) for document in documents)
    first = documents[0]
    assert (first.id, first.page_content) == ("pump", "The pump weighs 84 kg.")
    assert (first.metadata["document"], first.metadata["page"]) == ("pumps", 3)
    assert first.metadata["hit"].rank == 1


def test_a_langchain_caller_must_say_what_to_search() -> None:
    with pytest.raises(InvalidInputError, match="scope"):
        retriever().invoke("How heavy is the pump?")
