"""Embeds text by a sentence-transformers model that lives in a process of its own.

The model's imports take seconds and hold the interpreter; in a child they never delay a
page, and a child at low priority can embed a whole library beside it.
"""

import json
import logging
import os
from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from kb.adapters.child_process import ChildProcess, Failure, as_error, python_path
from kb.domain.documents import EmbeddingSpace, EmbeddingSpaceId
from kb.domain.embeddings import EmbeddedQuery, Vectors
from kb.domain.errors import ModelCrashedError, ModelError, ModelMissingError

log = logging.getLogger(__name__)

CHILD_MODULE = "kb.adapters.embedding_child"
BATCH = 128
"""Texts sent at a time: enough for the child to sort by length, few enough to report progress."""


class EmbeddingProcess:
    """An Embedder whose model runs in a child process, one request at a time.

    `niceness` is added to the child's priority; `threads` bounds its computing threads.
    """

    def __init__(self, model: str, *, threads: int, niceness: int = 0) -> None:
        # The child runs in another folder, where a relative path means something else.
        folder = Path(model).expanduser()
        known = str(folder.resolve()) if model and folder.is_dir() else model
        self._process = ChildProcess(
            CHILD_MODULE, known, str(threads), str(niceness), environment=_environment
        )
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
        self._process.start()

    @property
    def pid(self) -> int | None:
        """The number of the process, None while there is none."""
        return self._process.pid

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text under the model's own tokenizer, special ones not counted."""
        if not texts:
            return []
        reply, _ = self._ask("count", texts)
        counts: list[int] = reply["counts"]
        return counts

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, (n, dimension), unit rows."""
        return self._batched("passages", texts)[0]

    def embed_with_tokens(self, texts: Sequence[str]) -> tuple[Vectors, list[bytes]]:
        """Vectors as `embed_passages`, and the signs of each text's token vectors."""
        return self._batched("tokens", texts)

    def embed_query(self, text: str) -> Vectors:
        """Vector of a question, (dimension,), of unit length."""
        row: Vectors = self._embedded("query", [text])[0][0]
        return row

    def embed_query_with_tokens(self, text: str) -> EmbeddedQuery:
        """The vector as `embed_query`, and what its tokens say."""
        reply, body = self._ask("query tokens", [text])
        rows = _rows(reply, body)
        return EmbeddedQuery(
            vector=rows[0], tokens=rows[1:], letters_per_token=reply["letters_per_token"]
        )

    def close(self) -> None:
        """End the process; the next use starts a new one."""
        self._process.close()

    def _batched(self, op: str, texts: Sequence[str]) -> tuple[Vectors, list[bytes]]:
        if not texts:
            return np.zeros((0, self.space.dimension), dtype=np.float32), []
        parts = [
            self._embedded(op, texts[first : first + BATCH])
            for first in range(0, len(texts), BATCH)
        ]
        return np.vstack([rows for rows, _ in parts]), [one for _, some in parts for one in some]

    def _embedded(self, op: str, texts: Sequence[str]) -> tuple[Vectors, list[bytes]]:
        reply, body = self._ask(op, texts)
        ends = list(accumulate([4 * prod(reply["shape"]), *reply["signs"]]))
        return _rows(reply, body), [body[begin:end] for begin, end in pairwise(ends)]

    def _ask(self, op: str, texts: Sequence[str]) -> tuple[dict[str, Any], bytes]:
        line = json.dumps({"op": op, "texts": list(texts)}).encode() + b"\n"
        try:
            head, body = self._process.ask(line, frames=2)
        except EOFError as error:
            raise ModelCrashedError(
                "The embedding model's process ended while it worked.",
                advice="Try again; if it happens again, there may be too little memory.",
            ) from error
        reply: dict[str, Any] = json.loads(head)
        if failure := reply.get("error"):
            raise as_error(Failure(**failure), otherwise=ModelMissingError)
        return reply, body


def _rows(reply: dict[str, Any], body: bytes) -> Vectors:
    stored = np.frombuffer(body, dtype="<f4", count=prod(reply["shape"]))
    return stored.reshape(reply["shape"]).astype(np.float32)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": python_path(os.environ)}
