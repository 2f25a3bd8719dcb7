"""Answers that a language model writes wait for each other, first come, first served.

A model server would let them wait as well, but would not say so, nor who comes next.
"""

import threading
from collections.abc import Callable, Iterator, Sequence

from kb.answering.streams import hang_up
from kb.domain.conversations import Piece
from kb.ports import ChatModel


class ModelQueue:
    """Lets so many generations run at a time."""

    def __init__(self, at_a_time: int) -> None:
        self._at_a_time = at_a_time
        self._line: list[Turn] = []
        self._moved = threading.Condition()

    def enter(self, turn: "Turn") -> None:
        """Wait until it is the turn's time, or it is closed."""
        with self._moved:
            self._line.append(turn)
            self._moved.wait_for(lambda: turn.closed or not self._ahead(turn))

    def leave(self, turn: "Turn") -> None:
        """Let the next one in."""
        with self._moved:
            if turn in self._line:
                self._line.remove(turn)
            self._moved.notify_all()

    def ahead(self, turn: "Turn") -> int:
        """How many must end before its time; 0 for one that does not wait."""
        with self._moved:
            return self._ahead(turn) if turn in self._line else 0

    def _ahead(self, turn: "Turn") -> int:
        return max(0, self._line.index(turn) - self._at_a_time + 1)


class Turn(Iterator[Piece]):
    """One generation, which begins when it is its time."""

    def __init__(self, queue: ModelQueue, begin: Callable[[], Iterator[Piece]]) -> None:
        self._queue = queue
        self._begin = begin
        self._pieces: Iterator[Piece] | None = None
        self.closed = False

    @property
    def ahead(self) -> int:
        """How many generations must end before this one begins."""
        return self._queue.ahead(self)

    def __next__(self) -> Piece:
        try:
            if self._pieces is None:
                self._queue.enter(self)
                self._pieces = iter(()) if self.closed else self._begin()
            if self.closed:
                self.close()
            return next(self._pieces)
        except BaseException:
            self._queue.leave(self)
            raise

    def close(self) -> None:
        """End the waiting or the generation, from whatever thread."""
        self.closed = True
        hang_up(self._pieces)
        self._queue.leave(self)


class QueuedModel:
    """A language model that speaks when it is its turn."""

    def __init__(self, model: ChatModel, queue: ModelQueue) -> None:
        self._model = model
        self._queue = queue
        self._turn: Turn | None = None

    @property
    def name(self) -> str:
        """As its server calls it."""
        return self._model.name

    @property
    def context_tokens(self) -> int:
        """The window it is used with."""
        return self._model.context_tokens

    @property
    def thinking_tokens(self) -> int:
        """How much of the window it may use to think."""
        return self._model.thinking_tokens

    @property
    def finish_reason(self) -> str:
        """Why its last answer ended."""
        return self._model.finish_reason

    @property
    def prompt_tokens(self) -> int | None:
        """What the server counted of the last prompt."""
        return self._model.prompt_tokens

    @property
    def ahead(self) -> int:
        """How many generations must end before it speaks."""
        return self._turn.ahead if self._turn else 0

    def stream(self, messages: Sequence[tuple[str, str]]) -> Iterator[Piece]:
        """What the model says; closing it ends the waiting, too."""
        self._turn = Turn(self._queue, lambda: self._model.stream(messages))
        return self._turn
