"""How central each sentence of a text is: how much the others say of what it says.

Source: Erkan and Radev, "LexRank: Graph-based Lexical Centrality as Salience in Text
Summarization" (2004), continuous; with a prior as in Otterbacher, Erkan and Radev, "Biased
LexRank" (2009).
"""

from collections.abc import Mapping, Sequence
from math import log

import numpy as np
from numpy.typing import NDArray

DAMPING = 0.85
ROUNDS = 30

Words = frozenset[str]


def rarities(frequency: Mapping[str, int], sentences: int) -> dict[str, float]:
    """How rare (0 and up) each word is that stands in so many of the sentences of a text."""
    return {word: log(1 + sentences / count) for word, count in frequency.items()}


def centralities(
    sentences: Sequence[Words],
    prior: Sequence[float],
    rarity: Mapping[str, float],
    damping: float = DAMPING,
) -> NDArray[np.float64]:
    """Of each sentence, (n,), all together 1.

    `prior` (0 and up) favours some beforehand, the more the lower `damping` (0..1) is.
    """
    count = len(sentences)
    if not count:
        return np.zeros(0)
    given = np.asarray(prior, dtype=np.float64) + np.finfo(float).eps
    given /= given.sum()
    unit = _rows(sentences, rarity)
    likeness = unit @ unit.T  # (n, n)
    np.fill_diagonal(likeness, 0.0)
    totals = likeness.sum(axis=1, keepdims=True)
    # A sentence like no other passes its weight on as the prior says.
    passes = np.where(totals > 0, likeness / np.where(totals > 0, totals, 1.0), given)
    rank = given.copy()
    for _ in range(ROUNDS):
        rank = (1 - damping) * given + damping * (rank @ passes)
    return rank


def overlap(one: Words, other: Words) -> float:
    """The share (0..1) of the shorter sentence's words that both have."""
    return len(one & other) / (min(len(one), len(other)) or 1)


def _rows(sentences: Sequence[Words], rarity: Mapping[str, float]) -> NDArray[np.float64]:
    """The sentences as unit rows of their words' rarities, (n, words)."""
    column = {word: at for at, word in enumerate(sorted(set().union(*sentences)))}
    rows = np.zeros((len(sentences), len(column) or 1))
    for row, said in zip(rows, sentences, strict=True):
        for word in said:
            row[column[word]] = rarity.get(word, 0.0)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float64] = rows / np.where(lengths > 0, lengths, 1.0)
    return unit
