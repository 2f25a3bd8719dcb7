"""Whether what was found is likely to hold an answer at all."""

from kb.domain.retrieval import Hit

ENOUGH = 0.4
"""Below this an answer is refused; `python -m kb eval` tells how often, and how often wrongly."""

LOOKED_AT = 5


def evidence(hits: tuple[Hit, ...]) -> float:
    """How near (0..1) the nearest of the first hits comes to the question, by cosine."""
    near = [hit.scores.dense for hit in hits[:LOOKED_AT] if hit.scores.dense is not None]
    return max(0.0, min(1.0, max(near, default=0.0)))


def enough(score: float) -> bool:
    """Whether to answer rather than to refuse."""
    return score >= ENOUGH
