"""Compares ways to rank on labelled questions: `python -m bench.retrieval SET… [--home DIR]`.

One row a set and share of the dense score: 1 is dense search alone, 0 word search alone. The
figures are those of `kb.evaluation.runner`.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from kb.bootstrap import App, open_app
from kb.cli.ask import rank
from kb.cli.evaluate import ingest
from kb.domain.evaluation import Question
from kb.evaluation.questions import read_questions
from kb.evaluation.runner import ask_all, measure
from kb.settings import load_settings

DENSE_WEIGHTS = (1.0, 0.7, 0.6, 0.5, 0.4, 0.3, 0.0)
FIGURES = ("ndcg@10", "recall@1", "recall@5", "page_hit@1", "page_hit@5", "page_hit@10")


def main(argv: Sequence[str] | None = None) -> int:
    """Print a row of figures a set and weight."""
    parser = argparse.ArgumentParser(prog="python -m bench.retrieval", description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--home", type=Path, help="data folder; what is ready there is not added")
    args = parser.parse_args(argv)
    table = Table("set", "dense weight", *FIGURES)
    app = open_app(load_settings(home=args.home), serving=False)
    try:
        for folder in args.sets:
            add_rows(table, app, folder.resolve())
    finally:
        app.close()
    Console(width=120).print(table)
    return 0


def add_rows(table: Table, app: App, folder: Path) -> None:
    """Ask a set's questions once for each weight."""
    ingest(app, folder.name, folder)
    questions = read_questions(folder)
    for weight in DENSE_WEIGHTS:
        figures = measured(app, folder.name, questions, weight)
        table.add_row(folder.name, f"{weight:.1f}", *(_shown(figures[name]) for name in FIGURES))


def measured(
    app: App, kb: str, questions: Sequence[Question], weight: float
) -> dict[str, float | int | None]:
    """The figures with this share of the dense score."""
    workspace = app.workspace()
    base_id = workspace.knowledge_bases.named(kb).id
    retriever = app.chain.retriever.model_copy(update={"dense_weight": weight})
    chain = replace(app.chain, retriever=retriever)
    weighted = replace(workspace, answers=replace(workspace.answers, chain=lambda: chain))
    return measure(list(ask_all(questions, lambda q, k: rank(weighted, base_id, q, k))))


def _shown(value: float | int | None) -> str:
    return "-" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    raise SystemExit(main())
