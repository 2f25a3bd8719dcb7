"""What a question is searched by: itself, and what was asked before in the conversation."""

from kb.domain.retrieval import Query

EARLIER_TURNS = 2
EARLIER_WEIGHT = 0.5
"""Weight of all earlier turns together, the question's own being 1; compared by `kb eval`."""


def resolve(query: Query) -> list[tuple[str, float]]:
    """The texts to search by, each with its weight; the question first.

    A turn such as "and for part-time staff?" means nothing alone, so the person's last
    turns are searched as well, at less weight.
    """
    earlier = [turn.content for turn in query.history if turn.role == "user"][-EARLIER_TURNS:]
    return [(query.text, 1.0), *((text, EARLIER_WEIGHT / len(earlier)) for text in earlier)]
