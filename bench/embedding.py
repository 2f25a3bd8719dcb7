"""Compares ways to embed: `python -m bench.embedding FOLDER [--passages N] [--threads N]`.

The texts are passages of the folder's files, as documents are embedded. Each way has a process
of its own; they take turns, so that what else the machine does burdens all alike. Shown are the
best of its rounds, its memory at most, and how near its vectors are to those of the first way,
which is what tutorials use.
"""

import argparse
import multiprocessing
import os
import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from kb.adapters.embedding_child import bundled_folder
from kb.adapters.minilm import MiniLM
from kb.adapters.model_child import precision
from kb.adapters.products import Plain
from kb.adapters.readers.registry import reader_of
from kb.adapters.sentence_model import SentenceModel
from kb.domain.documents import DocumentId, ParsedDocument, Passage
from kb.domain.embeddings import Vectors
from kb.domain.errors import IngestionError
from kb.ingestion.detection import detect
from kb.ingestion.passages import cut, embedded_texts

ROUNDS = 3
TOLD_AT_ONCE = 256
FAST = precision()

Embed = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one way took for all texts; `megabytes` is its memory at most so far."""

    seconds: float
    cpu_seconds: float
    megabytes: float
    vectors: Vectors


def by_tutorial(threads: int) -> Embed:
    """sentence-transformers in batches of 32."""
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    model = SentenceTransformer(str(bundled_folder()), device="cpu")
    return lambda texts: np.asarray(model.encode(list(texts), batch_size=32))


def by_library(threads: int) -> Embed:
    """sentence-transformers as any other model is used."""
    model = SentenceModel(str(bundled_folder()), threads=threads, precision=torch.float32)
    return model.embed_passages


def by_library_fast(threads: int) -> Embed:
    """The same in the numbers that the processor multiplies fastest."""
    model = SentenceModel(str(bundled_folder()), threads=threads, precision=FAST)
    return model.embed_passages


def by_own(threads: int) -> Embed:
    """The bundled model's own encoder."""
    return MiniLM(bundled_folder(), threads=threads, products=Plain()).embed_passages


def by_own_in_steps(threads: int) -> Embed:
    """The same with products in 8-bit numbers, where the processor has AVX2."""
    return MiniLM(bundled_folder(), threads=threads).embed_passages


WAYS: dict[str, Callable[[int], Embed]] = {
    "sentence-transformers, batches of 32": by_tutorial,
    "sentence-transformers, batches of 8": by_library,
    "sentence-transformers, bfloat16": by_library_fast,
    "own encoder": by_own,
    "own encoder, 8 bits": by_own_in_steps,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Print a row a way."""
    parser = argparse.ArgumentParser(prog="python -m bench.embedding", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of documents")
    parser.add_argument("--passages", type=int, default=256, help="how many (default: 256)")
    parser.add_argument("--threads", type=int, default=1, help="of each way (default: 1)")
    args = parser.parse_args(argv)
    texts = some_passages(args.folder, args.passages)
    ways = [way for way in WAYS if torch.bfloat16 == FAST or "bfloat16" not in way]
    turns = measured(ways, texts, args.threads)
    instructions = torch.backends.cpu.get_cpu_capability()
    print(f"{len(texts)} passages, threads: {args.threads}, instructions: {instructions}")
    Console(width=120).print(table(turns))
    return 0


def some_passages(folder: Path, wanted: int) -> list[str]:
    """Texts to embed, drawn evenly from all files that can be read."""
    model = MiniLM(bundled_folder(), threads=1, products=Plain())
    texts: list[str] = []
    for path, parsed, passages in cut_files(folder, model):
        texts.extend(embedded_texts(parsed.title or path.stem, passages, model.count_tokens))
    return random.Random(1).sample(texts, min(wanted, len(texts)))


def cut_files(folder: Path, model: MiniLM) -> Iterator[tuple[Path, ParsedDocument, list[Passage]]]:
    """The files below a folder that can be read, what was read, and their passages."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            parsed = reader_of(detect(path, path.name))(path)
        except IngestionError as error:
            print(f"{path.name} is left out: {error}")
            continue
        yield path, parsed, cut(DocumentId(path.name), parsed, model.count_tokens)


def measured(ways: Sequence[str], texts: Sequence[str], threads: int) -> dict[str, list[Turn]]:
    """The turns of each way."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    spawn = multiprocessing.get_context("spawn")
    pools = {
        way: ProcessPoolExecutor(1, mp_context=spawn, initializer=_load, initargs=(way, threads))
        for way in ways
    }
    turns: dict[str, list[Turn]] = {way: [] for way in ways}
    for pool in pools.values():
        pool.submit(_take_turn, texts[:8]).result()
    for _ in range(ROUNDS):
        for way, pool in pools.items():
            turns[way].append(pool.submit(_take_turn, texts).result())
    for pool in pools.values():
        pool.shutdown()
    return turns


def table(turns: dict[str, list[Turn]]) -> Table:
    """The figures of each way beside the first one's."""
    columns = ("passages/s", "CPU s", "of first", "wall of first", "MB", "cosine min", "mean")
    shown = Table("way", *columns)
    first = next(iter(turns.values()))
    for way, of_way in turns.items():
        best, quickest = (
            min(getattr(turn, name) for turn in of_way) for name in ("cpu_seconds", "seconds")
        )
        cosines = _cosines(of_way[-1].vectors, first[-1].vectors)
        shown.add_row(
            way,
            f"{len(cosines) / quickest:.1f}",
            f"{best:.2f}",
            f"{best / min(turn.cpu_seconds for turn in first):.2f}",
            f"{quickest / min(turn.seconds for turn in first):.2f}",
            f"{of_way[-1].megabytes:.0f}",
            f"{cosines.min():.5f}",
            f"{cosines.mean():.5f}",
        )
    return shown


def _cosines(rows: Vectors, others: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(others, axis=1)
    cosines: Vectors = np.sum(rows * others, axis=1) / lengths
    return cosines


_embed: Embed


def _load(way: str, threads: int) -> None:
    global _embed  # noqa: PLW0603 - a process has one way
    _embed = WAYS[way](threads)


def _take_turn(texts: Sequence[str]) -> Turn:
    begun, used = time.perf_counter(), time.process_time()
    parts = [_embed(part) for part in _parts(texts)]
    return Turn(
        seconds=time.perf_counter() - begun,
        cpu_seconds=time.process_time() - used,
        megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        vectors=np.vstack(parts),
    )


def _parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(texts), TOLD_AT_ONCE):
        yield texts[first : first + TOLD_AT_ONCE]


if __name__ == "__main__":
    raise SystemExit(main())
