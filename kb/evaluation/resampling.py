"""How far a figure would move with other questions, and whether a difference may be chance.

Everything random has one seed: the same results give the same figures.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kb.evaluation.metrics import area_under_curve

RESAMPLES = 1000
FLIPS = 10_000
SEED = 20260501
_CELLS = 1_000_000
"""Numbers drawn at once, which bounds the memory."""

Interval = tuple[float, float]


def interval_of_mean(values: Sequence[float]) -> Interval:
    """Ends of the 95 % bootstrap interval of the mean of at least one value.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), percentiles.
    """
    given = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(SEED)
    means = [
        given[rng.integers(given.size, size=(rows, given.size))].mean(axis=1)
        for rows in _blocks(RESAMPLES, given.size)
    ]
    return _middle(np.concatenate(means))


def interval_of_area(positive: Sequence[float], negative: Sequence[float]) -> Interval:
    """The same for `area_under_curve`; both sides are drawn anew, each at its own size."""
    above, below = np.asarray(positive), np.asarray(negative)
    rng = np.random.default_rng(SEED)
    areas = [
        area_under_curve(rng.choice(above, above.size), rng.choice(below, below.size))
        for _ in range(RESAMPLES)
    ]
    return _middle(np.array(areas))


def chance_of(differences: Sequence[float]) -> float:
    """How often a mean difference this large comes by chance (0..1, two-sided).

    Each question's difference is given either sign at random, as if it did not matter which run
    it came from. Source: Smucker, Allan and Carterette, "A comparison of statistical significance
    tests for information retrieval evaluation" (2007), randomisation test.
    """
    moved = np.array([one for one in differences if one], dtype=np.float64)
    if not moved.size:
        return 1.0
    # Sums in another order differ in their last digits.
    observed = abs(moved.sum()) - 1e-9
    rng = np.random.default_rng(SEED)
    reached = 0
    for rows in _blocks(FLIPS, moved.size):
        signs = rng.integers(2, size=(rows, moved.size)) * 2 - 1
        reached += int((np.abs(signs @ moved) >= observed).sum())
    return (reached + 1) / (FLIPS + 1)


def _blocks(rows: int, width: int) -> Iterator[int]:
    """The rows in parts of no more than _CELLS numbers, one row at least."""
    most = max(1, _CELLS // width)
    for begun in range(0, rows, most):
        yield min(most, rows - begun)


def _middle(drawn: NDArray[np.float64]) -> Interval:
    low, high = np.percentile(drawn, (2.5, 97.5))
    return float(low), float(high)
