"""A model in a process of its own.

Its imports take seconds and hold the interpreter; in a child they never delay a page.
`kb.adapters.model_child` is the other end.
"""

import json
import logging
import os
from pathlib import Path
from typing import Any

from kb.adapters.child_process import ChildProcess, Failure, as_error, python_path
from kb.domain.errors import ModelCrashedError, ModelError, ModelMissingError

log = logging.getLogger(__name__)


class ModelProcess:
    """Runs a child module for one model, given by folder or hub name; one request at a time.

    `what` names it in errors. `niceness` is added to the child's priority; `threads` bounds its
    computing threads.
    """

    def __init__(self, module: str, model: str, what: str, *, threads: int, niceness: int) -> None:
        # The child runs in another folder, where a relative path means something else.
        folder = Path(model).expanduser()
        self._model = str(folder.resolve()) if model and folder.is_dir() else model
        self._what = what
        self._process = ChildProcess(
            module, self._model, str(threads), str(niceness), environment=_environment
        )
        self._loaded = False
        self.settled = False

    @property
    def pid(self) -> int | None:
        """The number of the process, None while there is none."""
        return self._process.pid

    def start(self) -> None:
        """Begin to load the model without waiting for it."""
        self._process.start()

    def load(self) -> None:
        """Wait until the model was loaded once. Raises ModelMissingError, ModelCrashedError."""
        if not self._loaded:
            self._ask({"op": "load"})
            self._loaded = True

    def settle(self) -> None:
        """Wait until the model is loaded, or known not to load."""
        try:
            self.load()
        except ModelError as error:
            log.warning("%s", error)
        finally:
            self.settled = True

    def close(self) -> None:
        """End the process; the next use starts a new one."""
        self._process.close()

    def _ask(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        try:
            head, body = self._process.ask(json.dumps(request).encode() + b"\n", frames=2)
        except EOFError as error:
            raise ModelCrashedError(
                f"The {self._what}'s process ended while it worked.",
                advice="Try again; if it happens again, there may be too little memory.",
            ) from error
        reply: dict[str, Any] = json.loads(head)
        if failure := reply.get("error"):
            raise as_error(Failure(**failure), otherwise=ModelMissingError)
        return reply, body


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": python_path(os.environ)}
