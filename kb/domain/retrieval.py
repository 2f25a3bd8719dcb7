"""A query, and the ranking that answers it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kb.domain.access import Scope
from kb.domain.documents import Document, Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Something said earlier in the conversation."""

    role: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked, what was said before, and what may be searched."""

    text: str
    scope: Scope
    history: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """A passage's scores: cosine (-1..1), BM25 (0 and up), late interaction (-1..1), a
    cross-encoder's (0..1), and all together (0..1)."""

    dense: float | None
    words: float | None
    fused: float
    late: float | None = None
    rerank: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A found passage with its document and its rank, counted from 1."""

    passage: Passage
    document: Document
    rank: int
    scores: Scores

    @property
    def page(self) -> int:
        """The page on which the passage begins."""
        return self.passage.page_first


@dataclass(frozen=True, slots=True, kw_only=True)
class WordCounts:
    """How many passages there are, and how many of them hold each of some words."""

    passages: int
    holding: Mapping[str, int]


class Strictness(StrEnum):
    """How sure it must be that there is an answer before one is given."""

    LENIENT = "lenient"
    BALANCED = "balanced"
    STRICT = "strict"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRates:
    """The shares (0..1) of answerable and of unanswerable questions that are refused."""

    wrongly: float
    rightly: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The hits of a query, best first; `elapsed_ms` has the milliseconds of each stage."""

    query: Query
    hits: tuple[Hit, ...]
    elapsed_ms: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How likely (0..1) a ranking holds an answer, and whether that is enough to give one."""

    evidence: float
    enough: bool
