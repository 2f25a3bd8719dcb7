"""What a question is searched by: itself, and what was said before in the conversation."""

from kb.domain.retrieval import Query

EARLIER_TURNS = 2
EARLIER_WEIGHT = 0.3
ANSWER_WEIGHT = 0.2
"""Weights of the earlier turns together and of the last answer, the question's own being 1;
compared by `kb eval` on conversations."""

ANSWER_CHARACTERS = 600


def resolve(query: Query) -> list[tuple[str, float]]:
    """The texts to search by, each with its weight: the question first, the newest turn last.

    A turn such as "and for part-time staff?" means nothing alone, so the person's last
    turns and the beginning of the last answer are searched as well, at less weight.
    """
    earlier = [turn.content for turn in query.history if turn.role == "user"][-EARLIER_TURNS:]
    answers = [turn.content for turn in query.history if turn.role != "user"][-1:]
    return [
        (query.text, 1.0),
        *((text[:ANSWER_CHARACTERS], ANSWER_WEIGHT) for text in answers),
        *((text, EARLIER_WEIGHT / len(earlier)) for text in earlier),
    ]
