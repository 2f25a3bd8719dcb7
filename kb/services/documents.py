"""Documents: add, list, look at, retry, remove."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from kb.domain.access import Action
from kb.domain.conversations import without_document
from kb.domain.documents import (
    Document,
    DocumentId,
    DocumentState,
    KnowledgeBaseId,
    Page,
    Passage,
    PassageId,
)
from kb.domain.errors import InvalidInputError
from kb.domain.jobs import Job, JobId, JobKind, JobState, Progress
from kb.domain.media_types import PDF
from kb.ports import Clock, FileStore, Records, Transaction
from kb.services.access import Access
from kb.services.indexes import Indexes

LONGEST_NAME = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of an added file: a document to be read, or one that was there already."""

    document: Document
    duplicate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDocument:
    """A document and how far its ingestion is."""

    document: Document
    progress: Progress | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsService:
    """The documents of the knowledge bases in an actor's view."""

    access: Access
    records: Records
    files: FileStore
    indexes: Indexes
    clock: Clock
    draw_page: Callable[[Path, int, float], bytes]
    wake_worker: Callable[[], None]

    def add(
        self, base_id: KnowledgeBaseId, name: str, stream: BinaryIO, media_type: str = ""
    ) -> Added:
        """Store a file and queue its ingestion. Raises InvalidInputError, DiskFullError.

        The same content again gives the document that is there; a new content under a name
        that is taken takes that document's place once it is ready. An empty media type is
        found out from the content.
        """
        self.access.require(Action.CHANGE, base_id)
        clean = clean_name(name)
        # Held so that nobody removes the file between its storing and its recording.
        with self.indexes.lock:
            sha256, size = self.files.put(stream)
            with self.records.writing() as records:
                added = self._record(records, base_id, clean, media_type, sha256, size)
        self.wake_worker()
        return added

    def listed(self, base_id: KnowledgeBaseId) -> list[ListedDocument]:
        """All documents with their progress, by name."""
        self.access.require(Action.SEE, base_id)
        with self.records.reading() as view:
            documents = view.documents.of(base_id)
            waiting = {d.id for d in documents if d.state is DocumentState.QUEUED}
            jobs = view.jobs.of_subjects(set(waiting))
        return [
            ListedDocument(
                document=document,
                progress=jobs[document.id].progress if document.id in jobs else None,
            )
            for document in documents
        ]

    def get(self, id: DocumentId) -> Document:
        """Raises NotFoundError."""
        return self.access.require_document(Action.SEE, id)

    def page(self, id: DocumentId, number: int) -> Page:
        """A page as it was read. Raises NotFoundError."""
        self.access.require_document(Action.SEE, id)
        with self.records.reading() as view:
            return view.documents.page(id, number)

    def passages(self, id: DocumentId) -> list[Passage]:
        """In order."""
        self.access.require_document(Action.SEE, id)
        with self.records.reading() as view:
            return view.documents.passages_of(id)

    def original(self, id: DocumentId) -> Path:
        """Where the file as it was added lies."""
        document = self.access.require_document(Action.SEE, id)
        return self.files.path(document.content_sha256)

    def picture(self, id: DocumentId, page: int, scale: float = 1.5) -> bytes | None:
        """PNG of a page, `scale` pixels a point; None for formats that have no pages to show."""
        document = self.access.require_document(Action.SEE, id)
        if document.media_type != PDF:
            return None
        return self.draw_page(self.files.path(document.content_sha256), page, scale)

    def retry(self, id: DocumentId) -> None:
        """Take a failed document in again; nothing happens to another one.

        Raises InvalidInputError where a newer version of it is there.
        """
        self.access.require_document(Action.CHANGE, id)
        with self.records.writing() as records:
            document = records.documents.get(id)
            newest = records.documents.find(document.knowledge_base_id, document.name)
            if newest and newest.version > document.version:
                raise InvalidInputError(
                    "A newer version of this document is there.",
                    subject=document.name,
                    advice="Remove this one.",
                )
            if document.state is DocumentState.FAILED:
                self._requeue(records, document)
        self.wake_worker()

    def remove(self, id: DocumentId) -> None:
        """Remove a document: its file, text, words and vectors, and its text in past answers."""
        document = self.access.require_document(Action.CHANGE, id)
        with self.records.writing() as records:
            base = records.knowledge_bases.get(document.knowledge_base_id)
            passage_ids = forget(records, id)
        # The file first: a damaged vector index is told of, and must not keep it.
        self.indexes.forget_files({document.content_sha256})
        self.indexes.forget(base.id, base.embedding_space_id, passage_ids)

    def _record(
        self,
        records: Transaction,
        base_id: KnowledgeBaseId,
        name: str,
        media_type: str,
        sha256: str,
        size: int,
    ) -> Added:
        there = records.documents.of_content(sha256)
        alike = [d for d in there if d.knowledge_base_id == base_id]
        for same in alike:
            if same.state is DocumentState.READY or _will_be_read_alike(same, name):
                return Added(document=same, duplicate=True)
        for same in alike:
            # Under another name it may well be readable: endings tell types.
            if same.name == name:
                self._requeue(records, same)
                return Added(document=records.documents.get(same.id), duplicate=False)
        before = records.documents.find(base_id, name)
        document = Document(
            id=DocumentId(uuid.uuid4().hex),
            knowledge_base_id=base_id,
            name=name,
            media_type=media_type,
            content_sha256=sha256,
            size_bytes=size,
            created_at=self.clock(),
            version=before.version + 1 if before else 1,
        )
        records.documents.add(document)
        records.jobs.add(ingest_job(document.id), self.clock())
        return Added(document=document, duplicate=False)

    def _requeue(self, records: Transaction, document: Document) -> None:
        records.documents.requeue(document.id)
        records.jobs.remove_of(document.id)
        records.jobs.add(ingest_job(document.id), self.clock())


def _will_be_read_alike(queued: Document, name: str) -> bool:
    """Whether what becomes of a waiting document will become of its content under this name.

    Endings tell types, and an empty file is refused by its name.
    """
    if queued.state is not DocumentState.QUEUED:
        return False
    alike = Path(queued.name).suffix.lower() == Path(name).suffix.lower()
    return queued.name == name or (alike and queued.size_bytes > 0)


def forget(records: Transaction, id: DocumentId) -> list[PassageId]:
    """Take a document out of the records, its text in past answers too; its passages' ids."""
    records.jobs.remove_of(id)
    for message in records.conversations.citing(id):
        records.conversations.save_message(without_document(message, id))
    return records.documents.remove(id)


def ingest_job(id: DocumentId) -> Job:
    """New work: take this document in."""
    return Job(
        id=JobId(uuid.uuid4().hex),
        kind=JobKind.INGEST,
        subject_id=id,
        state=JobState.QUEUED,
        attempt=0,
        progress=Progress(step="waiting"),
        lease_until=None,
    )


def clean_name(name: str) -> str:
    """A document's name as it is kept: printable, no white space at its ends, bounded.

    Raises InvalidInputError where nothing is left.
    """
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name).strip()
    shown = shown.encode("utf-8", "replace").decode("utf-8")[-LONGEST_NAME:]
    if not shown:
        raise InvalidInputError("A document needs a name.")
    return shown
