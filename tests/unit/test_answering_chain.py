"""From a question to a checked answer, over a fake retriever and a fake model."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from kb.answering.chain import (
    CUT,
    MODEL_FOUND_NOTHING,
    NO_SENTENCE,
    NOT_ENOUGH,
    NOTHING_SEARCHED,
    PASSAGES,
    AnsweringChain,
)
from kb.answering.prompts import NOT_FOUND
from kb.domain.conversations import (
    QUOTES,
    Answer,
    AnswerEvent,
    Finished,
    Retrieved,
    Sent,
    Support,
    Token,
)
from kb.domain.embeddings import Vectors
from kb.domain.errors import (
    EmbeddingSpaceError,
    ModelCrashedError,
    ModelUnreachableError,
    QuireError,
)
from kb.domain.retrieval import Query, Ranking, Turn
from tests.fake_embedder import FakeEmbedder
from tests.fake_models import FakeChatModel
from tests.unit.makers import WHOLE_BASE, made_hit, made_judgement, made_ranking

PUMP = made_hit("The P-40 pump weighs 84 kg. It is made of bronze.", rank=1, page=3)
LUNCH = made_hit("Lunch is served at noon.", rank=2, document="canteen.md")
FOUND = made_ranking(PUMP, LUNCH)


class FakeRetriever:
    """Gives the one ranking, or trouble."""

    def __init__(self, ranking: Ranking, trouble: QuireError | None = None) -> None:
        self.ranking = ranking
        self.trouble = trouble
        self.asked: list[tuple[Query, int]] = []

    def model_copy(self, *, update: dict[str, Any]) -> "FakeRetriever":
        assert update == {"page_once": False}
        return self

    def rank(self, query: Query, k: int) -> Ranking:
        self.asked.append((query, k))
        if self.trouble:
            raise self.trouble
        return self.ranking


class ClosableModel(FakeChatModel):
    """Says without end, and keeps whether it was stopped."""

    stopped = False
    said = 0

    def stream(self, messages: Sequence[tuple[str, str]]) -> Iterator[str]:
        try:
            while True:
                self.said += 1
                yield "on "
        finally:
            self.stopped = True


class CrashingEmbedder(FakeEmbedder):
    """Ends whenever it is to embed passages."""

    def embed_with_tokens(self, texts: Sequence[str]) -> tuple[Vectors, list[bytes]]:
        raise ModelCrashedError("It ended.")


def made_chain(retriever: FakeRetriever, evidence: float = 0.9) -> AnsweringChain:
    return AnsweringChain(
        retriever=cast(Any, retriever),
        judge=lambda _: made_judgement(evidence),
        embedder=FakeEmbedder(),
        places=cast(Any, None),
    )


def events(
    model: FakeChatModel | None,
    ranking: Ranking = FOUND,
    trouble: QuireError | None = None,
    evidence: float = 0.9,
) -> Iterator[AnswerEvent]:
    chain = made_chain(FakeRetriever(ranking, trouble), evidence)
    return chain.answer(Query(text="How heavy is the pump?", scope=WHOLE_BASE), model)


def answer(model: FakeChatModel | None, ranking: Ranking = FOUND) -> Answer:
    *_, last = events(model, ranking)
    assert isinstance(last, Finished)
    return last.answer


def test_events_come_in_their_order() -> None:
    model = FakeChatModel(pieces=["It weighs ", "84 kg ", "[1]."])
    told = list(events(model))
    assert [type(event) for event in told] == [
        Retrieved,
        Sent,
        Token,
        Token,
        Token,
        Finished,
    ]
    assert told[0] == Retrieved(ranking=FOUND)
    assert "".join(event.text for event in told if isinstance(event, Token)) == (
        "It weighs 84 kg [1]."
    )


def test_each_event_comes_before_the_next_piece_is_made() -> None:
    made: list[int] = []
    told = events(FakeChatModel(pieces=["One ", "two [1]."], before=made.append))
    assert isinstance(next(told), Retrieved)
    assert made == []
    assert isinstance(next(told), Sent)
    assert next(told) == Token(text="One ")
    assert made == [0]


def test_the_answer_is_cited_and_checked() -> None:
    one = answer(FakeChatModel(pieces=["The P-40 pump weighs 84 kg [1]. Tigers eat deer [2][7]."]))
    assert one.text == "The P-40 pump weighs 84 kg [1]. Tigers eat deer."
    assert [(c.number, c.page, c.support) for c in one.citations] == [(1, 3, Support.SUPPORTED)]
    assert [each.support for each in one.claims] == [Support.SUPPORTED, Support.UNSUPPORTED]
    assert (one.refused, one.reason, one.model, one.prompt_tokens) == (False, "", "fake", 12)
    assert {"dense", "first_token", "total"} <= one.elapsed_ms.keys()


def test_an_answer_cut_at_its_length_limit_says_so() -> None:
    one = answer(FakeChatModel(pieces=["The P-40 pump weighs"], finish_reason="length"))
    assert (one.text, one.refused, one.reason) == ("The P-40 pump weighs [1]", False, CUT)


def test_the_model_reads_the_passages_the_history_and_the_question() -> None:
    model = FakeChatModel()
    history = (
        Turn(role="user", content="Is there a {pump}?"),
        Turn(role="assistant", content="Yes [2]. There is [1]."),
    )
    answer(model, made_ranking(PUMP, LUNCH, question="How heavy?", history=history))
    (system, *between, human) = model.asked[0]
    assert system[0] == "system"
    assert between == [("user", "Is there a {pump}?"), ("assistant", "Yes. There is.")]
    assert human[0] == "user"
    assert "[1] manual.pdf\n> The P-40 pump" in human[1]
    assert human[1].endswith("Question: How heavy?")


def test_the_retriever_is_asked_for_as_many_as_an_answer_may_rest_on() -> None:
    retriever = FakeRetriever(FOUND)
    chain = made_chain(retriever)
    query = Query(text="How heavy is the pump?", scope=WHOLE_BASE)
    list(chain.answer(query, None))
    assert retriever.asked == [(query, PASSAGES)]


def test_a_passage_that_was_not_shown_cannot_be_cited() -> None:
    hits = [made_hit("The pump weighs 84 kg. " * 60, rank=rank) for rank in range(1, 9)]
    model = FakeChatModel(pieces=["It weighs 84 kg [1]. So it does [8]."], context_tokens=2048)
    one = answer(model, made_ranking(*hits))
    assert "[8]" not in model.asked[0][-1][1]
    assert one.text == "It weighs 84 kg [1]. So it does."
    assert {citation.number for citation in one.citations} == {1}


@pytest.mark.parametrize(
    ("ranking", "reason"),
    [
        (made_ranking(), NOTHING_SEARCHED),
        (made_ranking(PUMP), NOT_ENOUGH),
    ],
)
def test_too_little_evidence_is_refused_without_asking_the_model(
    ranking: Ranking, reason: str
) -> None:
    model = FakeChatModel()
    told = list(events(model, ranking, evidence=0.1))
    assert [type(event) for event in told] == [Retrieved, Finished]
    assert isinstance(told[1], Finished)
    assert (told[1].answer.refused, told[1].answer.reason) == (True, reason)
    assert told[1].answer.text == ""
    assert model.asked == []


@pytest.mark.parametrize(
    "text", [NOT_FOUND, "Sorry. the documents do not say that.", f"{NOT_FOUND} [1]"]
)
def test_a_model_that_finds_nothing_refuses(text: str) -> None:
    one = answer(FakeChatModel(pieces=[text]))
    assert (one.refused, one.reason) == (True, MODEL_FOUND_NOTHING)
    assert one.citations == ()


def test_half_an_answer_is_no_refusal() -> None:
    one = answer(FakeChatModel(pieces=[f"It weighs 84 kg [1]. {NOT_FOUND}"]))
    assert not one.refused
    assert len(one.citations) == 1


def test_a_model_that_says_nothing_refuses() -> None:
    one = answer(FakeChatModel(pieces=[" ", "\n"]))
    assert (one.refused, one.reason) == (True, NO_SENTENCE)


def test_an_answer_without_marks_has_no_citations() -> None:
    one = answer(FakeChatModel(pieces=["It is heavy."]))
    assert (one.text, one.citations, one.refused) == ("It is heavy.", (), False)


def test_closing_the_answer_stops_the_model() -> None:
    model = ClosableModel()
    told = events(model)
    assert isinstance(next(told), Retrieved)
    assert isinstance(next(told), Sent)
    assert next(told) == Token(text="on ")
    cast(Any, told).close()
    assert model.stopped
    assert model.said <= 2


def test_a_models_trouble_comes_through_after_what_was_said() -> None:
    trouble = ModelUnreachableError("Nobody answers.")
    told = events(FakeChatModel(pieces=["It weighs"], trouble=trouble))
    assert isinstance(next(told), Retrieved)
    assert isinstance(next(told), Sent)
    assert next(told) == Token(text="It weighs")
    with pytest.raises(ModelUnreachableError) as raised:
        next(told)
    assert raised.value is trouble


def test_the_retrievers_trouble_comes_through() -> None:
    trouble = EmbeddingSpaceError("Another model.")
    with pytest.raises(EmbeddingSpaceError) as raised:
        next(events(None, trouble=trouble))
    assert raised.value is trouble


def test_quotes_have_the_same_events() -> None:
    told = list(events(None))
    assert isinstance(told[0], Retrieved)
    assert all(isinstance(event, Token) for event in told[1:-1])
    assert len(told) > 2
    assert isinstance(told[-1], Finished)
    one = told[-1].answer
    assert (one.model, one.prompt_tokens, one.refused) == (QUOTES, None, False)
    assert "The P-40 pump weighs 84 kg. [1]" in one.text
    assert all(citation.support is Support.SUPPORTED for citation in one.citations)


def test_one_chain_answers_many_questions_apart() -> None:
    chain = made_chain(FakeRetriever(FOUND))
    query = Query(text="How heavy is the pump?", scope=WHOLE_BASE)
    quotes, written = chain.answer(query, None), chain.answer(query, FakeChatModel())
    assert [next(quotes), next(written)] == [Retrieved(ranking=FOUND)] * 2
    ends = [list(quotes)[-1], list(written)[-1]]
    assert [end.answer.model for end in ends if isinstance(end, Finished)] == [QUOTES, "fake"]


def test_an_answer_is_cited_by_its_words_where_the_embedding_model_has_ended() -> None:
    chain = replace(made_chain(FakeRetriever(FOUND)), embedder=CrashingEmbedder())
    model = FakeChatModel(pieces=["84 kg is what the P-40 pump weighs [1]."])
    last = list(chain.answer(Query(text="weight", scope=WHOLE_BASE), model))[-1]
    assert isinstance(last, Finished)
    assert [one.support for one in last.answer.citations] == [Support.SUPPORTED]


def test_the_receipt_tells_what_was_sent_and_what_had_no_room() -> None:
    long = made_hit("word " * 4000, rank=3, document="long.txt")
    ranking = replace(FOUND, hits=(*FOUND.hits, long))
    told = list(events(FakeChatModel(pieces=["It runs [1]."]), ranking))
    one = told[-1]
    assert isinstance(one, Finished)
    receipt = one.answer.receipt
    assert receipt is not None
    assert [p.rank for p in receipt.sent] == [hit.rank for hit in FOUND.hits]
    assert [p.document_name for p in receipt.left_out] == ["long.txt"]
    assert receipt.budget is not None
    assert receipt.budget.window == 4096
    assert receipt.budget.prompt + receipt.budget.answer <= 4096
    assert receipt.evidence is not None
    assert len(receipt.prompt_sha256) == 64


def test_the_same_question_has_the_same_prompt_and_another_has_not() -> None:
    def digest(ranking: Ranking) -> str:
        receipt = answer(FakeChatModel(), ranking).receipt
        return receipt.prompt_sha256 if receipt else ""

    other = replace(FOUND, query=replace(FOUND.query, text="Does it run?"))
    assert digest(FOUND) == digest(FOUND) != digest(other)


def test_quotes_have_a_receipt_without_a_budget() -> None:
    receipt = answer(None).receipt
    assert receipt is not None
    assert (receipt.budget, receipt.left_out) == (None, ())
    assert len(receipt.sent) == len(FOUND.hits)
