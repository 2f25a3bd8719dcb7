"""Labelled questions and the figures measured on them."""

from dataclasses import dataclass

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
    answerable: bool = True
    evidence: tuple[Evidence, ...] = ()
    history: tuple[Turn, ...] = ()
    scope: frozenset[str] = frozenset()
