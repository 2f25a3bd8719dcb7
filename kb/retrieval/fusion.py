"""Brings the scores of both searches to one scale and adds them."""

from collections.abc import Mapping

from kb.domain.documents import PassageId
from kb.domain.words import ENGLISH

LEAST_DENSE, MOST_DENSE = 0.4, 0.9
"""Bounds of the share that the dense score has in the fused one."""

STANDS_OUT_FROM = 10
"""The rank behind the best by words with which the best is compared."""

UNLEARNT, LEARNT = 2.0, 4.0
"""Letters per token of a language that a model cannot read, and of one that it reads well."""

NEARLY_ALL = 0.9


def trust(letters_per_token: float, languages: Mapping[str, int]) -> float:
    """How much (0..1) a model's likeness says of a question that it breaks into such tokens.

    `languages` count the documents by language. English is a language that every model has
    learnt; there few letters per token only tell of technical terms.
    """
    english = languages.get("", 0) + languages.get(ENGLISH, 0)
    if english >= NEARLY_ALL * sum(languages.values()):
        return 1.0
    return min(1.0, max(0.0, (letters_per_token - UNLEARNT) / (LEARNT - UNLEARNT))) ** 3


def dense_share(words: Mapping[PassageId, float]) -> float:
    """The share (0..1) of the dense score: the less, the more the best by words stands out.

    Where many passages have much the same of the question's words, those tell little. No one
    weight is best for every collection; `python -m bench.retrieval` compares this with some.
    """
    ranked = sorted(words.values(), reverse=True)
    if not ranked:
        return MOST_DENSE
    later = ranked[STANDS_OUT_FROM] if len(ranked) > STANDS_OUT_FROM else 0.0
    return min(MOST_DENSE, max(LEAST_DENSE, later / ranked[0]))


def fused(
    dense: Mapping[PassageId, float],
    words: Mapping[PassageId, float],
    dense_weight: float,
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
