"""What the model server has, asked without keeping a page waiting for it."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass

from kb.domain.models import ServerStatus
from kb.ports import ModelServer
from kb.services.models import ModelsService

FRESH_SECONDS = 5.0
PATIENCE_SECONDS = 0.4
"""A server on this machine answers in that time; an absent one is refused at once."""


@dataclass(slots=True)
class _Asked:
    """The server asked, its last answer and when that came, and the question under way."""

    server: ModelServer | None = None
    status: ServerStatus | None = None
    at: float = 0.0
    waiting: Future[ServerStatus] | None = None


_asking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model-status")
_lock = threading.Lock()
_last = [_Asked()]


def latest(models: ModelsService) -> ServerStatus | None:
    """The status, a few seconds old at most where the server answers; None if not known yet."""
    with _lock:
        if _last[0].server is not models.server:
            _last[0] = _Asked(server=models.server)
        asked = _last[0]
        if asked.status is not None and time.monotonic() - asked.at < FRESH_SECONDS:
            return asked.status
        if asked.waiting is None:
            asked.waiting = _asking.submit(_ask, models, asked)
        waiting = asked.waiting
    try:
        return waiting.result(timeout=PATIENCE_SECONDS)
    except TooLate:
        return asked.status


def ask_anew() -> None:
    """Take no older answer the next time."""
    with _lock:
        _last[0] = _Asked()


def _ask(models: ModelsService, asked: _Asked) -> ServerStatus:
    status = models.status()
    with _lock:
        asked.status, asked.at, asked.waiting = status, time.monotonic(), None
    return status
