"""Times search by the number of passages: `python -m bench.scale --passages N… [--folder FOLDER]`.

Makes a knowledge base of N passages (`bench.scale_library`) of the folder's .md, .txt and
corpus.jsonl, or of Quire's own docs/; asks questions of its questions.jsonl, or sentences of its
texts, every third with a document's name and year. Each question is asked, k = 10, its embedding
included:

- `search`: as shipped, less late interaction
- `reranked`: as shipped
- `1 document`, `100 documents`: as shipped, within so many

and beside these, the question's vector given, `Chroma`: one query for 100 passages, and `FTS5`:
one statement for the 100 best passages with any of the question's words. Prints medians and 95th
percentiles in milliseconds, and the ratio of each to the sum of those two in the same run; how
many of the 10 and the 100 best of that statement Quire's own word search finds, which does not
score every passage; peak memory over all processes, shared pages counted once (PSS, Linux only);
bytes on disk. What was made is kept in --home.
"""

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bench import scale_texts
from bench.ingest import peak
from bench.scale_library import filled
from kb.adapters.sql.bm25 import COLUMN_WEIGHTS
from kb.adapters.sql.fulltext import table_name
from kb.adapters.sql.word_forms import phrases
from kb.bootstrap import App, open_app
from kb.domain.access import Scope
from kb.domain.documents import KnowledgeBase, KnowledgeBaseId
from kb.domain.retrieval import Query
from kb.retrieval.retriever import CANDIDATES, HybridRetriever
from kb.settings import Settings

FLOOR = ("Chroma", "FTS5")
STAGES = ("dense", "names", "words", "fuse", "rerank")


def main(argv: Sequence[str] | None = None) -> int:
    """Make what is missing, and print a table for each number of passages."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--passages", type=int, action="append", required=True, metavar="N")
    parser.add_argument("--folder", type=Path, default=scale_texts.OWN, help="of texts")
    parser.add_argument("--home", type=Path, help="data folder; what is there is not made again")
    parser.add_argument("--questions", type=int, default=200, metavar="N")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.measure:
        print(json.dumps(measured(args.home, args.folder, args.passages[0], args.questions)))
        return 0
    if not scale_texts.passages(args.folder):
        parser.error(f"{args.folder} holds no .md, .txt or corpus.jsonl with any text.")
    with tempfile.TemporaryDirectory() as temporary:
        home = args.home or Path(temporary)
        for count in args.passages:
            # A folder each, for what else lies in an index costs memory as well.
            of_count = home / str(count)
            made(of_count, args.folder, count)
            _show(count, _measure(of_count, args.folder, count, args.questions), of_count)
    return 0


def made(home: Path, folder: Path, count: int) -> KnowledgeBaseId:
    """The knowledge base of so many passages in a data folder; made where it is not there."""
    app = open_app(Settings(home=home), serving=False)
    try:
        return filled(app, scale_texts.passages(folder), count).id
    finally:
        app.close()


def _measure(home: Path, folder: Path, count: int, asked: int) -> dict[str, Any]:
    """What a process of its own measures, and its peak memory in MB."""
    command = [sys.executable, "-m", "bench.scale", "--measure", "--passages", str(count)]
    command += ["--home", str(home), "--folder", str(folder), "--questions", str(asked)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with peak(child.pid) as mb:
        out, _ = child.communicate()
    if child.returncode:
        raise SystemExit("measuring failed")
    told: dict[str, Any] = json.loads(out.splitlines()[-1])
    return told | {"peak": mb()}


def _show(count: int, told: dict[str, Any], home: Path) -> None:
    names = [*told["ms"]]
    floor = np.sum([told["ms"][name] for name in FLOOR], axis=0)
    table = Table(f"{count:,} passages", "p50 ms", "p95 ms", "ratio p50", "ratio p95", *STAGES)
    for name in names:
        p50, p95 = told["ms"][name]
        stages = [f"{ms:.1f}" for ms in told["stages"].get(name, ())]
        table.add_row(
            name, f"{p50:.1f}", f"{p95:.1f}", f"{p50 / floor[0]:.2f}", f"{p95 / floor[1]:.2f}",
            *stages,
        )  # fmt: skip
    Console(width=120).print(table)
    megabytes = {
        part: sum(file.stat().st_size for file in home.glob(pattern) if file.is_file()) / 1e6
        for part, pattern in (("records", "quire.sqlite*"), ("Chroma", "chroma/**/*"))
    }
    print("by words, found " + ", ".join(f"{n:.3f} of {k}" for k, n in told["found"].items()))
    print(f"peak MB {told['peak']:.0f}, on disk MB: ", end="")
    print(", ".join(f"{part} {size:.0f}" for part, size in megabytes.items()))


def measured(home: Path, folder: Path, count: int, asked: int) -> dict[str, Any]:
    """(p50, p95) of each way in ms, and the medians of the stages of those that have any."""
    app = open_app(Settings(home=home), serving=True)
    try:
        app.processes.embedding[0].settle()
        base = app.workspace().knowledge_bases.named(f"scale {count}")
        texts = scale_texts.passages(folder)
        questions = _with_names(app, base, scale_texts.questions(folder, texts, asked))
        best: dict[int, list[str]] = {}
        ways = _ways(app, base, questions, best)
        took: dict[str, list[float]] = {name: [] for name in ways}
        stages: dict[str, list[list[float]]] = {name: [] for name in ways}
        for turn in range(-3, len(questions)):
            # Each way has another question at a time, so that none reads what one before has.
            for offset, (name, way) in enumerate(ways.items()):
                at = (turn + offset * len(questions) // len(ways)) % len(questions)
                begun = time.perf_counter()
                elapsed = way(at)
                if turn >= 0:
                    took[name].append((time.perf_counter() - begun) * 1000)
                    stages[name].append([elapsed[stage] for stage in STAGES] if elapsed else [])
        found = _found(app, base, questions, best)
    finally:
        app.close()
    return {
        "ms": {name: np.percentile(ms, [50, 95]).tolist() for name, ms in took.items()},
        "stages": {name: np.median(ms, axis=0).tolist() for name, ms in stages.items() if ms[0]},
        "found": found,
    }


Way = Callable[[int], dict[str, float] | None]


def _ways(
    app: App, base: KnowledgeBase, questions: Sequence[str], best: dict[int, list[str]]
) -> dict[str, Way]:
    retriever: HybridRetriever = app.chain.retriever
    with app.records.reading() as view:
        ids = [document.id for document in view.documents.of(base.id)]
    whole = Scope(knowledge_base_id=base.id)
    rng = np.random.default_rng(1)

    def searched(retriever: HybridRetriever, some: int | None) -> Way:
        def way(at: int) -> dict[str, float]:
            scope = whole
            if some:
                chosen = rng.choice(len(ids), min(some, len(ids)), replace=False)
                scope = Scope(
                    knowledge_base_id=base.id, document_ids=frozenset(ids[one] for one in chosen)
                )
            return retriever.rank(Query(text=questions[at], scope=scope), 10).elapsed_ms

        return way

    return {
        "Chroma": _chroma(app, base, questions),
        "FTS5": _fts5(app, base, questions, best),
        "search": searched(retriever.model_copy(update={"late_weight": 0.0}), None),
        "reranked": searched(retriever, None),
        "1 document": searched(retriever, 1),
        "100 documents": searched(retriever, 100),
    }


def _chroma(app: App, base: KnowledgeBase, questions: Sequence[str]) -> Way:
    vectors = [app.query_embedder.embed_query(question) for question in questions]
    space_id = app.query_embedder.space.id

    def way(at: int) -> None:
        app.vectors.search(base.id, space_id, vectors[at], CANDIDATES)

    return way


def _fts5(
    app: App, base: KnowledgeBase, questions: Sequence[str], best: dict[int, list[str]]
) -> Way:
    """FTS5 alone scores every passage with any of the words; the ids of the `best` are kept."""
    connection = sqlite3.connect(app.settings.home / "quire.sqlite")
    with app.records.reading() as view:
        languages = {document.language for document in view.documents.of(base.id)}
    table = table_name(base.id)
    statement = (
        f"SELECT id FROM (SELECT rowid, bm25({table}, {', '.join(map(str, COLUMN_WEIGHTS))}) AS b "
        f"FROM {table} WHERE {table} MATCH ? ORDER BY b, rowid LIMIT ?) AS f "
        "JOIN passages ON seq = f.rowid ORDER BY b, seq"
    )
    sought = [" OR ".join(phrases(question, languages)) for question in questions]

    def way(at: int) -> None:
        best[at] = [row[0] for row in connection.execute(statement, (sought[at], CANDIDATES))]

    return way


def _found(
    app: App, base: KnowledgeBase, questions: Sequence[str], best: dict[int, list[str]]
) -> dict[int, float]:
    """The share of the k best by every word that the product's word search finds, by k."""
    shares: dict[int, list[float]] = {10: [], CANDIDATES: []}
    for at, all_best in best.items():
        hits = app.chain.retriever.words.search(base.id, questions[at], CANDIDATES)
        found = [id for id, _ in hits]
        for k, of_k in shares.items():
            of_k.append(len({*all_best[:k]} & {*found[:k]}) / max(1, len(all_best[:k])))
    return {k: float(np.mean(of_k)) for k, of_k in shares.items()}


def _with_names(app: App, base: KnowledgeBase, questions: Sequence[str]) -> list[str]:
    with app.records.reading() as view:
        titles = sorted({document.title for document in view.documents.of(base.id)})
    return [
        f"{titles[at * len(titles) // len(questions)]}: {question}" if at % 3 == 0 else question
        for at, question in enumerate(questions)
    ]


if __name__ == "__main__":
    raise SystemExit(main())
