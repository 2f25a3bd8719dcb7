"""Embeds text by a sentence-transformers model that lives in a process of its own.

The model's imports take seconds and hold the interpreter; in a child they never delay a
page, and a child at low priority can embed a whole library beside it.
"""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

import kb
from kb.adapters.readers.frames import read_frame
from kb.domain import errors
from kb.domain.documents import EmbeddingSpace, EmbeddingSpaceId
from kb.domain.errors import ModelCrashedError, ModelError, ModelMissingError
from kb.ports import Vectors

log = logging.getLogger(__name__)

CHILD_MODULE = "kb.adapters.embedding_child"
SECONDS_TO_END = 5.0
BATCH = 128
"""Texts sent at a time: enough for the child to sort by length, few enough to report progress."""


class EmbeddingProcess:
    """An Embedder whose model runs in a child process, one request at a time.

    `niceness` is added to the child's priority; `threads` bounds its computing threads.
    """

    def __init__(self, model: str, *, threads: int, niceness: int = 0) -> None:
        # The child runs in another folder, where a relative path means something else.
        folder = Path(model).expanduser()
        self._model = str(folder.resolve()) if model and folder.is_dir() else model
        self._threads = threads
        self._niceness = niceness
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._space: EmbeddingSpace | None = None
        self.settled = False

    @property
    def space(self) -> EmbeddingSpace:
        """The space of the vectors. Raises ModelMissingError if the model does not load."""
        if self._space is None:
            described, _ = self._ask("space", [])
            fields = described["space"]
            self._space = EmbeddingSpace(**{**fields, "id": EmbeddingSpaceId(fields["id"])})
        return self._space

    def settle(self) -> None:
        """Wait until the model is loaded, or known not to load."""
        try:
            _ = self.space
        except ModelError as error:
            log.warning("%s", error)
        finally:
            self.settled = True

    def start(self) -> None:
        """Begin to load the model without waiting for it."""
        with self._lock:
            self._running()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text under the model's own tokenizer, special ones not counted."""
        if not texts:
            return []
        reply, _ = self._ask("count", texts)
        counts: list[int] = reply["counts"]
        return counts

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, (n, dimension), unit rows."""
        if not texts:
            return np.zeros((0, self.space.dimension), dtype=np.float32)
        return np.vstack(
            [
                self._vectors("passages", texts[first : first + BATCH])
                for first in range(0, len(texts), BATCH)
            ]
        )

    def embed_query(self, text: str) -> Vectors:
        """Vector of a question, (dimension,), of unit length."""
        row: Vectors = self._vectors("query", [text])[0]
        return row

    def close(self) -> None:
        """End the process; the next use starts a new one."""
        child = self._child
        if child is not None:
            # Whoever waits for its answer holds the lock.
            child.kill()
        with self._lock:
            self._end()

    def _vectors(self, op: str, texts: Sequence[str]) -> Vectors:
        reply, body = self._ask(op, texts)
        stored = np.frombuffer(body, dtype="<f4").reshape(reply["shape"])
        return stored.astype(np.float32)

    def _ask(self, op: str, texts: Sequence[str]) -> tuple[dict[str, Any], bytes]:
        line = json.dumps({"op": op, "texts": list(texts)}).encode() + b"\n"
        with self._lock:
            child = self._running()
            try:
                reply, body = _exchange(child, line)
            except (OSError, EOFError) as error:
                self._end()
                raise ModelCrashedError(
                    "The embedding model's process ended while it worked.",
                    advice="Try again; if it happens again, there may be too little memory.",
                ) from error
        if failure := reply.get("error"):
            raise getattr(errors, failure["kind"], ModelMissingError)(
                failure["what"], subject=failure["subject"], advice=failure["advice"]
            )
        return reply, body

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._end()
            self._child = self._started()
        return self._child

    def _started(self) -> subprocess.Popen[bytes]:
        root = str(Path(str(kb.__file__)).resolve().parent.parent)
        paths = [root, os.environ.get("PYTHONPATH", "")]
        numbers = (self._threads, self._niceness)
        return subprocess.Popen(
            [sys.executable, "-m", CHILD_MODULE, self._model, *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=root,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait(SECONDS_TO_END)
        for pipe in _pipes(child):
            pipe.close()


def _exchange(child: subprocess.Popen[bytes], line: bytes) -> tuple[dict[str, Any], bytes]:
    stdin, stdout = _pipes(child)
    stdin.write(line)
    stdin.flush()
    head, body = read_frame(stdout), read_frame(stdout)  # type: ignore[arg-type]
    if head is None or body is None:
        raise EOFError
    reply: dict[str, Any] = json.loads(head)
    return reply, body


def _pipes(child: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if child.stdin is None or child.stdout is None:
        raise ModelError("The embedding model's process could not be started.")
    return child.stdin, child.stdout
