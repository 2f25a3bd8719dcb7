"""Says what texts entail by a sentence-transformers CrossEncoder in a process of its own."""

from collections.abc import Sequence

import numpy as np

from kb.adapters.model_process import ModelProcess
from kb.domain.embeddings import Vectors

CHILD_MODULE = "kb.adapters.entailment_child"


class EntailmentProcess(ModelProcess):
    """An EntailmentModel whose model runs in a child process."""

    def __init__(self, model: str, *, threads: int) -> None:
        super().__init__(CHILD_MODULE, model, "checking model", threads=threads, niceness=0)

    @property
    def name(self) -> str:
        """The model's folder or hub name. Raises ModelMissingError if it does not load."""
        self.load()
        return self._model

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> Vectors:
        """Of entailment and of contradiction for each (text, sentence), (n, 2)."""
        _, body = self._ask({"op": "probabilities", "pairs": list(pairs)})
        return np.frombuffer(body, dtype="<f4").astype(np.float32).reshape(-1, 2)
