"""What a question is searched by when something was asked before it."""

from kb.domain.access import Scope
from kb.domain.documents import KnowledgeBaseId
from kb.domain.retrieval import Query, Turn
from kb.retrieval.queries import ANSWER_CHARACTERS, ANSWER_WEIGHT, EARLIER_WEIGHT, resolve

SCOPE = Scope(knowledge_base_id=KnowledgeBaseId("base"))


def asked(*questions: str) -> Query:
    """The last question, with those before it and their answers as history."""
    history = [
        turn
        for question in questions[:-1]
        for turn in (
            Turn(role="user", content=question),
            Turn(role="assistant", content="An answer."),
        )
    ]
    return Query(text=questions[-1], scope=SCOPE, history=tuple(history))


def test_a_first_question_is_searched_alone() -> None:
    assert resolve(asked("How long is parental leave?")) == [("How long is parental leave?", 1.0)]


def test_a_follow_up_is_searched_with_the_question_before_it_at_less_weight() -> None:
    texts = resolve(asked("How long is parental leave?", "And for adoption?"))
    assert texts == [
        ("And for adoption?", 1.0),
        ("An answer.", ANSWER_WEIGHT),
        ("How long is parental leave?", EARLIER_WEIGHT),
    ]


def test_only_the_last_turns_of_the_person_count_and_share_one_weight() -> None:
    texts = resolve(asked("One?", "Two?", "Three?", "Four?"))
    assert [text for text, _ in texts] == ["Four?", "An answer.", "Two?", "Three?"]
    assert sum(weight for _, weight in texts[2:]) == EARLIER_WEIGHT


def test_only_the_beginning_of_a_long_answer_counts() -> None:
    long = Turn(role="assistant", content="word " * 1_000)
    texts = resolve(Query(text="And?", scope=SCOPE, history=(long,)))
    assert [len(text) for text, _ in texts] == [4, ANSWER_CHARACTERS]
