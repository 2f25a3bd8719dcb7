"""An Embedder without a model: texts that share words are near each other."""

import hashlib
from collections.abc import Sequence

import numpy as np

from kb.adapters.token_signs import packed_signs
from kb.domain.documents import EmbeddingSpace, EmbeddingSpaceId
from kb.domain.embeddings import EmbeddedQuery, Vectors
from kb.domain.words import content_words, word_spans, words

DIMENSION = 64


class FakeEmbedder:
    """Counts a text's words in 64 buckets; another `model` name is another space."""

    def __init__(self, model: str = "fake") -> None:
        self.letters_per_token = 5.0
        self.space = EmbeddingSpace(
            id=EmbeddingSpaceId(hashlib.sha256(model.encode()).hexdigest()[:16]),
            model=model,
            revision="1",
            dimension=DIMENSION,
            max_tokens=256,
            query_prompt="",
            passage_prompt="",
        )

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """A token is a word."""
        return [len(words(text)) for text in texts]

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """(n, 64), unit rows."""
        return np.vstack([np.zeros((0, DIMENSION), np.float32), *map(_vector, texts)])

    def embed_with_tokens(self, texts: Sequence[str]) -> tuple[Vectors, list[bytes]]:
        """As `embed_passages`; a token is a word."""
        return self.embed_passages(texts), [packed_signs(_tokens(text)) for text in texts]

    def embed_query(self, text: str) -> Vectors:
        """(64,), of unit length."""
        return _vector(text)

    def embed_query_with_tokens(self, text: str) -> EmbeddedQuery:
        """(64,) as `embed_query`, and (words, 64), unit rows."""
        return EmbeddedQuery(
            vector=self.embed_query(text),
            tokens=_tokens(text),
            spans=tuple(word_spans(text)),
            letters_per_token=self.letters_per_token,
        )


def _tokens(text: str) -> Vectors:
    return np.vstack([np.zeros((0, DIMENSION), np.float32), *map(_token, words(text))])


def _token(word: str) -> Vectors:
    bits = np.unpackbits(np.frombuffer(hashlib.sha256(word.encode()).digest()[:8], np.uint8))
    unit: Vectors = (2 * bits.astype(np.float32) - 1) / np.float32(np.sqrt(DIMENSION))
    return unit


def _vector(text: str) -> Vectors:
    vector = np.zeros(DIMENSION, dtype=np.float32)
    for word in set(content_words(text)):
        place = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
        vector[place % DIMENSION] += 1 if place & 1 << 20 else -1
    if not vector.any():
        vector[0] = 1
    unit: Vectors = vector / np.linalg.norm(vector)
    return unit
