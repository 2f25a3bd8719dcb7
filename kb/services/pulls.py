"""The download of a language model, which goes on while pages come and go."""

import logging
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

from kb.domain.errors import InvalidInputError, QuireError
from kb.domain.models import Pull, PullProgress, PullState, model_name
from kb.ports import Clock, ModelStore, PullProgresses

log = logging.getLogger(__name__)


class Pulls:
    """Downloads one model at a time into a store, in a thread of its own."""

    def __init__(self, store: ModelStore, clock: Clock = lambda: datetime.now(UTC)) -> None:
        self.store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._last: Pull | None = None
        self._stream: PullProgresses | None = None
        self._thread: threading.Thread | None = None

    @property
    def last(self) -> Pull | None:
        """The download under way, or else the last one."""
        return self._last

    def start(self, name: str) -> None:
        """Begin to download.

        Raises InvalidInputError while another download goes on, and what the store raises.
        """
        name = model_name(name)
        with self._lock:
            if self._last and self._last.state is PullState.RUNNING:
                raise InvalidInputError(
                    f"{self._last.name} is being downloaded.", advice="Wait for it, or cancel it."
                )
            self._stream = self.store.pull(name)
            self._last = Pull(name=name)
            self._thread = threading.Thread(
                target=self._run, args=(self._stream,), name="pull", daemon=True
            )
            self._thread.start()

    def cancel(self) -> None:
        """Stop the download; nothing happens where there is none."""
        with self._lock:
            if self._last is None or self._last.state is not PullState.RUNNING:
                return
            self._last = replace(self._last, state=PullState.CANCELLED)
            if self._stream is not None:
                self._stream.close()

    def forget(self) -> None:
        """Speak no more of a download that has ended."""
        with self._lock:
            if self._last and self._last.state is not PullState.RUNNING:
                self._last = None

    def close(self) -> None:
        """Stop the download, and wait for its end."""
        self.cancel()
        if self._thread is not None:
            self._thread.join(5.0)

    def _run(self, stream: PullProgresses) -> None:
        try:
            with closing(stream):
                for progress in stream:
                    self._note(stream, progress)
        except QuireError as error:
            self._end(stream, PullState.FAILED, str(error))
        except Exception:
            log.exception("The download of a model ended unexpectedly")
            self._end(stream, PullState.FAILED, "The download failed; the log says why.")
        else:
            self._end(stream, PullState.DONE)

    def _note(self, stream: PullProgresses, progress: PullProgress) -> None:
        with self._lock:
            if not self._is_current(stream) or self._last is None:
                return
            # What was there already says nothing about how long the rest takes.
            if self._last.begun_at is None and progress.done_bytes:
                self._last = replace(
                    self._last, begun_at=self._clock(), first_bytes=progress.done_bytes
                )
            self._last = replace(self._last, progress=progress)

    def _end(self, stream: PullProgresses, state: PullState, error: str = "") -> None:
        with self._lock:
            if self._is_current(stream) and self._last is not None:
                self._last = replace(self._last, state=state, error=error)

    def _is_current(self, stream: PullProgresses) -> bool:
        """A cancelled download may end after the next one has begun."""
        running = self._last is not None and self._last.state is PullState.RUNNING
        return self._stream is stream and running
