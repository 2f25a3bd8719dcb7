"""The bundled all-MiniLM-L6-v2 on a processor, by torch alone.

The vectors are nearly those of sentence-transformers, in a third of the time and half the memory:
`python -m bench.embedding` measures it. Matrices are multiplied in 8-bit numbers (`products`).
A batch is the tokens of several texts one after the other, so that nothing is padded; only
attention goes text by text. Threads take batches rather than shares of a matrix: they never wait
for each other, which costs most where other programs want the cores as well.

Source: Devlin et al., "BERT" (2019); Reimers and Gurevych, "Sentence-BERT" (2019).
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as f

from kb.adapters.products import BATCH_TOKENS, Linear, Products, fastest
from kb.adapters.token_signs import letters_per_token, packed_signs
from kb.domain.documents import EmbeddingSpace, EmbeddingSpaceId
from kb.domain.embeddings import EmbeddedQuery, Vectors

SPACE = EmbeddingSpace(
    id=EmbeddingSpaceId("16b59964084a3968"),
    model="all-MiniLM-L6-v2",
    revision="2c705a5e3279febc",
    dimension=384,
    max_tokens=256,
    query_prompt="",
    passage_prompt="",
)
"""As `sentence_model` describes it, so that either may compute a vector of the same space."""

MAX_TOKENS = 256
DIMENSION = 384
HEADS = 12
LAYERS = 6
EPSILON = 1e-12


class MiniLM:
    """An Embedder in this process, which computes `threads` batches at a time."""

    space = SPACE

    def __init__(self, folder: Path, *, threads: int, products: Products | None = None) -> None:
        torch.set_num_threads(1)
        self._threads = threads
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._unknown = self._tokenizer.token_to_id("[UNK]")
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        # Copies, since the file stays in memory whole for as long as a part of it is used.
        weights = {
            name: values.to(torch.float32, copy=True)
            for name, values in load_file(folder / "model.safetensors").items()
        }
        embeddings = "embeddings.{}_embeddings.weight"
        # Half the memory; the digits it drops are far below those of the products.
        self._words = weights[embeddings.format("word")].bfloat16()
        # A text is one segment, so the first segment's row is part of every position's.
        segment = weights[embeddings.format("token_type")][0]
        self._positions = weights[embeddings.format("position")][:MAX_TOKENS] + segment
        self._norm = _Norm(weights, "embeddings.LayerNorm")
        products = products or fastest()
        self._layers = [
            _Layer(weights, f"encoder.layer.{number}", products) for number in range(LAYERS)
        ]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special ones not counted."""
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(one) for one in encoded]

    def embed_query(self, text: str) -> Vectors:
        """Vector of a question, (dimension,), of unit length."""
        row: Vectors = self.embed_passages([text])[0]
        return row

    def embed_query_with_tokens(self, text: str) -> EmbeddedQuery:
        """The vector as `embed_query`, and what its tokens say."""
        encoded = self._tokenizer.encode(text)
        (states,) = self._states([_cut(encoded.ids)])
        tokens = f.normalize(_inner(states), dim=1).numpy()
        return EmbeddedQuery(
            vector=f.normalize(states.mean(0), dim=0).numpy(),
            tokens=tokens,
            spans=tuple(encoded.offsets[1 : 1 + len(tokens)]),
            letters_per_token=letters_per_token(text, encoded, self._unknown),
        )

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, (n, dimension), unit rows; the end of a long one goes unread."""
        return self.embed_with_tokens(texts)[0]

    def embed_with_tokens(self, texts: Sequence[str]) -> tuple[Vectors, list[bytes]]:
        """Vectors as `embed_passages`, and the signs of each text's token vectors."""
        tokens = [_cut(one.ids) for one in self._tokenizer.encode_batch_fast(list(texts))]
        batches = list(_batches([len(ids) for ids in tokens], self._threads))
        rows = np.empty((len(texts), DIMENSION), dtype=np.float32)
        signs = [b""] * len(texts)
        with ThreadPoolExecutor(self._threads) as pool:
            batched = pool.map(self._vectors, [[tokens[i] for i in batch] for batch in batches])
            for batch, (vectors, packed) in zip(batches, batched, strict=True):
                rows[batch] = vectors
                for place, of_text in zip(batch, packed, strict=True):
                    signs[place] = of_text
        return rows, signs

    def _vectors(self, tokens: Sequence[Sequence[int]]) -> tuple[Vectors, list[bytes]]:
        parts = self._states(tokens)
        rows = f.normalize(torch.stack([part.mean(0) for part in parts]), dim=1)
        return rows.numpy(), [packed_signs(_inner(part).numpy()) for part in parts]

    @torch.inference_mode()
    def _states(self, tokens: Sequence[Sequence[int]]) -> tuple[Tensor, ...]:
        """The last layer's vectors of each text's tokens, (tokens, d) each."""
        lengths = [len(ids) for ids in tokens]
        words = self._words[torch.tensor([id for ids in tokens for id in ids])].float()
        places = torch.cat([self._positions[:length] for length in lengths])
        states = self._norm(words + places)  # (tokens of all texts, d)
        for layer in self._layers:
            states = layer(states, lengths)
        return torch.split(states, lengths)


class _Norm:
    def __init__(self, weights: dict[str, Tensor], name: str) -> None:
        self._weight = weights[f"{name}.weight"]
        self._bias = weights[f"{name}.bias"]

    def __call__(self, states: Tensor) -> Tensor:
        return f.layer_norm(states, (DIMENSION,), self._weight, self._bias, EPSILON)


class _Layer:
    def __init__(self, weights: dict[str, Tensor], name: str, products: Products) -> None:
        def linear(*parts: str) -> Linear:
            weight, bias = (
                torch.cat([weights[f"{name}.{part}.{kind}"] for part in parts])
                for kind in ("weight", "bias")
            )
            return Linear(weight, bias)

        attention = "attention.self"
        inward = linear(*(f"{attention}.{part}" for part in ("query", "key", "value")))
        self._inward = products.product(f"{name}.{attention}", inward)
        outward = "attention.output.dense"
        self._outward = products.product(f"{name}.{outward}", linear(outward))
        self._attended = _Norm(weights, f"{name}.attention.output.LayerNorm")
        wide, narrow = linear("intermediate.dense"), linear("output.dense")
        self._fed_forward = products.feed_forward(name, wide, narrow)
        self._done = _Norm(weights, f"{name}.output.LayerNorm")

    def __call__(self, states: Tensor, lengths: list[int]) -> Tensor:
        parts = torch.split(self._inward(states), lengths)
        attended = torch.cat([_attention(part) for part in parts])
        states = self._attended(self._outward(attended) + states)
        return self._done(self._fed_forward(states) + states)


def _attention(part: Tensor) -> Tensor:
    """Each token's view of its text, (n, d), from the queries, keys and values (n, 3 d)."""
    shaped = part.view(len(part), 3, HEADS, DIMENSION // HEADS)
    query, key, value = shaped.permute(1, 2, 0, 3)  # each (heads, n, d of a head)
    seen = f.scaled_dot_product_attention(query[None], key[None], value[None])[0]
    return seen.transpose(0, 1).reshape(len(part), DIMENSION)


def _inner(states: Tensor) -> Tensor:
    """Without the marks of a text's beginning and end, which stand for no word."""
    return states[1:-1]


def _cut(ids: list[int]) -> list[int]:
    # The last one is the mark of the end, which a text cut short has as well.
    return ids if len(ids) <= MAX_TOKENS else [*ids[: MAX_TOKENS - 1], ids[-1]]


def _batches(lengths: Sequence[int], threads: int) -> Iterator[list[int]]:
    """Places of texts in batches of at most about BATCH_TOKENS tokens, as many a thread."""
    total = sum(lengths)
    rounds = ceil(total / (BATCH_TOKENS * threads))
    batch: list[int] = []
    begun, done = 0, 0
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        batch.append(place)
        done += lengths[place]
        if (done - begun) * rounds * threads >= total:
            yield batch
            batch, begun = [], done
    if batch:
        yield batch
