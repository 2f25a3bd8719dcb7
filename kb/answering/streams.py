"""Streams of text that one thread reads and another may end."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from kb.domain.conversations import Piece, Thought, Token


def hang_up(pieces: Iterator[Piece] | None) -> None:
    """End a stream, from whatever thread; one that cannot be closed ends by itself."""
    close = getattr(pieces, "close", None)
    if close:
        with suppress(ValueError):  # a thread is inside, and ends at its next piece
            close()


def events_of(pieces: Iterable[Piece]) -> Iterator[Token | Thought]:
    """The pieces as they are told, every one a text that can be stored."""
    for piece in pieces:
        if isinstance(piece, Thought):
            yield Thought(text=_storable(piece.text), retracts=piece.retracts)
        else:
            yield Token(text=_storable(piece))


def said_in(pieces: Iterable[Piece]) -> str:
    """All that is said, less thoughts."""
    text = ""
    for event in events_of(pieces):
        text = said_after(text, event)
    return text


def said_after(text: str, event: Token | Thought) -> str:
    """What is said, once more has come."""
    if isinstance(event, Token):
        return text + event.text
    return "" if event.retracts else text


def _storable(text: str) -> str:
    """Half a surrogate pair, which some servers send, is no text to be stored."""
    return text.encode("utf-8", "replace").decode("utf-8")
