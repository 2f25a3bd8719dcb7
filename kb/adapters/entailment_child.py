"""The process of the checking model: `python -m kb.adapters.entailment_child MODEL THREADS NICE`.

Its model is on this machine already: nothing is ever fetched.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from kb.adapters.model_child import Answer, precision, serve
from kb.domain.embeddings import Vectors
from kb.domain.errors import ModelMissingError

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

MOST_TOKENS = 512
"""Of text and sentence together; what is longer is cut at the text's end."""

BATCH = 8
"""Pairs at a time; bounds the memory."""

ENTAILMENT, CONTRADICTION, NOT_ENTAILED = "entailment", "contradiction", "not_entailment"
_LABEL_SETS = ({ENTAILMENT, "neutral", CONTRADICTION}, {ENTAILMENT, NOT_ENTAILED})
_SAME = {"entailed": ENTAILMENT, "contradictory": CONTRADICTION, "non_entailment": NOT_ENTAILED}


def main(model_name: str, threads: int, niceness: int) -> None:
    """Load the model and answer requests until there are no more."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    serve(lambda: _prepared(model_name, threads), niceness)


def load(model_name: str, threads: int) -> "CrossEncoder":
    """The model by folder, or by a hub name that was fetched before. Raises ModelMissingError."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from kb.adapters.sentence_model import loaded

    advice = "it must be a folder, or a hub name whose model this machine has already."
    model = loaded(
        model_name, threads, _cross_encoder, "checking model", "KB_SUPPORT_MODEL", advice
    )
    model.max_seq_length = min(model.max_seq_length or MOST_TOKENS, MOST_TOKENS)
    return model


def columns(labels: Mapping[int, str], model_name: str) -> tuple[int, int | None]:
    """Which outputs are entailment and contradiction, of two labels None for the latter.

    Raises ModelMissingError for any but an entailment set.
    """
    names = {number: _label(label) for number, label in labels.items()}
    if len(names) != len(set(names.values())) or set(names.values()) not in _LABEL_SETS:
        raise ModelMissingError(
            f"The checking model {model_name} does not tell entailment: its labels are "
            f"{', '.join(labels.values()) or 'none'}.",
            subject=model_name,
            advice="Check KB_SUPPORT_MODEL.",
        )
    number_of = {name: number for number, name in names.items()}
    return number_of[ENTAILMENT], number_of.get(CONTRADICTION)


def _label(written: str) -> str:
    name = written.strip().lower().replace("-", "_").replace(" ", "_")
    return _SAME.get(name, name)


def _cross_encoder(name: str) -> "CrossEncoder":
    from sentence_transformers import CrossEncoder
    from torch.nn import Identity

    model: CrossEncoder = CrossEncoder(name, device="cpu", activation_fn=Identity())
    return model


def _prepared(model_name: str, threads: int) -> Answer:
    from kb.adapters.reranking_child import is_trained

    model = load(model_name, threads)
    labels: Any = getattr(model.config, "id2label", None) if is_trained(model) else None
    return partial(_answer, model, columns(labels or {}, model_name))


def _answer(
    model: "CrossEncoder", places: tuple[int, int | None], request: dict[str, Any]
) -> tuple[dict[str, Any], bytes]:
    import torch

    pairs: Sequence[tuple[str, str]] = [(text, said) for text, said in request["pairs"]]
    if not pairs:
        return {}, b""
    with torch.autocast("cpu", precision(), enabled=precision() != torch.float32):
        logits = model.predict(pairs, batch_size=BATCH, show_progress_bar=False)
    shares = _softmax(logits.astype(np.float32))
    entailed, contradicted = places
    rows = np.zeros((len(pairs), 2), dtype="<f4")
    rows[:, 0] = shares[:, entailed]
    if contradicted is not None:
        rows[:, 1] = shares[:, contradicted]
    return {}, rows.tobytes()


def _softmax(logits: Vectors) -> Vectors:
    """Of each row, (n, labels)."""
    powers: Vectors = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Vectors = powers / powers.sum(axis=1, keepdims=True)
    return shares


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
