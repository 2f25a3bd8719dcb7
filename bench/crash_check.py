"""Compares a data folder with what it should hold: records, files, words and vectors."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from bench.crash_child import QuickReader
from bench.crash_library import Made
from kb.adapters.files import DRAFTS
from kb.adapters.sql.word_forms import indexed
from kb.bootstrap import App, open_app
from kb.domain.documents import FINDABLE, Document, DocumentState, KnowledgeBase
from kb.domain.errors import NotFoundError
from kb.ports import Embedder
from kb.settings import Settings
from kb.worker import Worker

KB = "My documents"


def while_broken(
    home: Path, embedder: Embedder, before: dict[str, Made], after: dict[str, Made]
) -> list[str]:
    """What is wrong right after a kill, before anything is mended.

    A document of both `before` and `after` must be found in exactly one of these versions, any
    other one in none or in the one it is to have.
    """
    app = open_app(Settings(home=home), serving=False, embedder=embedder)
    try:
        found = [*_sound(app), *_versions(app, before, after)]
        return found or list(_search(app, before, after))
    finally:
        app.close()


def going_on(
    home: Path,
    embedder: Embedder,
    before: dict[str, Made],
    after: dict[str, Made],
    *,
    alone: bool,
) -> list[str]:
    """What is wrong once Quire was started again and did what was queued, with nothing added.

    Files are read in this process if `alone`.
    """
    app = open_app(Settings(home=home), serving=False, embedder=embedder)
    try:
        if alone:
            app.ingestion = replace(app.ingestion, reader=QuickReader())
        app.indexes.mend()
        worker = Worker(app)
        while worker.one_step():
            pass
        app.rest()
        found = [*_sound(app), *_versions(app, before, after), *_ready_or_failed(app)]
        return found or [*_files(app), *_indexes(app), *_search(app, before, after)]
    finally:
        app.close()


def afterwards(home: Path, embedder: Embedder, wanted: dict[str, Made]) -> list[str]:
    """What is wrong once everything was mended and done: nothing more nor less is to be there."""
    app = open_app(Settings(home=home), serving=False, embedder=embedder)
    try:
        found = [*_sound(app), *_complete(app, wanted), *_files(app)]
        return found or [*_indexes(app), *_search(app, wanted)]
    finally:
        app.close()


def _base(app: App) -> KnowledgeBase | None:
    try:
        return app.workspace().knowledge_bases.named(KB)
    except NotFoundError:
        return None


def _documents(app: App) -> list[Document]:
    base = _base(app)
    with app.records.reading() as view:
        return view.documents.of(base.id) if base else []


def _sound(app: App) -> Iterator[str]:
    with app.records.engine.connect() as connection:
        told = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        if told != ["ok"]:
            yield f"the records are damaged: {told[:3]}"
        if connection.exec_driver_sql("PRAGMA foreign_key_check").all():
            yield "the records name what is not there"
    with app.records.reading() as view:
        for base in view.knowledge_bases.all():
            if not view.documents.words_agree(base.id):
                yield "the words are not those of the passages"


def _versions(app: App, before: dict[str, Made], after: dict[str, Made]) -> Iterator[str]:
    findable: dict[str, list[str]] = {}
    for document in _documents(app):
        if document.state in FINDABLE:
            findable.setdefault(document.name, []).append(document.content_sha256)
    for name in findable.keys() | before.keys() | after.keys():
        there = findable.get(name, [])
        may_be = {files[name].sha256 for files in (before, after) if name in files}
        if len(there) > 1:
            yield f"{name} is found in {len(there)} versions"
        elif name in before and name in after and not there:
            yield f"{name} is found in no version"
        elif not set(there) <= may_be:
            yield f"{name} is found in a version that nobody added"


def _complete(app: App, wanted: dict[str, Made]) -> Iterator[str]:
    current = [d for d in _documents(app) if d.state is not DocumentState.SUPERSEDED]
    there = {document.name: document for document in current}
    if len(there) < len(current):
        yield "a document is there twice"
    for name in there.keys() - wanted.keys():
        yield f"{name} is there but should not be"
    for name, made in wanted.items():
        document = there.get(name)
        if document is None:
            yield f"{name} is lost"
        elif document.state is not DocumentState.READY:
            yield f"{name} is {document.state}: {document.error}"
        elif document.content_sha256 != made.sha256:
            yield f"{name} is there in another version"
        elif document.ledger.waiting or document.ledger.failed:
            yield f"{name} has pages that were not read"
    yield from _jobs(app)


def _ready_or_failed(app: App) -> Iterator[str]:
    for document in _documents(app):
        told = document.state is DocumentState.FAILED and document.name in document.error
        ready = document.state is DocumentState.READY and not document.ledger.waiting
        if not (ready or told or document.state is DocumentState.SUPERSEDED):
            yield f"{document.name} is {document.state}, {document.ledger.waiting} pages wait"
    yield from _jobs(app)


def _jobs(app: App) -> Iterator[str]:
    with app.records.engine.connect() as connection:
        left = connection.exec_driver_sql(
            "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running', 'paused')"
        ).scalar()
    if left:
        yield f"{left} jobs are left"


def _files(app: App) -> Iterator[str]:
    with app.records.reading() as view:
        wanted = view.documents.contents()
    there = app.files.all()
    if there != wanted:
        yield f"{len(there - wanted)} files too many, {len(wanted - there)} missing"
    for digest in there & wanted:
        if sha256(app.files.path(digest).read_bytes()).hexdigest() != digest:
            yield f"the file {digest} was changed"
    if list((app.settings.home / "files" / DRAFTS).iterdir()):
        yield "a draft of a file is left"
    if list(app.spool.iterdir()):
        yield "something is left in the spool"


def _indexes(app: App) -> Iterator[str]:
    if not all(difference.agrees for difference in app.indexes.check()):
        yield "`check` finds a difference"
    base = _base(app)
    if base is None or base.embedding_space_id is None:
        return
    with app.records.reading() as view:
        ids = sorted(view.documents.passage_ids(base.id))
        kept, rows = view.documents.vectors(ids, base.embedding_space_id)
    if sorted(kept) != ids:
        yield f"{len(ids) - len(kept)} passages have no vector"
    collection = app.vectors._collection(base.id, base.embedding_space_id)
    if collection is not None:
        there = collection.get(include=["embeddings"])
        vectors = dict(zip(there["ids"], there["embeddings"], strict=True))  # type: ignore[arg-type]
        if any(
            id not in vectors or not np.allclose(row, vectors[id], atol=1e-5)
            for id, row in zip(kept, rows, strict=True)
        ):
            yield "a vector in the index is not the one in the records"
    with app.records.engine.connect() as connection:
        held = connection.exec_driver_sql(
            f"SELECT w.text, p.text, d.language FROM words_{base.id} AS w "
            "JOIN passages AS p ON p.seq = w.rowid JOIN documents AS d ON d.id = p.document_id"
        )
        other = sum(words != indexed(text, language) for words, text, language in held)
    if other:
        yield f"{other} full-text rows have other words than their passages"


def _search(app: App, *sides: dict[str, Made]) -> Iterator[str]:
    """Each file that is there is found by its mark, in no other's place, and no other file is."""
    base = _base(app)
    if base is None:
        return
    there = {(d.name, d.content_sha256): d for d in _documents(app) if d.state in FINDABLE}
    for name, made in {
        made.mark: (name, made) for side in sides for name, made in side.items()
    }.values():
        if not made.mark:
            continue
        hits = app.workspace().answers.search(base.id, f"What does {made.mark} say?").hits
        holding = {hit.document.name for hit in hits if made.mark in hit.passage.text}
        document = there.get((name, made.sha256))
        whole = document and document.state is DocumentState.READY and not document.ledger.waiting
        if holding - ({name} if document else set()) or (whole and not holding):
            yield f"a search for {made.mark} of {name} finds {sorted(holding)}"
