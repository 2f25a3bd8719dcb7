"""Labelled questions, what each came to, and the figures over all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kb.domain.retrieval import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where an answer stands: a document by name, and its pages where they are known."""

    document: str
    pages: frozenset[int] = frozenset()
    relevance: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A labelled question. `scope` names the only documents it is asked of, if any."""

    id: str
    text: str
    kind: str = ""
    answerable: bool = True
    evidence: tuple[Evidence, ...] = ()
    history: tuple[Turn, ...] = ()
    scope: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedPage:
    """A document by name, and the page on which a passage begins; None where it has no pages."""

    document: str
    page: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one question came to.

    `ranked` has the figures of its ranking, none where it has no evidence to compare with;
    `first_relevant` the rank of the first relevant document; `evidence` the score by which it
    was refused or not; `ms` the time it took, `elapsed_ms` that of each stage.
    """

    id: str
    text: str
    kind: str
    answerable: bool
    ranked: Mapping[str, float]
    first_relevant: int | None
    evidence: float
    refused: bool
    ms: float
    elapsed_ms: Mapping[str, float] = field(default_factory=dict)
    first: tuple[RankedPage, ...] = ()

    @property
    def figures(self) -> dict[str, float]:
        """Those of the ranking, and whether it was refused, by the figure that this counts in."""
        refusals = "wrong_refusal_rate" if self.answerable else "refusal_rate"
        return {**self.ranked, refusals: float(self.refused)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure over n questions, and the ends of its 95 % interval."""

    name: str
    value: float
    low: float
    high: float
    n: int
