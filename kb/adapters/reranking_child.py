"""The reranking process: `python -m kb.adapters.reranking_child MODEL THREADS NICENESS`."""

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from kb.adapters.model_child import precision, serve
from kb.domain.errors import ModelMissingError

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

MOST_TOKENS = 512
"""Of question and text together: some models would read any length, and take the memory for it."""

BATCH = 8
"""Pairs at a time; bounds the memory."""


def main(model_name: str, threads: int, niceness: int) -> None:
    """Load the model and answer requests until there are no more."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    serve(lambda: partial(_answer, load(model_name, threads)), niceness)


def load(model_name: str, threads: int) -> "CrossEncoder":
    """The model by folder or hub name. Raises ModelMissingError."""
    from kb.adapters.sentence_model import loaded

    model = loaded(model_name, threads, _cross_encoder, "reranker", "KB_RERANKER")
    if model.num_labels != 1 or not is_trained(model):
        raise ModelMissingError(
            f"The reranker {model_name} is no CrossEncoder that gives each text one score.",
            subject=model_name,
            advice="Check KB_RERANKER.",
        )
    model.max_seq_length = min(model.max_seq_length or MOST_TOKENS, MOST_TOKENS)
    return model


def _cross_encoder(name: str) -> "CrossEncoder":
    from sentence_transformers import CrossEncoder
    from torch.nn import Sigmoid

    model: CrossEncoder = CrossEncoder(name, device="cpu", activation_fn=Sigmoid())
    return model


def is_trained(model: "CrossEncoder") -> bool:
    """Whether what makes the scores was loaded: of another kind of model it is made at random."""
    from sentence_transformers.base.modules import Transformer

    last = model[-1]
    if not isinstance(last, Transformer):
        return True
    kinds = last.model.config.architectures or []
    return any(kind.endswith("ForSequenceClassification") for kind in kinds)


def _answer(model: "CrossEncoder", request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    import torch

    pairs = [(request["question"], text) for text in request["texts"]]
    with torch.autocast("cpu", precision(), enabled=precision() != torch.float32):
        scores = model.predict(pairs, batch_size=BATCH, show_progress_bar=False)
    return {}, scores.astype("<f4").tobytes()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
