"""Brings the scores of both searches to one scale and adds them."""

from collections.abc import Mapping

from kb.domain.documents import PassageId

DENSE_WEIGHT = 0.5
"""Share of the dense score in the fused one; compared by `python -m bench.retrieval`."""


def normalised(scores: Mapping[PassageId, float]) -> dict[PassageId, float]:
    """Scores moved and stretched so that the lowest is 0 and the highest 1; alike ones are 1."""
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    if high == low:
        return dict.fromkeys(scores, 1.0)
    return {id: (score - low) / (high - low) for id, score in scores.items()}


def fused(
    dense: Mapping[PassageId, float],
    words: Mapping[PassageId, float],
    dense_weight: float = DENSE_WEIGHT,
) -> dict[PassageId, float]:
    """Weighted sum of both normalised scores (0..1); a passage that one lacks gets 0 from it.

    Source: Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval" (2023),
    convex combination.
    """
    if not words:
        dense_weight = 1.0
    elif not dense:
        dense_weight = 0.0
    near, worded = normalised(dense), normalised(words)
    return {
        id: dense_weight * near.get(id, 0.0) + (1 - dense_weight) * worded.get(id, 0.0)
        for id in near.keys() | worded.keys()
    }
