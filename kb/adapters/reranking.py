"""Scores passages by a sentence-transformers CrossEncoder in a process of its own."""

from collections.abc import Sequence

import numpy as np

from kb.adapters.model_process import ModelProcess
from kb.domain.embeddings import Vectors

CHILD_MODULE = "kb.adapters.reranking_child"


class RerankingProcess(ModelProcess):
    """A Reranker whose model runs in a child process."""

    def __init__(self, model: str, *, threads: int) -> None:
        super().__init__(CHILD_MODULE, model, "reranker", threads=threads, niceness=0)

    @property
    def name(self) -> str:
        """The model's folder or hub name. Raises ModelMissingError if it does not load."""
        self.load()
        return self._model

    def scores(self, question: str, texts: Sequence[str]) -> Vectors:
        """How well each text answers the question, (n,), 0..1."""
        _, body = self._ask({"op": "scores", "question": question, "texts": list(texts)})
        return np.frombuffer(body, dtype="<f4").astype(np.float32)
