"""A server of language models, and a model, without either."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from kb.domain.conversations import Piece
from kb.domain.errors import ModelError, QuireError
from kb.domain.models import InstalledModel, PullProgress, ServerStatus
from kb.ports import ChatModel


@dataclass(kw_only=True)
class FakeChatModel:
    """Says its pieces; `before` is called with each one's number, and `trouble` ends them."""

    name: str = "fake"
    pieces: Sequence[Piece] = ("Yes [1].",)
    trouble: ModelError | None = None
    before: Callable[[int], None] | None = None
    context_tokens: int = 4096
    finish_reason: str = "stop"
    prompt_tokens: int | None = 12
    thinking_tokens: int = 0
    asked: list[Sequence[tuple[str, str]]] = field(default_factory=list)

    def stream(self, messages: Sequence[tuple[str, str]]) -> Iterator[Piece]:
        """The pieces, then the trouble."""
        self.asked.append(messages)
        for number, piece in enumerate(self.pieces):
            if self.before:
                self.before(number)
            yield piece
        if self.trouble:
            raise self.trouble


class PausingModel(FakeChatModel):
    """Says its pieces up to number `at`, then waits until it may `go_on`, or is hung up.

    `waits` tells that it does. As a model that is being loaded where `at` is 0.
    """

    def __init__(self, *pieces: Piece, at: int = 1) -> None:
        super().__init__(pieces=pieces)
        self.at = at
        self.waits = threading.Event()
        self.go_on = threading.Event()

    def stream(self, messages: Sequence[tuple[str, str]]) -> Iterator[Piece]:
        """Ends when it is closed, from whatever thread."""
        self.asked.append(messages)
        return _Pausing(self)


class _Pausing(Iterator[Piece]):
    def __init__(self, model: PausingModel) -> None:
        self._model = model
        self._said = 0
        self._closed = False

    def __next__(self) -> Piece:
        if self._said == self._model.at:
            self._model.waits.set()
            self._model.go_on.wait(30)
        if self._closed or self._said == len(self._model.pieces):
            raise StopIteration
        self._said += 1
        return self._model.pieces[self._said - 1]

    def close(self) -> None:
        self._closed = True
        self._model.go_on.set()


@dataclass(kw_only=True)
class FakeModelServer:
    """Has one model, or is away."""

    model: FakeChatModel | None = None
    absence: ModelError | None = None
    asked: int = 0
    thinks: bool = False

    def status(self) -> ServerStatus:
        """What it has."""
        self.asked += 1
        if self.model is None:
            return ServerStatus(address="nowhere", problem="Nobody answers.")
        installed = InstalledModel(
            name=self.model.name, size_bytes=1, parameters="1B", remote=False
        )
        return ServerStatus(address="here", answers=True, models=(installed,))

    def chat_model(self, name: str, *, thinks: bool = False) -> ChatModel:
        """The one model, whatever name is asked for."""
        self.thinks = thinks
        if self.absence:
            raise self.absence
        return self.model or FakeChatModel(name=name)


class FakePull(Iterator[PullProgress]):
    """A download that a test moves on: `tell`, then `end` or `fail`."""

    def __init__(self) -> None:
        self._told: queue.Queue[PullProgress | QuireError | None] = queue.Queue()
        self.closed = threading.Event()

    def tell(self, done: int, total: int) -> None:
        """Say how far it is."""
        self._told.put(PullProgress(done_bytes=done, total_bytes=total))

    def end(self) -> None:
        """Say that the model is installed."""
        self._told.put(None)

    def fail(self, error: QuireError) -> None:
        """Break off."""
        self._told.put(error)

    def __next__(self) -> PullProgress:
        told = self._told.get(timeout=30)
        if told is None:
            raise StopIteration
        if isinstance(told, QuireError):
            raise told
        return told

    def close(self) -> None:
        """Whoever waits is woken."""
        self.closed.set()
        self._told.put(None)


@dataclass(kw_only=True)
class FakeModelStore:
    """Downloads and deletes nothing, and keeps what it was asked for."""

    pulls: list[FakePull] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    trouble: QuireError | None = None

    def pull(self, name: str) -> FakePull:
        """A download that a test moves on."""
        if self.trouble:
            raise self.trouble
        self.names.append(name)
        self.pulls.append(FakePull())
        return self.pulls[-1]

    def delete(self, name: str) -> None:
        """Keep the name."""
        if self.trouble:
            raise self.trouble
        self.deleted.append(name)
