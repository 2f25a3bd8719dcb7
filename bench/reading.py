"""Measures what is read of files: `python -m bench.reading SET…`.

A set is a folder with `docs/` and one of these lists, a JSON object a line:

- `expect.jsonl`, {"file", "expect": text | ocr | error, "contains": [...], "page"}: the share of
  rows whose strings are all in the text (compared after NFKC, in small letters, white space made
  single), the first one on its page; and of those that fail with a sentence where they should
- `truth.jsonl`, {"file", "text"}: mean recall, precision and F1 of the true text's words

Files are taken in as the app does it, the passages' vectors left out. A .gz file is unpacked.
"""

import argparse
import gzip
import io
import json
import re
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from kb.bootstrap import App, open_app
from kb.domain.documents import UNFINISHED, Document, DocumentId
from kb.evaluation.questions import json_lines
from kb.settings import Settings
from kb.worker import Worker
from tests.fake_embedder import FakeEmbedder


def main(argv: Sequence[str] | None = None) -> int:
    """Print each row that is not as it should be, and the figures of each set."""
    parser = argparse.ArgumentParser(prog="python -m bench.reading", description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    args = parser.parse_args(argv)
    for folder in args.sets:
        with tempfile.TemporaryDirectory() as home:
            app = open_app(Settings(home=Path(home)), serving=False, embedder=FakeEmbedder())
            try:
                read = take_in(app, folder / "docs")
                print(json.dumps({"set": folder.name} | figures(app, folder, read)))
            finally:
                app.close()
    return 0


def take_in(app: App, folder: Path) -> dict[str, Document]:
    """Every file of the folder, read; the documents by the files' relative names."""
    workspace, worker = app.workspace(), Worker(app)
    base = workspace.knowledge_bases.create("bench")
    ids: dict[str, DocumentId] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        shown = name.removesuffix(".gz")
        ids[name] = workspace.documents.add(base.id, shown, io.BytesIO(content)).document.id
    while worker.one_step():
        pass
    read = {name: workspace.documents.get(id) for name, id in ids.items()}
    left = [document.name for document in read.values() if document.state in UNFINISHED]
    if left:
        raise SystemExit(f"Not finished: {left}")
    return read


def figures(app: App, folder: Path, read: dict[str, Document]) -> dict[str, Any]:
    """The figures of one set."""
    if (folder / "expect.jsonl").exists():
        return expected(app, folder / "expect.jsonl", read)
    rows = [
        words_found(line["text"], " ".join(pages_of(app, read[line["file"]])))
        for line in json_lines(folder / "truth.jsonl")
    ]
    recall, precision, f1 = (round(fmean(column), 3) for column in zip(*rows, strict=True))
    return {"files": len(rows), "recall": recall, "precision": precision, "f1": f1}


def expected(app: App, path: Path, read: dict[str, Document]) -> dict[str, Any]:
    """How many rows of each expectation are as expected."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for line in json_lines(path):
        total[line["expect"]] += 1
        problem = wrong(app, line, read[line["file"]])
        right[line["expect"]] += not problem
        if problem:
            print(f"{line['expect']:<6} {line['file']}: {problem}")
    return {kind: f"{right[kind]} of {count}" for kind, count in total.items()}


def wrong(app: App, line: dict[str, Any], document: Document) -> str:
    """What is not as expected, empty where all is."""
    if line["expect"] == "error":
        return "" if document.error else "no error"
    if document.error:
        return document.error
    pages = [plain(text) for text in pages_of(app, document)]
    whole = " ".join([plain(document.title), *pages])
    missing = [text for text in line["contains"] if plain(text) not in whole]
    if missing:
        return f"lacks {missing[0]!r}"
    page, first = line["page"], plain(line["contains"][0])
    if page and (page > len(pages) or first not in pages[page - 1]):
        return f"{line['contains'][0]!r} is not on page {page}"
    return ""


def pages_of(app: App, document: Document) -> Iterator[str]:
    """The text of a document's pages, then of what was found inside it."""
    documents = app.workspace().documents
    yield from (page.text for page in documents.pages(document.id))
    for inner in documents.found_inside(document.id):
        yield from pages_of(app, inner)


def plain(text: str) -> str:
    """A text as it is compared."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def words_found(true: str, read: str) -> tuple[float, float, float]:
    """Recall, precision and F1 of words, counted as often as they stand there."""
    wanted, found = (Counter(re.findall(r"\w+", text.casefold())) for text in (true, read))
    both = sum((wanted & found).values())
    recall, precision = both / max(1, wanted.total()), both / max(1, found.total())
    return recall, precision, 2 * recall * precision / max(1e-9, recall + precision)


if __name__ == "__main__":
    raise SystemExit(main())
