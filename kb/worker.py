"""Claims jobs, takes documents in, and publishes them."""

import logging
import threading
from dataclasses import replace
from datetime import timedelta

from kb.bootstrap import App
from kb.domain.documents import (
    Document,
    DocumentId,
    DocumentState,
    EmbeddingSpace,
    KnowledgeBase,
)
from kb.domain.errors import (
    EmbeddingSpaceError,
    IngestionError,
    JobCancelledError,
    NotFoundError,
    QuireError,
)
from kb.domain.jobs import Job, Progress
from kb.ingestion.pipeline import Ingested
from kb.ports import Transaction
from kb.services.documents import forget

LEASE = timedelta(minutes=30)
MOST_ATTEMPTS = 3
IDLE_SECONDS = 60.0
SECONDS_TO_END = 5.0
GAVE_UP = "Quire was ended three times while it took this file in."
UNEXPECTED = "Quire made a mistake over this file."

log = logging.getLogger(__name__)


class Worker:
    """Does the queued work of an App, one job at a time."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Mend the indexes and then work in a thread until `stop`."""
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin no more work, and give back what runs for the next start to do."""
        self._stop.set()
        self._app.wake_worker.set()
        self._app.rest()
        if self._thread:
            self._thread.join(SECONDS_TO_END)

    def one_step(self) -> bool:
        """Do one job; False if there was none."""
        now = self._app.clock()
        with self._app.records.writing() as records:
            job = records.jobs.claim(now, now + LEASE)
        if job is None:
            return False
        try:
            self._ingest(job)
        except QuireError as error:
            if self._stop.is_set():
                self._give_back(job)
            else:
                self._failed(job, error)
        except Exception:
            log.exception("Job %s failed unexpectedly", job.id)
            self._give_up(job, UNEXPECTED, advice="Retry it; the log says more.")
        return True

    def _ingest(self, job: Job) -> None:
        if job.attempt > MOST_ATTEMPTS:
            self._give_up(job, GAVE_UP, advice="Retry it, or remove it.")
            return
        with self._app.records.reading() as view:
            document = view.documents.get(DocumentId(job.subject_id))
            base = view.knowledge_bases.get(document.knowledge_base_id)
        if base.embedding_space_id is not None:
            # Told before the work, which may take an hour, rather than after it.
            _require_space(base, self._app.ingestion.embedder.space, document)
        path = self._app.files.path(document.content_sha256)
        ingested = self._app.ingestion.run(document, path, lambda p: self._report(job, p))
        self._publish(job, document, ingested)

    def _report(self, job: Job, progress: Progress) -> None:
        if self._stop.is_set():
            # Else the next batch would start the children again that `stop` has ended.
            raise JobCancelledError("Quire is being stopped.")
        with self._app.records.writing() as records:
            if not records.jobs.report(job, progress, self._app.clock() + LEASE):
                raise JobCancelledError("The document was removed meanwhile.")

    def _publish(self, job: Job, document: Document, ingested: Ingested) -> None:
        """Make it all findable in one transaction, then index its vectors."""
        ready = replace(
            document,
            title=ingested.title,
            media_type=ingested.media_type,
            language=ingested.language,
            page_count=len(ingested.pages) if ingested.paged else None,
            passage_count=len(ingested.passages),
            state=DocumentState.READY,
            error="",
        )
        with self._app.records.writing() as records:
            if not records.jobs.finish(job):
                raise JobCancelledError("The document was removed meanwhile.")
            base = records.knowledge_bases.get(document.knowledge_base_id)
            if base.embedding_space_id is None:
                records.knowledge_bases.set_space(base.id, ingested.space)
            else:
                _require_space(base, ingested.space, document)
            records.documents.publish(
                ready, ingested.pages, ingested.passages, ingested.vectors, ingested.space.id
            )
            replaced = _older(records, document)
            gone = [id for older in replaced for id in forget(records, older.id)]
        indexes, ids = self._app.indexes, [passage.id for passage in ingested.passages]
        if ids:
            indexes.add(document.id, ingested.space.id, ids, ingested.vectors)
        indexes.forget(base.id, ingested.space.id, gone)
        indexes.forget_files({older.content_sha256 for older in replaced})

    def _failed(self, job: Job, error: QuireError) -> None:
        if isinstance(error, NotFoundError | JobCancelledError):
            log.info("The document of job %s was removed.", job.id)
        elif error.retryable and job.attempt < MOST_ATTEMPTS:
            with self._app.records.writing() as records:
                records.jobs.release(job)
        else:
            self._give_up(job, str(error))

    def _give_back(self, job: Job) -> None:
        with self._app.records.writing() as records:
            records.jobs.give_back(job)

    def _give_up(self, job: Job, what: str, advice: str = "") -> None:
        id = DocumentId(job.subject_id)
        with self._app.records.writing() as records:
            for document in records.documents.many([id]).values():
                why = str(IngestionError(what, subject=document.name, advice=advice))
                if records.jobs.fail(job, why):
                    records.documents.fail(id, why)

    def _run(self) -> None:
        try:
            self._app.indexes.mend()
        except Exception:
            log.exception("The indexes could not be compared with the records")
        while not self._stop.is_set():
            if self._one_safe_step():
                continue
            if not self._app.wake_worker.wait(IDLE_SECONDS):
                # Models take memory; give it back while nobody adds anything.
                self._app.rest()
            self._app.wake_worker.clear()

    def _one_safe_step(self) -> bool:
        """One step; a store that does not serve, as on a full disk, only makes it wait."""
        try:
            return self.one_step()
        except Exception:
            log.exception("The queued work could not go on")
            return False


def _older(records: Transaction, document: Document) -> list[Document]:
    if document.version == 1:
        # Else each document of a large collection would list all the others.
        return []
    return [
        other
        for other in records.documents.of(document.knowledge_base_id)
        if other.name == document.name and other.version < document.version
    ]


def _require_space(base: KnowledgeBase, space: EmbeddingSpace, document: Document) -> None:
    if base.embedding_space_id not in (None, space.id):
        raise EmbeddingSpaceError(
            f"The knowledge base {base.name} was embedded by another model.",
            subject=document.name,
            advice="Choose that model again, or use a new knowledge base.",
        )
