"""Compares ways to rank on labelled questions: `python -m bench.retrieval FOLDER… [--home DIR]`.

A folder is a set, or holds sets at any depth. For each figure a table is printed: a row for each
of `bench.variants`, a column for each set, the best of a column marked by a star. All variants
search the same knowledge base, whose documents are added once and kept in --home. The figures are
those of `kb.evaluation.runner`.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.refusals import draw, pooled, refusals
from bench.variants import VARIANTS, Variant
from kb.bootstrap import App, open_app
from kb.cli import options, output
from kb.cli.evaluate import ingest, results_of
from kb.domain.errors import InvalidInputError
from kb.domain.evaluation import Result
from kb.evaluation.questions import read_questions
from kb.evaluation.results import save
from kb.evaluation.runner import FIGURES, measure
from kb.ports import Embedder
from kb.services.workspace import Workspace
from kb.settings import load_settings

LATENCIES = ("latency_ms_p50", "latency_ms_p95")
SHOWN = (
    *("ndcg@10", "recall@1", "recall@5", "page_hit@1", "page_hit@5", "page_hit@10"),
    "refusal_auc",
)
LOWEST_IS_BEST = {"wrong_refusal_rate", *LATENCIES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a variant came to on a set."""

    set: str
    variant: str
    results: list[Result]
    figures: dict[str, Any]


def main(argv: Sequence[str] | None = None, *, embedder: Embedder | None = None) -> int:
    """Measure every variant on every set, and print the tables."""
    args = _parser().parse_args(argv)
    folders = sets_in(args.folders)
    app = open_app(load_settings(home=args.home), serving=False, embedder=embedder)
    rows = []
    try:
        app.indexes.mend()
        for row in measured(app, folders, args.variant or list(VARIANTS), args.limit):
            rows.append(row)
            if args.json:
                output.as_json({"set": row.set, "variant": row.variant, **row.figures})
            if args.save:
                save(row.results, args.save / f"{row.set}.{row.variant}.jsonl")
    finally:
        app.close()
    console = Console(width=max(80, 24 + 14 * len(folders)), stderr=args.json)
    if not args.json:
        for figure in args.figure or SHOWN:
            show(console, rows, figure)
    if args.curves:
        show_refusals(console, rows, args.curves)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.retrieval", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--home", type=Path, help="data folder; what is ready there is not added")
    parser.add_argument("--variant", action="append", choices=VARIANTS, help="this one only")
    parser.add_argument(
        "--figure", action="append", choices=(*FIGURES, *LATENCIES), help="show this one only"
    )
    parser.add_argument("--limit", type=options.count, help="the first N questions of each set")
    parser.add_argument(
        "--save", type=_folder, metavar="FOLDER", help="keep SET.VARIANT.jsonl, as `eval --save`"
    )
    parser.add_argument(
        "--curves", type=_folder, metavar="FOLDER", help="draw SET.svg: refusals by threshold"
    )
    options.add_json(parser)
    return parser


def _folder(text: str) -> Path:
    folder = Path(text)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def sets_in(folders: Sequence[Path]) -> list[Path]:
    """The sets at or below these folders. Raises InvalidInputError for none, or two of a name."""
    found = {
        path.parent.resolve()
        for folder in folders
        for path in folder.rglob("questions.jsonl")
        if (path.parent / "corpus.jsonl").exists() or (path.parent / "docs").exists()
    }
    if not found:
        raise InvalidInputError("There is no set of questions in these folders.")
    by_name: dict[str, Path] = {}
    for folder in sorted(found):
        # A set's knowledge base has its name.
        other = by_name.setdefault(folder.name, folder)
        if other != folder:
            raise InvalidInputError(f"{other} and {folder} have the same name.")
    return list(by_name.values())


def measured(
    app: App, folders: Sequence[Path], variants: Sequence[str], limit: int | None
) -> Iterator[Row]:
    """Ask every set's questions once for each variant."""
    for folder in folders:
        ingest(app, folder.name, folder)
        questions = read_questions(folder)[:limit]
        base_id = app.workspace().knowledge_bases.named(folder.name).id
        for name in variants:
            results = results_of(configured(app, VARIANTS[name]), base_id, questions)
            yield Row(set=folder.name, variant=name, results=results, figures=measure(results))


def configured(app: App, variant: Variant) -> Workspace:
    """A workspace that searches by this variant of the retriever."""
    workspace = app.workspace()
    chain = replace(app.chain, retriever=variant(app.chain.retriever))
    return replace(workspace, answers=replace(workspace.answers, chain=lambda: chain))


def show(console: Console, rows: Sequence[Row], figure: str) -> None:
    """Print the table of one figure, if some set has it."""
    values = {(r.variant, r.set): r.figures[figure] for r in rows if r.figures[figure] is not None}
    sets = list(dict.fromkeys(set for _, set in values))
    if not sets:
        return
    variants = list(dict.fromkeys(variant for variant, _ in values))
    if len(sets) > 1:
        values |= {(v, "mean"): fmean(values[v, set] for set in sets) for v in variants}
        sets.append("mean")
    choose = min if figure in LOWEST_IS_BEST else max
    best = {set: choose(_shown(values[v, set]) for v in variants) for set in sets}
    table = Table(figure, *sets)
    for variant in variants:
        cells = [_shown(values[variant, set]) for set in sets]
        table.add_row(
            variant,
            *(
                f"{cell:.3f}*" if cell == best[set] else f"{cell:.3f} "
                for cell, set in zip(cells, sets, strict=True)
            ),
        )
    console.print(table)


def _shown(value: float) -> float:
    """What is alike as printed is alike."""
    return round(value, 3)


def show_refusals(console: Console, rows: Sequence[Row], folder: Path) -> None:
    """Draw each set's curves, and those over all such sets together; print what they come to."""
    curves: dict[str, dict[str, list[Result]]] = {}
    for row in rows:
        # Sets that lack one kind of question would only dilute what is pooled.
        if row.figures["refusal_auc"] is not None:
            curves.setdefault(row.set, {})[row.variant] = row.results
    if len(curves) > 1:
        curves["all sets"] = pooled(curves.values())
    for name, runs in curves.items():
        draw(runs, folder / f"{name}.svg", title=name)
        console.print(refusals(runs, title=name))


if __name__ == "__main__":
    raise SystemExit(main())
