"""Figures of ranked retrieval.

Sources: Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002),
with linear gains as trec_eval has it; Fawcett, "An introduction to ROC analysis" (2006).
"""

from collections.abc import Mapping, Sequence
from math import ceil, log2


def recall_at(ranked: Sequence[str], relevance: Mapping[str, float], k: int) -> float:
    """Share of the relevant documents among the first k."""
    relevant = {name for name, gain in relevance.items() if gain > 0}
    return len(relevant & set(ranked[:k])) / len(relevant)


def reciprocal_rank_at(ranked: Sequence[str], relevance: Mapping[str, float], k: int) -> float:
    """One over the rank of the first relevant document; 0 if it is not among the first k."""
    for rank, name in enumerate(ranked[:k], 1):
        if relevance.get(name, 0) > 0:
            return 1 / rank
    return 0.0


def ndcg_at(ranked: Sequence[str], relevance: Mapping[str, float], k: int) -> float:
    """Discounted gain of the first k, as a share of the best order's."""
    gained = _discounted([relevance.get(name, 0.0) for name in ranked[:k]])
    best = _discounted(sorted(relevance.values(), reverse=True)[:k])
    return gained / best if best else 0.0


def area_under_curve(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Chance that a positive example scores above a negative one; ties count half."""
    ordered = sorted({*positive, *negative})
    place = {score: i for i, score in enumerate(ordered)}
    below = [0.0] * (len(ordered) + 1)
    counts = [0] * len(ordered)
    for score in negative:
        counts[place[score]] += 1
    for i, count in enumerate(counts):
        below[i + 1] = below[i] + count
    won = sum(below[place[score]] + counts[place[score]] / 2 for score in positive)
    return won / (len(positive) * len(negative))


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share (0..1) of the values lies, by nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / log2(rank + 1) for rank, gain in enumerate(gains, 1))
