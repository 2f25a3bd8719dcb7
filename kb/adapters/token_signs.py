"""What is kept of a passage's tokens, and what a question's tokens tell."""

import numpy as np
from tokenizers import Encoding

from kb.domain.embeddings import Vectors

LETTERS_IN_HAN = 3
"""How many letters of English a Chinese character says as much as."""

ALL_KNOWN = 5.0
"""Letters per token of plain English, taken for a text without letters."""


def packed_signs(tokens: Vectors) -> bytes:
    """Which numbers of (tokens, d) are above 0, d / 8 bytes a token."""
    return np.packbits(tokens > 0, axis=1).tobytes()


def letters_per_token(text: str, encoded: Encoding, unknown: int | None) -> float:
    """Letters, as of English, in the tokens that are not `unknown`, by the tokens with any."""
    held = [sum(map(_letters, text[begin:end])) for begin, end in encoded.offsets]
    tokens = sum(map(bool, held))
    known = sum(n for n, id in zip(held, encoded.ids, strict=True) if id != unknown)
    return known / tokens if tokens else ALL_KNOWN


def _letters(character: str) -> int:
    if not character.isalpha():
        return 0
    return LETTERS_IN_HAN if "\u4e00" <= character <= "\u9fff" else 1
