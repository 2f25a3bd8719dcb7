"""Which documents a question is about, by their names: the document first, then the page."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from math import log

from kb.domain.documents import Document, DocumentId, PassageId
from kb.domain.names import YEAR, Names, is_year, name_words

NAME_WEIGHT = 1.0
"""What the surest name adds to a fused score of at most 1; compared by `bench.retrieval`."""

SURE = 6.0
"""Evidence that makes a name sure: a rare word of a title, or a company and a year."""

NAMED_DOCUMENTS = 3
NEAR_SUREST = 0.8
"""Of how many of the surest documents passages are looked at that the searches did not bring,
and how near (0..1) each must come to the surest."""


def naming(names: Names, within: Collection[DocumentId] | None = None) -> dict[DocumentId, float]:
    """How surely (0..1) the words name each document; those not named are left out.

    A word that stands in few passages says more than a common one, and nothing where it stands
    in a third of them; a year stands everywhere and says more the fewer documents bear it.
    """
    evidence: dict[DocumentId, float] = defaultdict(float)
    for word, bearers in names.bearers.items():
        if is_year(word):
            others = names.documents - len(bearers)
            said = log(1 + (others + 0.5) / (len(bearers) + 0.5))
        else:
            said = _said(names, word)
        for id in bearers:
            if said > 0 and (within is None or id in within):
                evidence[id] += said
    sure = max(SURE, *evidence.values()) if evidence else SURE
    return {id: said / sure for id, said in evidence.items()}


def _said(names: Names, word: str) -> float:
    """What a word that is no year says; 0 or less where it stands in a third of the passages."""
    return log((names.passages + 0.5) / (max(1, names.holding.get(word, 0)) + 0.5)) - 1


def is_of_other_year(question: str, names: Names, found: Collection[Document]) -> bool:
    """Whether the question names documents by other words, and a year that none of them bears.

    It says so only where some of those that were found have a year in their name or title.
    """
    asked = {word for word in name_words(question) if is_year(word)}
    named = {
        id
        for word, bearers in names.bearers.items()
        if not is_year(word) and _said(names, word) > 0
        for id in bearers
    }
    bearing = {id for word in asked for id in names.bearers.get(word, ())}
    if not asked or named & bearing:
        return False
    of_named = [f"{one.name} {one.title}" for one in found if one.id in named]
    return any(YEAR.search(text) for text in of_named)


def surest(named: Mapping[DocumentId, float]) -> list[DocumentId]:
    """The few documents that are named most surely."""
    best = sorted(named, key=lambda id: (-named[id], id))[:NAMED_DOCUMENTS]
    return [id for id in best if named[id] >= NEAR_SUREST * named[best[0]]]


def with_names(
    scores: Mapping[PassageId, float],
    document_of: Mapping[PassageId, DocumentId],
    named: Mapping[DocumentId, float],
    weight: float,
) -> dict[PassageId, float]:
    """The scores (0..1) with what their documents' names add, again 0..1."""
    lifted = {id: named.get(document, 0.0) for id, document in document_of.items()}
    return {
        id: (score + weight * lifted.get(id, 0.0)) / (1 + weight) for id, score in scores.items()
    }
