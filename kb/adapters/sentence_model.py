"""Any sentence-transformers model, by the library itself."""

import hashlib
import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as f

from kb.adapters.token_signs import ALL_KNOWN, letters_per_token, packed_signs
from kb.domain.documents import EmbeddingSpace, EmbeddingSpaceId
from kb.domain.embeddings import EmbeddedQuery, Vectors
from kb.domain.errors import ModelMissingError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Model = TypeVar("Model")

HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
BATCH = 8
"""As fast as larger batches on a processor, and bounds the memory."""


class SentenceModel:
    """An Embedder in this process, its model given by folder or hub name.

    `precision` is that of the products of matrices. Raises ModelMissingError.
    """

    def __init__(self, name: str, *, threads: int, precision: torch.dtype) -> None:
        self._model = loaded(
            name, threads, _sentence_transformer, "embedding model", "KB_EMBEDDING_MODEL"
        )
        self._autocast = torch.autocast("cpu", precision, enabled=precision != torch.float32)
        self.space = _space(self._model, name)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special ones not counted."""
        encoded = self._model.tokenizer(list(texts), add_special_tokens=False, truncation=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, (n, dimension), unit rows."""
        return self._encoded(texts, self.space.passage_prompt, query=False)

    def embed_with_tokens(self, texts: Sequence[str]) -> tuple[Vectors, list[bytes]]:
        """Vectors as `embed_passages`, and the signs of each text's token vectors."""
        told = self._told(texts, self.space.passage_prompt, query=False)
        signs = [packed_signs(_tokens(one).numpy()) for one in told]
        return _rows(told, self.space.dimension), signs

    def embed_query(self, text: str) -> Vectors:
        """Vector of a question, (dimension,), of unit length."""
        row: Vectors = self._encoded([text], self.space.query_prompt, query=True)[0]
        return row

    def embed_query_with_tokens(self, text: str) -> EmbeddedQuery:
        """The vector as `embed_query`, and what its tokens say."""
        told = self._told([text], self.space.query_prompt, query=True)
        tokens = f.normalize(_tokens(told[0]), dim=1).numpy()
        return EmbeddedQuery(
            vector=_rows(told, self.space.dimension)[0],
            tokens=tokens,
            spans=self._spans(text, len(tokens)),
            letters_per_token=self._letters_per_token(text),
        )

    def _spans(self, text: str, tokens: int) -> tuple[tuple[int, int], ...]:
        """Where so many tokens stand in the text, those of the prompt at its beginning."""
        encoder = self._encoder
        if encoder is None:
            return ()
        prompt = self.space.query_prompt
        offsets = encoder.encode(prompt + text).offsets
        spans = ((begin - len(prompt), end - len(prompt)) for begin, end in offsets)
        told = tuple((max(0, begin), max(0, end)) for begin, end in spans)
        return told if len(told) == tokens else ()

    def _letters_per_token(self, text: str) -> float:
        encoder = self._encoder
        if encoder is None:
            return ALL_KNOWN
        encoded = encoder.encode(text, add_special_tokens=False)
        return letters_per_token(text, encoded, self._model.tokenizer.unk_token_id)

    @property
    def _encoder(self) -> Tokenizer | None:
        """What tells where tokens stand; not every tokenizer does."""
        tokenizer = self._model.tokenizer
        fast = getattr(tokenizer, "is_fast", False)
        return cast(Tokenizer, tokenizer.backend_tokenizer) if fast else None

    def _encoded(self, texts: Sequence[str], prompt: str, *, query: bool) -> Vectors:
        return _rows(self._told(texts, prompt, query=query), self.space.dimension)

    def _told(self, texts: Sequence[str], prompt: str, *, query: bool) -> list[dict[str, Tensor]]:
        """All that the model says of each text."""
        encode = self._model.encode_query if query else self._model.encode_document
        with self._autocast:
            told = encode(
                list(texts),
                prompt=prompt or None,
                batch_size=BATCH,
                output_value=None,
                show_progress_bar=False,
            )
        return cast(list[dict[str, Tensor]], told)


def _rows(told: Sequence[dict[str, Tensor]], dimension: int) -> Vectors:
    """(n, dimension), unit rows."""
    rows = [one["sentence_embedding"].float() for one in told]
    unit: Vectors = f.normalize(torch.stack([torch.zeros(dimension), *rows])[1:], dim=1).numpy()
    return unit


def _tokens(told: dict[str, Tensor]) -> Tensor:
    """The vectors of a text's tokens, (tokens, dimension); none of a model that has none."""
    dimension = len(told["sentence_embedding"])
    if "attention_mask" not in told or told["token_embeddings"].shape[-1] != dimension:
        return torch.zeros((0, dimension))
    return told["token_embeddings"][told["attention_mask"].bool()].float()


def loaded(
    name: str,
    threads: int,
    kind: Callable[[str], Model],
    what: str,
    setting: str,
    wanted: str = "it must be a folder or hub name that this machine can reach.",
) -> Model:
    """A model of this kind by folder or hub name; `what` and `setting` name it in errors.

    Raises ModelMissingError.
    """
    path = Path(name)
    if path.is_dir():
        os.environ["HF_HUB_OFFLINE"] = "1"
    elif not HUB_NAME.fullmatch(name):
        raise ModelMissingError(
            f"The {what}'s folder {path} does not exist.", advice=f"Check {setting}."
        )
    torch.set_num_threads(threads)
    try:
        return kind(str(path))
    except Exception as error:
        raise ModelMissingError(
            f"The {what} {path} could not be loaded.",
            subject=str(path),
            advice=f"Check {setting}: {wanted}",
        ) from error


def _sentence_transformer(name: str) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(name, device="cpu")


def _space(model: "SentenceTransformer", name: str) -> EmbeddingSpace:
    """The model's space; its id changes with all that changes vectors."""
    prompts = {name: text or "" for name, text in model.prompts.items()}
    described = EmbeddingSpace(
        id=EmbeddingSpaceId(""),
        model=name,
        revision=_fingerprint(model),
        dimension=cast(int, model.get_embedding_dimension()),
        max_tokens=int(model.max_seq_length or 512),
        query_prompt=prompts.get("query", ""),
        passage_prompt=prompts.get("document") or prompts.get("passage") or "",
    )
    told = {key: value for key, value in asdict(described).items() if key not in ("id", "model")}
    key = json.dumps(told, sort_keys=True)
    return replace(described, id=EmbeddingSpaceId(hashlib.sha256(key.encode()).hexdigest()[:16]))


def _fingerprint(model: "SentenceTransformer") -> str:
    digest = hashlib.sha256()
    for name, weights in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(weights.contiguous().float().numpy().tobytes())
    return digest.hexdigest()[:16]
