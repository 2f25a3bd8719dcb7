"""Documents: add, list, look at, remove."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from kb.answering.offers import questions_about
from kb.domain.access import Action
from kb.domain.documents import (
    UNFINISHED,
    Document,
    DocumentId,
    DocumentState,
    KnowledgeBaseId,
    Page,
    Passage,
)
from kb.domain.jobs import JobState, Progress
from kb.domain.media_types import PDF, PICTURES
from kb.ports import Clock, FileStore
from kb.records import Records, Transaction
from kb.services.access import Access
from kb.services.indexes import Indexes
from kb.services.recording import Added, StoredFile, clean_name, record, remove_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDocument:
    """A document and how far the work on it is, None where there is none."""

    document: Document
    progress: Progress | None = None
    paused: bool = False
    started_at: datetime | None = None


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
            file = StoredFile(name=clean, sha256=sha256, size_bytes=size, media_type=media_type)
            with self.records.writing() as records:
                added = record(records, base_id, file, self.clock())
        self.wake_worker()
        return added

    def add_to(self, id: DocumentId, base_id: KnowledgeBaseId) -> Added:
        """Let a document belong to another knowledge base too; it is not read again."""
        document = self.access.require_document(Action.SEE, id)
        self.access.require(Action.CHANGE, base_id)
        file = StoredFile(
            name=document.name,
            sha256=document.content_sha256,
            size_bytes=document.size_bytes,
            media_type=document.media_type,
        )
        with self.records.writing() as records:
            records.documents.get(id)
            added = record(records, base_id, file, self.clock())
        self.wake_worker()
        return added

    def listed(self, base_id: KnowledgeBaseId) -> list[ListedDocument]:
        """All documents but superseded ones, with the work on them, by name."""
        self.access.require(Action.SEE, base_id)
        with self.records.reading() as view:
            documents = view.documents.of(base_id)
            listed = _with_work(view, documents)
        return [each for each in listed if each.document.state is not DocumentState.SUPERSEDED]

    def with_work(self, id: DocumentId) -> ListedDocument:
        """A document with the work on it. Raises NotFoundError."""
        document = self.access.require_document(Action.SEE, id)
        with self.records.reading() as view:
            return _with_work(view, [document])[0]

    def get(self, id: DocumentId) -> Document:
        """Raises NotFoundError."""
        return self.access.require_document(Action.SEE, id)

    def page(self, id: DocumentId, number: int) -> Page:
        """A page as it was read. Raises NotFoundError."""
        self.access.require_document(Action.SEE, id)
        with self.records.reading() as view:
            return view.documents.page(id, number)

    def pages(self, id: DocumentId) -> list[Page]:
        """All pages as they were read, in order."""
        self.access.require_document(Action.SEE, id)
        with self.records.reading() as view:
            return view.documents.pages(id)

    def found_inside(self, id: DocumentId) -> list[Document]:
        """The documents that came in this mail or archive, by name."""
        self.access.require_document(Action.SEE, id)
        with self.records.reading() as view:
            documents = view.documents.many(view.documents.children(id))
        return sorted(documents.values(), key=lambda document: document.name)

    def passages(self, id: DocumentId) -> list[Passage]:
        """In order."""
        self.access.require_document(Action.SEE, id)
        with self.records.reading() as view:
            return view.documents.passages_of(id)

    def questions(self, id: DocumentId) -> list[str]:
        """Some that the document can answer, to begin with. Raises NotFoundError."""
        return questions_about(self.passages(id))

    def original(self, id: DocumentId) -> Path:
        """Where the file as it was added lies."""
        document = self.access.require_document(Action.SEE, id)
        return self.files.path(document.content_sha256)

    def picture(self, id: DocumentId, page: int, scale: float = 1.5) -> bytes | None:
        """PNG of a page, `scale` pixels a point; None for formats that have no pages to show."""
        document = self.access.require_document(Action.SEE, id)
        if document.media_type != PDF and document.media_type not in PICTURES:
            return None
        return self.draw_page(self.files.path(document.content_sha256), page, scale)

    def remove(self, id: DocumentId) -> None:
        """Remove a document with the versions before it and what came in it: files, text, words
        and vectors. Its text leaves past answers too.

        A superseded version is removed alone.
        """
        document = self.access.require_document(Action.CHANGE, id)
        with self.records.reading() as view:
            base = view.knowledge_bases.get(document.knowledge_base_id)
            ids = view.documents.passage_ids_of(id)
        with self.indexes.forgetting(base, ids) as forgotten, self.records.writing() as records:
            swap = remove_whole(records, records.documents.get(id))
        # The files first: a damaged vector index is told of, and must not keep them.
        self.indexes.forget_files(swap.contents)
        if forgotten:
            forgotten.result()
        left = sorted(set(swap.gone) - set(ids))
        self.indexes.forget(base.id, base.embedding_space_id, left)


def _with_work(view: Transaction, documents: Sequence[Document]) -> list[ListedDocument]:
    at_work = {d.id for d in documents if d.state in UNFINISHED or d.ledger.waiting}
    jobs = view.jobs.of_subjects(set(at_work))
    return [
        ListedDocument(
            document=document,
            progress=job.progress if job else None,
            paused=job is not None and job.state is JobState.PAUSED,
            started_at=job.started_at if job else None,
        )
        for document in documents
        for job in [jobs.get(document.id)]
    ]
