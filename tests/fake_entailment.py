"""An EntailmentModel without a model: each sentence has the opinion that a test gives it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kb.domain.embeddings import Vectors
from kb.domain.errors import ModelMissingError

ENTAILS, UNSURE, DENIES = (0.98, 0.01), (0.1, 0.2), (0.01, 0.97)


@dataclass
class FakeEntailment:
    """Thinks of sentences as told, of all others as `otherwise`; keeps what it was asked."""

    opinions: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    otherwise: tuple[float, float] = UNSURE
    asked: list[list[tuple[str, str]]] = field(default_factory=list)
    name: str = "fake-entailment"

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> Vectors:
        """(n, 2)."""
        self.asked.append(list(pairs))
        return np.array([self.opinions.get(said, self.otherwise) for _, said in pairs])


@dataclass
class MissingEntailment:
    """One whose model does not load."""

    error: ModelMissingError = field(
        default_factory=lambda: ModelMissingError(
            "The checking model nowhere could not be loaded.", advice="Check KB_SUPPORT_MODEL."
        )
    )

    @property
    def name(self) -> str:
        """Not known."""
        raise self.error

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> Vectors:
        """None."""
        raise self.error
