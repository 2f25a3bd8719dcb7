"""Lets an answer be written while the page stays able to stop it.

A page can only be interrupted when it draws. While a model thinks for half a minute it would
draw nothing, so the events come through a thread and the page looks in several times a second.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType

from kb.domain.conversations import AnswerEvent

LOOK_EVERY_SECONDS = 0.1


class Answering:
    """An answer under way. Leaving it stops the answer, also while its model has said nothing."""

    def __init__(self, ask: Callable[[], Iterator[AnswerEvent]]) -> None:
        self._ask = ask
        self._came: queue.SimpleQueue[AnswerEvent | BaseException | None] = queue.SimpleQueue()
        self._left = threading.Event()
        self._events: Iterator[AnswerEvent] = iter(())

    def __enter__(self) -> "Answering":
        threading.Thread(target=self._pump, name="answer", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._left.set()
        _close(self._events)

    def events(self) -> Iterator[AnswerEvent | None]:
        """The events; None where nothing came for a moment. Raises QuireError."""
        while True:
            try:
                event = self._came.get(timeout=LOOK_EVERY_SECONDS)
            except queue.Empty:
                yield None
                continue
            if event is None:
                return
            if isinstance(event, BaseException):
                raise event
            yield event

    def _pump(self) -> None:
        try:
            self._events = self._ask()
            while not self._left.is_set():
                event = next(self._events, None)
                if event is None:
                    break
                self._came.put(event)
        except Exception as error:  # noqa: BLE001 - raised again where the page waits
            self._came.put(error)
        finally:
            # Saves what was said; see ConversationsService.ask.
            _close(self._events)
            self._came.put(None)


def _close(events: Iterator[AnswerEvent]) -> None:
    close = getattr(events, "close", None)
    if close:
        close()
