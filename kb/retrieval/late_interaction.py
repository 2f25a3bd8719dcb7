"""Reranks the best passages by how near each token of the question comes to one of theirs.

Of a passage's token vectors only the signs are kept, a bit a number: `python -m bench.retrieval`
shows what that still tells.
Sources: Khattab and Zaharia, "ColBERT: Efficient and Effective Passage Search via Contextualized
Late Interaction over BERT" (2020), maximum similarity; Charikar, "Similarity Estimation
Techniques from Rounding Algorithms" (2002), signs of vectors.
"""

from collections.abc import Hashable, Mapping
from typing import TypeVar

import numpy as np

from kb.domain.documents import PassageId
from kb.domain.embeddings import Vectors
from kb.retrieval.fusion import normalised

Text = TypeVar("Text", bound=Hashable)
"""What stands for a text."""

RERANKED = 30
"""How many of the best fused passages are looked at token by token."""

LATE_WEIGHT = 0.5
"""Share of the late interaction in the order of those; compared by `python -m bench.retrieval`."""


def nearest_tokens(question: Vectors, signs: Mapping[Text, bytes]) -> dict[Text, Vectors]:
    """For each of the question's tokens, (tokens,), the greatest cosine with a token of each text.

    `question` holds unit rows (tokens, d); signs are d / 8 bytes a token. Texts without tokens
    are left out.
    """
    tokens, dimension = question.shape
    ids = [id for id, packed in signs.items() if len(packed) >= dimension // 8]
    if not tokens or not ids:
        return {}
    rows = [np.frombuffer(signs[id], np.uint8).reshape(-1, dimension // 8) for id in ids]
    bits = np.unpackbits(np.concatenate(rows), axis=1)
    # The cosine with a vector of ones and minus ones.
    near = (question @ (2.0 * bits.astype(np.float32) - 1.0).T) / np.float32(np.sqrt(dimension))
    begins = np.cumsum([0, *(len(of_passage) for of_passage in rows[:-1])])
    greatest = np.maximum.reduceat(near, begins, axis=1)  # (tokens, passages)
    return dict(zip(ids, greatest.T, strict=True))


def late_interaction(question: Vectors, signs: Mapping[PassageId, bytes]) -> dict[PassageId, float]:
    """The mean (-1..1) over the question's tokens of how near a passage comes to each."""
    return {id: float(near.mean()) for id, near in nearest_tokens(question, signs).items()}


def reranked(
    fused: Mapping[PassageId, float],
    late: Mapping[PassageId, float],
    late_weight: float = LATE_WEIGHT,
) -> dict[PassageId, float]:
    """The fused scores, those of the passages in `late` moved within the range they span."""
    if not late:
        return dict(fused)
    low = min(fused[id] for id in late)
    span = max(fused[id] for id in late) - low
    near = normalised(late)
    moved = {
        id: (1 - late_weight) * fused[id] + late_weight * (low + span * near[id]) for id in late
    }
    return {**fused, **moved}
