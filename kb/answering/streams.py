"""Streams of text that one thread reads and another may end."""

from collections.abc import Iterator
from contextlib import suppress


def hang_up(pieces: Iterator[str] | None) -> None:
    """End a stream, from whatever thread; one that cannot be closed ends by itself."""
    close = getattr(pieces, "close", None)
    if close:
        with suppress(ValueError):  # a thread is inside, and ends at its next piece
            close()
