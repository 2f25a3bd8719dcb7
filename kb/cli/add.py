"""`add`: take files, folders and .jsonl collections in."""

import argparse
import io
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, BinaryIO

from kb.bootstrap import App
from kb.cli import options, output
from kb.domain.documents import Document, DocumentState, KnowledgeBase
from kb.domain.errors import InvalidInputError, NotFoundError, QuireError
from kb.domain.media_types import RECORD
from kb.evaluation.questions import filled_lines, json_lines, json_object
from kb.services.workspace import Workspace
from kb.worker import Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something to add: a file, or one line of a .jsonl as a record or as what is wrong with it."""

    path: Path
    name: str
    record: bytes | None = None
    problem: str = ""

    def open(self) -> BinaryIO:
        """Its content."""
        return self.path.open("rb") if self.record is None else io.BytesIO(self.record)


def register(commands: Any, everywhere: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "add", parents=[everywhere], help="take files and folders in, and wait until they are ready"
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="file or folder")
    options.add_kb(parser)
    options.add_json(parser)
    parser.set_defaults(run=run, mends=True)


def run(args: argparse.Namespace, app: App) -> int:
    """Add everything; 1 if anything failed."""
    for path in args.paths:
        if not path.exists():
            raise InvalidInputError(f"{path} does not exist.", subject=str(path))
    sources = [source for path in args.paths for source in sources_of(path)]
    failed = 0
    for told in add_all(app, args.kb, sources):
        failed += told["status"] == "failed"
        output.as_json(told) if args.json else output.line(_shown(told))
    return 1 if failed else 0


def sources_of(path: Path) -> Iterator[Source]:
    """The files below a path, in order; a .jsonl of records line by line. Hidden ones are left out.

    A file is named by its path relative to the folder given, or by its own name.
    """
    if path.is_file():
        yield from _records_or_file(path, path.name)
        return
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path)
        if file.is_file() and not any(part.startswith(".") for part in name.parts):
            yield from _records_or_file(file, name.as_posix())


def add_all(app: App, kb: str, sources: list[Source]) -> Iterator[dict[str, Any]]:
    """Add to the named knowledge base, made if needed; what became of each source."""
    workspace, worker = app.workspace(), Worker(app)
    base = _base(workspace, kb)
    with output.progress() as bar:
        task = bar.add_task(f"Adding to {base.name}", total=len(sources))
        for source in sources:
            yield _add_one(workspace, worker, base, source)
            bar.advance(task)


def _add_one(
    workspace: Workspace, worker: Worker, base: KnowledgeBase, source: Source
) -> dict[str, Any]:
    begun = perf_counter()
    if source.problem:
        return _told(source, None, "failed", begun, source.problem)
    try:
        media_type = RECORD if source.record is not None else ""
        with closing(source.open()) as stream:
            added = workspace.documents.add(base.id, source.name, stream, media_type)
        while worker.one_step():
            pass
        document = workspace.documents.get(added.document.id)
    except (QuireError, OSError) as error:
        reason = (
            str(error) if isinstance(error, QuireError) else f"{source.name}: {error.strerror}."
        )
        return _told(source, None, "failed", begun, reason)
    ready = document.state is DocumentState.READY
    status = "failed" if not ready else "duplicate" if added.duplicate else "ready"
    return _told(source, document, status, begun, document.error)


def _told(
    source: Source, document: Document | None, status: str, begun: float, error: str
) -> dict[str, Any]:
    return {
        "path": str(source.path),
        "document": document.name if document else source.name,
        "status": status,
        "pages": document.page_count if document else None,
        "passages": document.passage_count if document else 0,
        "seconds": round(perf_counter() - begun, 3),
        "error": error or None,
    }


def _base(workspace: Workspace, name: str) -> KnowledgeBase:
    try:
        return workspace.knowledge_bases.named(name)
    except NotFoundError:
        return workspace.knowledge_bases.create(name)


def _records_or_file(path: Path, name: str) -> Iterator[Source]:
    if path.suffix.lower() == ".jsonl" and _holds_records(path):
        for number, line in filled_lines(path):
            yield _record(path, name, line, f"Line {number} of {name}")
    else:
        yield Source(path=path, name=name)


def _holds_records(path: Path) -> bool:
    try:
        first = next(json_lines(path), None)
    except (InvalidInputError, OSError):
        return False
    return first is not None and "id" in first and "text" in first


def _record(path: Path, name: str, line: bytes, place: str) -> Source:
    try:
        given = json_object(line, place)
    except InvalidInputError as error:
        return Source(path=path, name=name, problem=str(error))
    if not str(given.get("id", "")).strip():
        return Source(path=path, name=name, problem=f"{place} has no id.")
    record = {key: given.get(key, "") for key in ("id", "title", "text")}
    return Source(path=path, name=str(given["id"]), record=json.dumps(record).encode())


def _shown(told: dict[str, Any]) -> str:
    if told["status"] == "failed":
        return f"failed     {told['error']}"
    pages = f"{told['pages']} pages, " if told["pages"] else ""
    return (
        f"{told['status']:<10} {told['document']}: {pages}{told['passages']} passages, "
        f"{told['seconds']:.1f} s"
    )
