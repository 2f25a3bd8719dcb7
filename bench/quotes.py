"""Measures quoted answers on labelled questions: `python -m bench.quotes SET… [--home DIR]`.

For each set, over the answerable questions that were not refused:

- `cited`: share of answers that cite a page of the evidence; its document where it has no pages
- `right`: share of the quoted sentences that lie there
- `evidence`: share of answers that hold nearly all words of an evidence sentence, where a set has
  such sentences
- `answer`: mean share of the expected answer's words that the quoted answer holds
- `whole`: share of the quotes that begin and end as a sentence does
- `quotes`, `words`: mean number of quotes, and of words, an answer
"""

import argparse
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.table import Table

from kb.answering.citations import without_marks
from kb.bootstrap import App, open_app
from kb.cli.ask import answered
from kb.cli.evaluate import ingest
from kb.domain.conversations import QUOTES, Answer
from kb.domain.words import content_words
from kb.evaluation.questions import as_question, json_lines
from kb.settings import load_settings

NEARLY_ALL = 0.8
_WHOLE = re.compile(r"[\"'“‘(\[`*]*[\dA-ZÄÖÜ~$<-].*[.!?…。！？:][\"'”’)\]`*]*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A line of questions.jsonl, and the quoted answer to it."""

    line: dict[str, Any]
    answer: Answer


def main(argv: Sequence[str] | None = None) -> int:
    """Print a row of figures a set."""
    parser = argparse.ArgumentParser(prog="python -m bench.quotes", description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--home", type=Path, help="data folder; what is ready there is not added")
    parser.add_argument("--limit", type=int, help="the first N questions of each set only")
    args = parser.parse_args(argv)
    table = Table("set", *_COLUMNS)
    app = open_app(load_settings(home=args.home), serving=False)
    try:
        for folder in args.sets:
            figures = measure(ask_set(app, folder.resolve(), args.limit))
            table.add_row(folder.name, *(_shown(figures[name]) for name in _COLUMNS))
    finally:
        app.close()
    Console(width=120).print(table)
    return 0


def ask_set(app: App, folder: Path, limit: int | None = None) -> list[Asked]:
    """The quoted answers to a set's questions; its documents are added where they are missing."""
    ingest(app, folder.name, folder)
    workspace = app.workspace()
    base = workspace.knowledge_bases.named(folder.name)
    lines = list(json_lines(folder / "questions.jsonl"))[:limit]
    return [
        Asked(line=line, answer=answered(workspace, base.id, as_question(line), QUOTES))
        for line in lines
    ]


def measure(asked: Iterable[Asked]) -> dict[str, float | None]:
    """The figures of a set; None where the set has nothing to compare with."""
    every = list(asked)
    answerable = [one for one in every if one.line.get("answerable", True)]
    given = [one for one in answerable if not one.answer.refused]
    lying = [right for one in given for right in _right(one)]
    quotes = [quote for one in given for quote in _quotes(one.answer)]
    return {
        "answerable": len(answerable),
        "refused": len(answerable) - len(given),
        "cited": _mean(float(any(_right(one))) for one in given),
        "right": _mean(float(right) for right in lying),
        "evidence": _mean(float(_holds_evidence(one)) for one in given if _sentences(one)),
        "answer": _mean(
            share_held(one.line["answer"], one.answer.text) for one in given if one.line["answer"]
        ),
        "whole": _mean(float(_WHOLE.fullmatch(quote) is not None) for quote in quotes),
        "quotes": _mean(len(_quotes(one.answer)) for one in given),
        "words": _mean(len(one.answer.text.split()) for one in given),
    }


_COLUMNS = (
    "answerable",
    "refused",
    "cited",
    "right",
    "evidence",
    "answer",
    "whole",
    "quotes",
    "words",
)


def share_held(wanted: str, text: str) -> float:
    """Share of the words of one text that another one holds."""
    words = set(content_words(wanted))
    return len(words & set(content_words(text))) / len(words) if words else 0.0


def _right(one: Asked) -> list[bool]:
    """For each quoted sentence, whether it lies on a page, or in a document, of the evidence."""
    pages: set[tuple[str, int | None]] = set()
    for evidence in one.line["evidence"]:
        for page in [evidence.get("page"), *(evidence.get("also_pages") or [])]:
            pages.add((evidence["document"], page))
    return [
        (c.document_name, c.page) in pages or (c.document_name, None) in pages
        for c in one.answer.citations
    ]


def _sentences(one: Asked) -> list[str]:
    return [evidence["text"] for evidence in one.line["evidence"] if evidence.get("text")]


def _holds_evidence(one: Asked) -> bool:
    return any(share_held(text, one.answer.text) >= NEARLY_ALL for text in _sentences(one))


def _quotes(answer: Answer) -> list[str]:
    return [without_marks(citation.claim.text) for citation in answer.citations]


def _mean(values: Iterable[float] | Iterator[int]) -> float | None:
    listed = list(values)
    return fmean(listed) if listed else None


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    raise SystemExit(main())
