"""Embeds text by a sentence-transformers model that lives in a process of its own.

A second one at low priority can embed a whole library beside it.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import prod
from typing import Any

import numpy as np

from kb.adapters.model_process import ModelProcess
from kb.domain.documents import EmbeddingSpace, EmbeddingSpaceId
from kb.domain.embeddings import EmbeddedQuery, Vectors

CHILD_MODULE = "kb.adapters.embedding_child"
BATCH = 128
"""Texts sent at a time: enough for the child to sort by length, few enough to report progress."""


class EmbeddingProcess(ModelProcess):
    """An Embedder whose model runs in a child process."""

    def __init__(self, model: str, *, threads: int, niceness: int = 0) -> None:
        super().__init__(CHILD_MODULE, model, "embedding model", threads=threads, niceness=niceness)
        self._space: EmbeddingSpace | None = None

    @property
    def space(self) -> EmbeddingSpace:
        """The space of the vectors. Raises ModelMissingError if the model does not load."""
        if self._space is None:
            described, _ = self._ask({"op": "space", "texts": []})
            fields = described["space"]
            self._space = EmbeddingSpace(**{**fields, "id": EmbeddingSpaceId(fields["id"])})
        return self._space

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text under the model's own tokenizer, special ones not counted."""
        if not texts:
            return []
        reply, _ = self._ask({"op": "count", "texts": list(texts)})
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
        reply, body = self._ask({"op": "query tokens", "texts": [text]})
        rows = _rows(reply, body)
        return EmbeddedQuery(
            vector=rows[0],
            tokens=rows[1:],
            spans=tuple((begin, end) for begin, end in reply["spans"]),
            letters_per_token=reply["letters_per_token"],
        )

    def _batched(self, op: str, texts: Sequence[str]) -> tuple[Vectors, list[bytes]]:
        if not texts:
            return np.zeros((0, self.space.dimension), dtype=np.float32), []
        parts = [
            self._embedded(op, texts[first : first + BATCH])
            for first in range(0, len(texts), BATCH)
        ]
        return np.vstack([rows for rows, _ in parts]), [one for _, some in parts for one in some]

    def _embedded(self, op: str, texts: Sequence[str]) -> tuple[Vectors, list[bytes]]:
        reply, body = self._ask({"op": op, "texts": list(texts)})
        ends = list(accumulate([4 * prod(reply["shape"]), *reply["signs"]]))
        return _rows(reply, body), [body[begin:end] for begin, end in pairwise(ends)]


def _rows(reply: dict[str, Any], body: bytes) -> Vectors:
    stored = np.frombuffer(body, dtype="<f4", count=prod(reply["shape"]))
    return stored.reshape(reply["shape"]).astype(np.float32)
