"""A Reranker without a model: a text that has a wanted word scores the more, the earlier it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from kb.domain.embeddings import Vectors
from kb.domain.errors import ModelMissingError


@dataclass
class FakeReranker:
    """Likes texts with the first of `wanted` best; keeps what it was asked."""

    wanted: Sequence[str] = ()
    asked: list[tuple[str, list[str]]] = field(default_factory=list)
    name: str = "fake-reranker"

    def scores(self, question: str, texts: Sequence[str]) -> Vectors:
        """(n,), 0..1."""
        self.asked.append((question, list(texts)))
        return np.array([self._score(text) for text in texts], dtype=np.float32)

    def _score(self, text: str) -> float:
        places = [place for place, word in enumerate(self.wanted) if word in text]
        return 1 / (2 + places[0]) if places else 0.0


class MissingReranker:
    """One whose model does not load."""

    error = ModelMissingError("The reranker nowhere could not be loaded.", advice="Check it.")

    @property
    def name(self) -> str:
        """Not known."""
        raise self.error

    def scores(self, question: str, texts: Sequence[str]) -> Vectors:
        """None."""
        raise self.error
