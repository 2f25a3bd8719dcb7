"""What an embedding model makes of texts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Vectors: TypeAlias = "NDArray[np.float32]"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedQuery:
    """A question as a model sees it.

    `vector`, (dimension,), and the rows of `tokens`, (tokens, dimension), are of unit length;
    `spans` are the tokens' half-open character spans, empty where the model does not tell them.
    `letters_per_token` are those that the model knows, as letters of English, by the tokens that
    hold any: a model breaks words of a language that it has not learnt into small pieces.
    """

    vector: Vectors
    tokens: Vectors
    spans: tuple[tuple[int, int], ...]
    letters_per_token: float
