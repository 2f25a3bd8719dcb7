"""What is kept of the vectors of a passage's tokens."""

import numpy as np

from kb.ports import Vectors


def packed_signs(tokens: Vectors) -> bytes:
    """Which numbers of (tokens, d) are above 0, d / 8 bytes a token."""
    return np.packbits(tokens > 0, axis=1).tobytes()
