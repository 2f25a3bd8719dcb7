"""Tells a model's thoughts from its answer where its server leaves them in the text.

Source: templates of DeepSeek-R1, Qwen3 and others put thoughts between <think> and </think>; some
open that block at the prompt's end, so that only its end is sent.
"""

from collections.abc import Iterable, Iterator
from enum import Enum, auto

from kb.domain.conversations import Piece, Thought

_OPEN, _CLOSE = "<think>", "</think>"


class _At(Enum):
    BEGIN = auto()
    THINKING = auto()
    SAYING = auto()
    """It may be thinking unseen: an end of thoughts may yet come."""
    AFTER = auto()


def separated(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The pieces, what a leading block of thoughts holds told as thoughts, without its tags.

    What was said before an end that had no beginning is taken back. Thoughts that the server tells
    apart by itself pass.
    """
    text = _Text()
    for piece in pieces:
        if isinstance(piece, Thought):
            yield piece
        else:
            yield from text.more(piece)
    yield from text.end()


class _Text:
    """What came so far, as far as it is not passed on."""

    def __init__(self) -> None:
        self.at = _At.BEGIN
        self._held = ""

    def more(self, piece: str) -> Iterator[Piece]:
        """What can be passed on now that this piece has come."""
        self._held += piece
        if self.at is _At.BEGIN:
            self._begin()
        if self.at in (_At.THINKING, _At.SAYING):
            yield from self._look_for_end()
        if self.at is _At.AFTER:
            yield from self.end()

    def end(self) -> Iterator[Piece]:
        """What is left."""
        rest, self._held = self._held, ""
        if rest:
            yield Thought(text=rest) if self.at is _At.THINKING else rest

    def _begin(self) -> None:
        start = self._held.lstrip()
        if start.startswith(_OPEN):
            self.at, self._held = _At.THINKING, start.removeprefix(_OPEN)
        elif not _OPEN.startswith(start):
            self.at = _At.SAYING

    def _look_for_end(self) -> Iterator[Piece]:
        before, closed, after = self._held.partition(_CLOSE)
        if self.at is _At.SAYING and _OPEN in before:
            # What follows is a block in the midst of an answer, and stands there.
            self.at = _At.AFTER
            return
        if closed:
            yield Thought(text=before, retracts=self.at is _At.SAYING)
            self.at, self._held = _At.AFTER, after.lstrip()
            return
        length = len(before) - max(_begun(_OPEN, before), _begun(_CLOSE, before))
        passed, self._held = before[:length], before[length:]
        if passed:
            yield Thought(text=passed) if self.at is _At.THINKING else passed


def _begun(tag: str, text: str) -> int:
    """How many characters at the text's end may be the first ones of the tag."""
    lengths = range(min(len(text), len(tag) - 1), 0, -1)
    return next((length for length in lengths if tag.startswith(text[-length:])), 0)
