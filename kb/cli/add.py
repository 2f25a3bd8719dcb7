"""`add`: take files, folders and .jsonl collections in."""

import argparse
import io
import json
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from typing import Any, BinaryIO

from kb.bootstrap import App
from kb.cli import options, output
from kb.domain.documents import UNFINISHED, Document, DocumentId, DocumentState, KnowledgeBase
from kb.domain.errors import InvalidInputError, NotFoundError, QuireError
from kb.domain.media_types import RECORD
from kb.evaluation.questions import filled_lines, json_lines, json_object
from kb.services.recording import Added
from kb.services.workspace import Workspace
from kb.worker import Worker

LOOK_SECONDS = 0.05


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
    """Add to the named knowledge base, made if needed; what became of each source.

    What was found inside a source comes after it.
    """
    troubles: list[QuireError] = []
    workspace, worker = app.workspace(), Worker(app, on_trouble=troubles.append)
    base = _base(workspace, kb)
    with output.progress() as bar:
        task = bar.add_task(f"Adding to {base.name}", total=len(sources))
        worker.start()
        try:
            for begun in [_begun(workspace, base, source) for source in sources]:
                yield from _finished(workspace, begun, troubles, set())
                bar.advance(task)
        finally:
            worker.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """A source that was added, or why it could not be."""

    source: Source
    at: float
    added: Added | None = None
    problem: str = ""


def _begun(workspace: Workspace, base: KnowledgeBase, source: Source) -> _Begun:
    at = perf_counter()
    if source.problem:
        return _Begun(source=source, at=at, problem=source.problem)
    try:
        media_type = RECORD if source.record is not None else ""
        with closing(source.open()) as stream:
            added = workspace.documents.add(base.id, source.name, stream, media_type)
        if added.duplicate:
            _go_on(workspace, added.document, set())
    except QuireError as error:
        return _Begun(source=source, at=at, problem=str(error))
    except OSError as error:
        return _Begun(source=source, at=at, problem=f"{source.name}: {error.strerror}.")
    return _Begun(source=source, at=at, added=added)


def _go_on(workspace: Workspace, document: Document, seen: set[DocumentId]) -> None:
    """Go on with what was paused, stopped or failed of a document that is there already."""
    seen.add(document.id)
    workspace.jobs.resume([document.id])
    with suppress(InvalidInputError):
        workspace.jobs.retry([document.id])
    for inner in workspace.documents.found_inside(document.id):
        if inner.id not in seen:
            _go_on(workspace, inner, seen)


def _finished(
    workspace: Workspace, begun: _Begun, troubles: list[QuireError], told: set[DocumentId]
) -> Iterator[dict[str, Any]]:
    """What became of a source and of what was found inside it, once that is known.

    Raises the first of the `troubles` that keep the worker from going on.
    """
    source = begun.source
    if begun.added is None:
        yield _told(source, None, "failed", begun.at, begun.problem)
        return
    try:
        document = _awaited(workspace, begun.added.document.id, troubles)
    except NotFoundError as error:
        yield _told(source, None, "failed", begun.at, str(error))
        return
    yield _told(source, document, _status(document, begun.added), begun.at, document.error)
    told.add(document.id)
    for inner in workspace.documents.found_inside(document.id):
        # An archive may hold what holds it.
        if inner.id not in told:
            found = _Begun(source=source, at=begun.at, added=Added(document=inner, duplicate=False))
            yield from _finished(workspace, found, troubles, told)


def _awaited(workspace: Workspace, id: DocumentId, troubles: list[QuireError]) -> Document:
    while True:
        document = workspace.documents.get(id)
        if document.state not in UNFINISHED and not document.ledger.waiting:
            return document
        if troubles:
            raise troubles[0]
        sleep(LOOK_SECONDS)


def _status(document: Document, added: Added) -> str:
    if document.state not in (DocumentState.READY, DocumentState.SUPERSEDED):
        return "failed"
    return "duplicate" if added.duplicate else "ready"


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
