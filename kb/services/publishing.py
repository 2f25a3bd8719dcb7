"""What becomes findable when: a document's steps from read to ready, each one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kb.domain.documents import (
    FINDABLE,
    Document,
    DocumentId,
    DocumentState,
    EmbeddingSpace,
    KnowledgeBase,
    PageLedger,
    PassageId,
)
from kb.domain.errors import (
    DamagedFileError,
    EmbeddingSpaceError,
    IngestionError,
    JobCancelledError,
)
from kb.domain.jobs import Job, JobKind
from kb.domain.media_types import RECORD
from kb.ingestion.pipeline import ReadDocument
from kb.records import Records, Transaction
from kb.services.recording import StoredFile, Swap, bring_in, new_job, others_of_name, record

NO_TEXT = "No text was found in it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Publishes what the worker made, unless the attempt no longer holds its job.

    Every method raises JobCancelledError in that case.
    """

    records: Records

    def beginning(self, job: Job, document: Document, read: ReadDocument) -> None:
        """Make the first pages of a new document searchable by their words."""
        with self.records.writing() as records:
            require_held(records.jobs.holds(job))
            document = records.documents.get(document.id)
            if read.passages and not _replaces(records, document):
                _spaced(records, document, read.space)
                self._store(records, document, read, read.ledger, DocumentState.SEARCHABLE)

    def read(
        self,
        job: Job,
        document: Document,
        read: ReadDocument,
        found_inside: Sequence[StoredFile],
        now: datetime,
    ) -> list[PassageId]:
        """Make a document searchable by its words, and queue what is left to do.

        Gives the passages that are no longer there. Raises DamagedFileError where there is
        no text.
        """
        with self.records.writing() as records:
            require_held(records.jobs.finish(job))
            document = records.documents.get(document.id)
            ledger = read.ledger
            if document.finished_at and not document.ledger.waiting:
                # Cancelled meanwhile: the rest stays as it is, until it is retried.
                ledger = replace(ledger, waiting=0)
            waits_for_ocr = ledger.waiting > 0
            if not (read.passages or waits_for_ocr or found_inside or read.media_type == RECORD):
                raise DamagedFileError(" ".join([NO_TEXT, *read.warnings]), subject=document.name)
            base = _spaced(records, document, read.space)
            only_pictures = waits_for_ocr and not read.passages
            hidden = only_pictures or _replaces(records, document)
            state = DocumentState.QUEUED if hidden else DocumentState.SEARCHABLE
            gone = self._store(records, document, read, ledger, state)
            if not only_pictures and not records.jobs.open_of(document.id, JobKind.EMBED):
                records.jobs.add(new_job(JobKind.EMBED, document.id), now)
            if waits_for_ocr and not records.jobs.open_of(document.id, JobKind.OCR):
                records.jobs.add(new_job(JobKind.OCR, document.id), now)
            for file in found_inside:
                record(records, base.id, file, now)
        return gone

    def ready(self, job: Job, document: Document, space: EmbeddingSpace, now: datetime) -> Swap:
        """Let a document whose vectors are all there take the place of those before it."""
        with self.records.writing() as records:
            if records.documents.unembedded(document.id, space.id):
                # It was read anew meanwhile.
                require_held(records.jobs.give_back(job))
                return Swap()
            require_held(records.jobs.finish(job))
            return bring_in(records, records.documents.get(document.id), now)

    def ocr_read(self, job: Job, document: Document, *, all_read: bool, now: datetime) -> None:
        """Have a document read anew with what OCR has found; the rest is read later."""
        with self.records.writing() as records:
            require_held(records.jobs.finish(job) if all_read else records.jobs.give_back(job))
            if all_read and _ocr_changes_nothing(records, document.id):
                records.documents.ocr_changed_nothing(document.id)
            elif not records.jobs.open_of(document.id, JobKind.READ):
                records.jobs.add(new_job(JobKind.READ, document.id), now)

    def failed(
        self, job: Job, document: Document, what: str, advice: str, now: datetime
    ) -> list[PassageId]:
        """Fail the document for this reason; the passages that go.

        One that is read already, and would only have been added to, stays and tells of it.
        """
        why = str(IngestionError(what, subject=document.name, advice=advice))
        with self.records.writing() as records:
            require_held(records.jobs.fail(job, why))
            document = records.documents.get(document.id)
            if _is_read_without(records, job, document):
                records.jobs.remove_of(document.id, JobKind.OCR)
                records.documents.want_no_ocr(document.id)
                records.documents.warn(document.id, why)
                return []
            records.jobs.remove_of(document.id)
            gone = records.documents.clear(document.id)
            records.documents.set_state(document.id, DocumentState.FAILED, why, now)
        return gone

    def _store(
        self,
        records: Transaction,
        document: Document,
        read: ReadDocument,
        ledger: PageLedger,
        state: DocumentState,
    ) -> list[PassageId]:
        stored = replace(
            document,
            title=read.title,
            media_type=read.media_type,
            language=read.language,
            page_count=len(read.pages) if read.paged else None,
            passage_count=len(read.passages),
            state=state,
            error="",
            warnings=read.warnings,
            ledger=ledger,
        )
        return records.documents.store(
            stored, read.pages, read.passages, read.embedded, read.space.id, read.names
        )


def require_space(base: KnowledgeBase, space: EmbeddingSpace, document: Document) -> None:
    """Raises EmbeddingSpaceError where the knowledge base was embedded by another model."""
    if base.embedding_space_id not in (None, space.id):
        raise EmbeddingSpaceError(
            f"The knowledge base {base.name} was embedded by another model.",
            subject=document.name,
            advice="Choose that model again, or use a new knowledge base.",
        )


def _spaced(records: Transaction, document: Document, space: EmbeddingSpace) -> KnowledgeBase:
    base = records.knowledge_bases.get(document.knowledge_base_id)
    require_space(base, space, document)
    if base.embedding_space_id is None:
        records.knowledge_bases.set_space(base.id, space)
    return base


def _replaces(records: Transaction, document: Document) -> bool:
    """Whether another version is found now, which stays until this one is ready."""
    return any(other.state in FINDABLE for other in others_of_name(records, document))


def _is_read_without(records: Transaction, job: Job, document: Document) -> bool:
    is_read = document.finished_at is not None or records.jobs.open_of(document.id, JobKind.EMBED)
    return job.kind is not JobKind.EMBED and is_read


def require_held(holds: bool) -> None:
    """Raises JobCancelledError where the attempt no longer holds its job."""
    if not holds:
        raise JobCancelledError("The work was stopped meanwhile.")


def _ocr_changes_nothing(records: Transaction, id: DocumentId) -> bool:
    """Whether the document would be the same if it were read with what OCR has read."""
    document = records.documents.get(id)
    if not document.passage_count:
        return False
    by_ocr = records.documents.ocr_of(document.content_sha256)
    wanted = (page for page in records.documents.pages(id) if page.ocr_wanted)
    return all(
        (read := by_ocr.get(page.number))
        and read.page.text in ("", page.text)
        and (page.text or read.page.text_source is page.text_source)
        for page in wanted
    )
