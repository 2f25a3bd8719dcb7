"""What the worker makes of files that fail, and of a store that does not serve."""

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from kb.bootstrap import App
from kb.domain.documents import Document, DocumentState, ParsedDocument
from kb.domain.errors import (
    DamagedFileError,
    DamagedIndexError,
    DiskFullError,
    ReaderCrashedError,
)
from kb.ingestion.pipeline import Ingestion
from kb.ports import Reader
from kb.records import Transaction
from kb.worker import Worker
from tests.fake_embedder import FakeEmbedder
from tests.open_apps import DirectReader, take_in, work_off

TEXT = "The harbour bridge was built of basalt."


@dataclass
class TroubledReader(DirectReader):
    """Raises its troubles one after the other, then reads."""

    troubles: list[Exception]
    reads: int = 0

    def read(
        self, path: Path, media_type: str, name: str, spool: Path | None = None, pages: int = 0
    ) -> ParsedDocument:
        """Read one file, or fail."""
        self.reads += 1
        if self.troubles:
            raise self.troubles.pop(0)
        return super().read(path, media_type, name, spool, pages)


@dataclass
class FullDisk:
    """Records that do not take the next `full` changes."""

    records: Any
    full: int = 0
    refused: threading.Event = field(default_factory=threading.Event)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.records, name)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Changes, unless the disk is full."""
        if self.full:
            self.full -= 1
            self.refused.set()
            raise DiskFullError("The disk is full, so nothing was changed.")
        with self.records.writing() as store:
            yield store


def ingestion_with(reader: Reader) -> Ingestion:
    """Ingestion by this reader and a fake embedder."""
    embedder = FakeEmbedder()
    return Ingestion(reader=reader, embedder=embedder, bulk_embedder=embedder)


def read_with(app: App, *troubles: Exception) -> tuple[Document, TroubledReader]:
    """What becomes of a document whose reader has troubles."""
    reader = TroubledReader(list(troubles))
    app.ingestion = ingestion_with(reader)
    base = app.workspace().knowledge_bases.first()
    return take_in(app, app.workspace(), base.id, "bridge.txt", TEXT), reader


def test_a_crash_of_the_reader_costs_an_attempt_and_the_third_one_the_document(app: App) -> None:
    crashes = [ReaderCrashedError("The reader broke down.", subject="bridge.txt")] * 3
    document, reader = read_with(app, *crashes[:2])
    assert (document.state, reader.reads) == (DocumentState.READY, 3)
    app.workspace().documents.remove(document.id)
    document, reader = read_with(app, *crashes)
    assert (document.state, reader.reads) == (DocumentState.FAILED, 3)
    assert document.error == "bridge.txt: The reader broke down."


def test_a_damaged_file_fails_at_once(app: App) -> None:
    document, reader = read_with(
        app, DamagedFileError("The file is damaged.", subject="bridge.txt")
    )
    assert (document.state, reader.reads) == (DocumentState.FAILED, 1)


def test_a_mistake_of_ours_fails_the_document_with_a_sentence(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    document, _ = read_with(app, RuntimeError("secret path"))
    assert document.state is DocumentState.FAILED
    assert document.error == (
        "bridge.txt: Quire made a mistake over this file. Retry it; the log says more."
    )
    assert "secret path" in caplog.text


def test_a_full_disk_does_not_end_the_worker(app: App, caplog: pytest.LogCaptureFixture) -> None:
    disk = FullDisk(app.records)
    app.records = cast(Any, disk)
    base = app.workspace().knowledge_bases.first()
    disk.full = 1
    worker = Worker(app)
    worker.start()
    assert disk.refused.wait(10)
    added = app.workspace().documents.add(base.id, "bridge.txt", io.BytesIO(TEXT.encode()))
    documents, deadline = app.workspace().documents, time.monotonic() + 10
    while (
        documents.get(added.document.id).state is not DocumentState.READY
        and time.monotonic() < deadline
    ):
        time.sleep(0.02)
    worker.stop()
    assert documents.get(added.document.id).state is DocumentState.READY


@dataclass
class ReaderCutShort(DirectReader):
    """A reader whose process is ended in the midst of a file, by the worker that stops."""

    stop: Any

    def read(
        self, path: Path, media_type: str, name: str, spool: Path | None = None, pages: int = 0
    ) -> ParsedDocument:
        """Stop the worker, then fail as a reader does whose process was ended."""
        self.stop()
        raise ReaderCrashedError("The reader broke down.", subject=name)


def test_a_stop_in_the_midst_of_a_file_costs_it_no_attempt(app: App) -> None:
    workspace = app.workspace()
    base = workspace.knowledge_bases.first()
    added = workspace.documents.add(base.id, "bridge.txt", io.BytesIO(TEXT.encode()))
    for _ in range(4):
        worker = Worker(app)
        app.ingestion = ingestion_with(ReaderCutShort(worker.stop))
        assert worker.one_step()
    app.ingestion = ingestion_with(DirectReader())
    work_off(app)
    assert workspace.documents.get(added.document.id).state is DocumentState.READY


@dataclass
class ReaderThatFills(DirectReader):
    """A reader that leaves no room for what it has read, nor for what to say of that."""

    disk: FullDisk

    def read(
        self, path: Path, media_type: str, name: str, spool: Path | None = None, pages: int = 0
    ) -> ParsedDocument:
        """Read one file, and fill the disk for a while."""
        self.disk.full = 2
        return super().read(path, media_type, name, spool, pages)


def test_a_job_whose_outcome_could_not_be_kept_is_done_again_once_there_is_room(app: App) -> None:
    workspace = app.workspace()
    base = workspace.knowledge_bases.first()
    disk = FullDisk(app.records)
    app.records = cast(Any, disk)
    app.ingestion = ingestion_with(ReaderThatFills(disk))
    added = workspace.documents.add(base.id, "bridge.txt", io.BytesIO(TEXT.encode()))
    worker = Worker(app)
    for _ in range(4):
        with pytest.raises(DiskFullError):
            worker.one_step()
    app.ingestion = ingestion_with(DirectReader())
    while worker.one_step():
        pass
    assert workspace.documents.get(added.document.id).state is DocumentState.READY


def test_a_store_that_does_not_serve_is_told_of(app: App) -> None:
    disk = FullDisk(app.records, full=1)
    app.records = cast(Any, disk)
    told: list[str] = []
    worker = Worker(app, on_trouble=lambda error: told.append(str(error)))
    worker.start()
    assert disk.refused.wait(10)
    worker.stop()
    assert told == ["The disk is full, so nothing was changed."]


def test_what_is_wrong_with_the_index_after_a_document_is_ready_does_not_fail_it(
    app: App, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise DamagedIndexError("The vector index is damaged.")

    app.ingestion = ingestion_with(DirectReader())
    base = app.workspace().knowledge_bases.first()
    with monkeypatch.context() as patch:
        patch.setattr(app.vectors, "upsert", broken)
        document = take_in(app, app.workspace(), base.id, "bridge.txt", TEXT)
    assert document.state is DocumentState.READY
    assert "The vector index is damaged." in caplog.text
    app.indexes.mend()
    assert all(difference.agrees for difference in app.indexes.check())
