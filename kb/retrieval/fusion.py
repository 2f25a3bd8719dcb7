"""Brings the scores of both searches to one scale and adds them."""

from collections.abc import Mapping

from kb.domain.documents import PassageId

DENSE_WEIGHT = 0.6
"""Share of the dense score in the fused one; compared by `python -m bench.retrieval`."""

UNLEARNT, LEARNT = 1.8, 3.8
"""Letters per token of a language that a model cannot read, and of one that it reads well;
compared by `python -m bench.retrieval`."""


def trust(letters_per_token: float) -> float:
    """How much (0..1) a model's likeness says of a question that it breaks into such tokens."""
    return min(1.0, max(0.0, (letters_per_token - UNLEARNT) / (LEARNT - UNLEARNT)))


def fused(
    dense: Mapping[PassageId, float],
    words: Mapping[PassageId, float],
    dense_weight: float = DENSE_WEIGHT,
) -> dict[PassageId, float]:
    """Weighted sum (0..1) of both scores, each brought to 0..1.

    `dense` has the cosine of every candidate that is embedded; one that is not yet counts as
    near as its words say. `words` lacks those without any word of the question, whose BM25 is 0.

    Source: Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval" (2023),
    convex combination, with the least possible BM25 as the lower end of its scale.
    """
    best = max(words.values(), default=0.0)
    if best <= 0:
        return normalised(dense)
    near = normalised(dense)
    worded = {id: score / best for id, score in words.items()}
    return {
        id: dense_weight * near.get(id, worded.get(id, 0.0))
        + (1 - dense_weight) * worded.get(id, 0.0)
        for id in near.keys() | words.keys()
    }


def normalised(scores: Mapping[PassageId, float]) -> dict[PassageId, float]:
    """Scores moved and stretched so that the lowest is 0 and the highest 1; alike ones are 1."""
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    if high == low:
        return dict.fromkeys(scores, 1.0)
    return {id: (score - low) / (high - low) for id, score in scores.items()}
