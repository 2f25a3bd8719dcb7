"""Which documents are picked in the Library, over all pages of the list."""

from collections.abc import Iterable

from kb.domain.documents import DocumentId
from kb.ui import session


def picked() -> frozenset[DocumentId]:
    """The ids of those that are picked."""
    ids: frozenset[DocumentId] = session.remembered(session.PICKED, frozenset())
    return ids


def key(id: DocumentId) -> str:
    """The key of a document's box."""
    return f"pick-{session.remembered(session.PICKS, 0)}-{id}"


def follow(id: DocumentId) -> None:
    """Pick it, or leave it, as its box now is."""
    # Also called for boxes that did not change, where two drawings come close together.
    ticked = session.remembered(key(id), False)
    session.remember(session.PICKED, picked() | {id} if ticked else picked() - {id})


def pick(ids: Iterable[DocumentId]) -> None:
    """Pick these and no others."""
    session.remember(session.PICKED, frozenset(ids))
    # Boxes under new keys: the browser would send what the old ones showed once more.
    session.remember(session.PICKS, session.remembered(session.PICKS, 0) + 1)
