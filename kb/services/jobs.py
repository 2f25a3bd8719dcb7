"""The work on documents: pause, go on, cancel, do again; and how long it will take."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kb.domain.access import Action
from kb.domain.documents import (
    FINDABLE,
    UNFINISHED,
    Document,
    DocumentId,
    DocumentState,
    PassageId,
)
from kb.domain.errors import InvalidInputError
from kb.domain.jobs import JobKind, Progress
from kb.ports import Clock
from kb.records import Records, Transaction
from kb.services.access import Access
from kb.services.documents import ListedDocument
from kb.services.indexes import Indexes
from kb.services.recording import new_job, others_of_name, requeue

RECENT = timedelta(minutes=10)
FEWEST_SECONDS = 3.0
"""Work that has run for less says nothing yet about what is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """How many documents are being taken in, how many of them are paused,
    and the seconds that the others will take, None while that cannot be told."""

    documents: int
    paused: int
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsService:
    """The work on the documents of the knowledge bases in an actor's view."""

    access: Access
    records: Records
    indexes: Indexes
    clock: Clock
    wake_worker: Callable[[], None]

    def cancel(self, ids: Collection[DocumentId]) -> None:
        """Stop taking these documents in, and forget what was read of them; their files stay.

        A document that is ready stays so, and OCR reads no more of it.
        """
        self._require(ids)
        gone: list[tuple[Document, list[PassageId]]] = []
        with self.records.writing() as records:
            for document in records.documents.many(ids).values():
                if document.state not in (*UNFINISHED, DocumentState.READY):
                    continue
                if document.finished_at is None and document.state is not DocumentState.READY:
                    records.jobs.remove_of(document.id)
                    gone.append((document, records.documents.clear(document.id)))
                    records.documents.set_state(
                        document.id, DocumentState.CANCELLED, finished_at=self.clock()
                    )
                else:
                    records.jobs.remove_of(document.id, JobKind.OCR)
                    records.documents.want_no_ocr(document.id)
        for document, passage_ids in gone:
            with self.records.reading() as view:
                base = view.knowledge_bases.get(document.knowledge_base_id)
            self.indexes.forget(base.id, base.embedding_space_id, passage_ids)

    def pause(self, ids: Collection[DocumentId]) -> None:
        """Let the work on these documents rest until `resume`, also over a restart."""
        self._require(ids)
        with self.records.writing() as records:
            records.jobs.pause(set(ids))

    def resume(self, ids: Collection[DocumentId]) -> None:
        """Go on with the work on these documents."""
        self._require(ids)
        with self.records.writing() as records:
            records.jobs.resume(set(ids))
        self.wake_worker()

    def retry(self, ids: Collection[DocumentId]) -> None:
        """Take failed and cancelled documents in again, and let OCR read what it has left of
        others. Raises InvalidInputError where a newer version is there.
        """
        self._require(ids)
        with self.records.writing() as records:
            for document in records.documents.many(ids).values():
                if document.state in (DocumentState.FAILED, DocumentState.CANCELLED):
                    _require_newest(records, document)
                    records.documents.forget_ocr(document.content_sha256)
                    requeue(records, document, self.clock())
                elif document.state in FINDABLE and not document.ledger.waiting:
                    _want_ocr(records, document, self.clock())
        self.wake_worker()

    def _require(self, ids: Collection[DocumentId]) -> None:
        self.access.require_documents(Action.CHANGE, ids)


def remaining(listed: Sequence[ListedDocument], now: datetime) -> Remaining:
    """What is still to be done of these documents, by the rate of the last ten minutes."""
    waiting = [each for each in listed if each.document.state in UNFINISHED]
    going = [each for each in waiting if not each.paused]
    return Remaining(
        documents=len(waiting),
        paused=len(waiting) - len(going),
        seconds=_seconds(listed, going, now) if going else None,
    )


def _seconds(
    listed: Sequence[ListedDocument], going: Sequence[ListedDocument], now: datetime
) -> float | None:
    since = max(now - RECENT, min(each.document.created_at for each in going))
    documents = [each.document for each in listed]
    done = [d for d in documents if d.finished_at and d.finished_at >= since]
    begun = max(now - RECENT, min([since, *(document.created_at for document in done)]))
    seconds = (now - begun).total_seconds()
    partly = sum(each.document.size_bytes * _share(each.progress) for each in going)
    bytes_done = partly + sum(document.size_bytes for document in done)
    if not bytes_done or seconds < FEWEST_SECONDS:
        return None
    bytes_left = sum(each.document.size_bytes for each in going) - partly
    return seconds / bytes_done * bytes_left


def _share(progress: Progress | None) -> float:
    return progress.done / progress.total if progress and progress.total else 0.0


def _want_ocr(records: Transaction, document: Document, now: datetime) -> None:
    if records.documents.want_ocr(document.id):
        records.jobs.add(new_job(JobKind.OCR, document.id), now)


def _require_newest(records: Transaction, document: Document) -> None:
    if any(other.version > document.version for other in others_of_name(records, document)):
        raise InvalidInputError(
            "A newer version of this document is there.",
            subject=document.name,
            advice="Remove this one.",
        )
