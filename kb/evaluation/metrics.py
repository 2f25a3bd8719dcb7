"""Figures of ranked retrieval.

Sources: Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002),
with linear gains as trec_eval has it; Fawcett, "An introduction to ROC analysis" (2006).
"""

from collections.abc import Mapping, Sequence
from math import ceil, log2

import numpy as np
from numpy.typing import NDArray

Numbers = Sequence[float] | NDArray[np.float64]


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


def area_under_curve(positive: Numbers, negative: Numbers) -> float:
    """Chance that a positive example scores above a negative one; ties count half."""
    ordered = np.sort(np.asarray(negative, dtype=np.float64))
    below, up_to = (np.searchsorted(ordered, positive, side) for side in ("left", "right"))
    return float((below + up_to).mean() / (2 * ordered.size))


def refusal_curve(
    answerable: Sequence[float], unanswerable: Sequence[float]
) -> list[tuple[float, float, float]]:
    """For each score as the least that is answered: it, and the shares refused of both kinds.

    From refusing nothing to refusing everything, whose score is infinite.
    """
    scores = np.unique(np.concatenate([answerable, unanswerable]))
    least = np.append(scores, np.inf)
    wrongly, rightly = (
        np.searchsorted(np.sort(side), least, "left") / len(side)
        for side in (answerable, unanswerable)
    )
    return list(zip(least.tolist(), wrongly.tolist(), rightly.tolist(), strict=True))


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share (0..1) of the values lies, by nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / log2(rank + 1) for rank, gain in enumerate(gains, 1))
