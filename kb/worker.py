"""Claims jobs and does them: reading, embedding, and OCR once nothing else is to be read."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from kb.bootstrap import App
from kb.domain.documents import (
    Document,
    DocumentId,
    KnowledgeBase,
    OcrPage,
    Page,
    TextSource,
)
from kb.domain.errors import IngestionError, JobCancelledError, NotFoundError, QuireError
from kb.domain.jobs import Job, JobKind, Progress
from kb.ingestion.pipeline import ReadDocument
from kb.services.publishing import Publisher, require_held, require_space
from kb.services.recording import Swap
from kb.services.unpacking import Unpacking

LEASE = timedelta(minutes=30)
MOST_ATTEMPTS = 3
IDLE_SECONDS = 60.0
LOOK_SECONDS = 0.5
"""Between two looks at whether the work is still wanted."""

COLLECT_SECONDS = 3.0
MOST_COLLECT_SECONDS = 60.0
COLLECT_SHARE = 20.0
"""Between two looks at watched folders: so many times as long as one took, within these bounds."""

SECONDS_TO_END = 5.0
SECONDS_TO_RECOVER = 2.0
"""Before another try, where the store did not serve."""

PAGES_BETWEEN_READINGS = 25
"""Pages that OCR reads before they become searchable, while more are to come."""

GAVE_UP = "Quire was ended three times while it took this file in."
UNEXPECTED = "Quire made a mistake over this file."
STORE_FAILED = "The queued work cannot go on; the log says more."

log = logging.getLogger(__name__)


class Worker:
    """Does the queued work of an App: `start` in two threads, `one_step` in the caller's.

    `on_trouble` is told of what keeps all work from going on, as a full disk does.
    """

    def __init__(
        self,
        app: App,
        *,
        on_trouble: Callable[[QuireError], None] = lambda error: log.error("%s", error),
    ) -> None:
        self._app = app
        self._on_trouble = on_trouble
        self._publisher = Publisher(records=app.records)
        self._unpacking = Unpacking(records=app.records, files=app.files)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._unsettled: list[Job] = []
        self._settling = threading.Lock()

    def start(self, *, collects: bool = False) -> None:
        """Work until `stop`: one thread reads while another embeds.

        A third one looks at the sources again and again, where it `collects`.
        """
        work = {"reading": self._run_reading, "embedding": self._run_embedding}
        if collects:
            work["collecting"] = self._run_collecting
        for name, target in work.items():
            thread = threading.Thread(target=target, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Begin no more work, and give back what runs for the next start to do."""
        self._stop.set()
        self._app.wake_workers()
        self._app.rest()
        for thread in self._threads:
            thread.join(SECONDS_TO_END)

    def one_step(self, *kinds: JobKind) -> bool:
        """Do one job of these kinds, or of any; False if there was none. Raises StorageError."""
        self._settle()
        for kind in kinds or JobKind:
            now = self._app.clock()
            with self._app.records.writing() as records:
                job = records.jobs.claim(kind, now, now + LEASE)
            if job:
                self._do(job)
                return True
        return False

    def _do(self, job: Job) -> None:
        try:
            try:
                self._work(job)
            except Exception as error:  # noqa: BLE001 - whatever it is, the queue goes on
                self._failed(job, error)
        except (JobCancelledError, NotFoundError):
            log.info("The work of job %s was stopped.", job.id)
        except Exception:
            # What became of it could not be kept, and nobody else takes it for a while.
            self._unsettled.append(job)
            raise

    def _settle(self) -> None:
        """Give back the jobs whose outcome could not be kept."""
        with self._settling:
            while self._unsettled:
                self._give_back(self._unsettled[0])
                self._unsettled.pop(0)

    def _work(self, job: Job) -> None:
        if job.attempt > MOST_ATTEMPTS:
            self._give_up(job, GAVE_UP, advice="Retry it, or remove it.")
            return
        with self._app.records.reading() as view:
            document = view.documents.get(DocumentId(job.subject_id))
            base = view.knowledge_bases.get(document.knowledge_base_id)
        steps = {JobKind.READ: self._read, JobKind.EMBED: self._embed, JobKind.OCR: self._ocr}
        steps[job.kind](job, document, base)

    def _read(self, job: Job, document: Document, base: KnowledgeBase) -> None:
        self._report(job, Progress(step="reading"))
        if base.embedding_space_id is not None:
            # Told before the work, which may take an hour, rather than after it.
            require_space(base, self._app.ingestion.embedder.space, document)
        with self._spool() as spool:
            with self._watched(job):
                read = self._what_is_read(job, document, Path(spool))
            # Held so that nobody removes what is stored before it is recorded.
            with self._app.indexes.lock:
                read, files = self._unpacking.kept(document, read)
                try:
                    gone = self._publisher.read(job, document, read, files, self._app.clock())
                except QuireError:
                    self._app.indexes.forget_files({file.sha256 for file in files})
                    raise
        self._app.wake_workers()
        self._app.indexes.swap(base, Swap(gone=tuple(gone)))

    def _what_is_read(self, job: Job, document: Document, spool: Path) -> ReadDocument:
        ingestion, path = self._app.ingestion, self._path(document)
        with self._app.records.reading() as view:
            by_ocr = view.documents.ocr_of(document.content_sha256)
            twin = view.documents.twin(document)
        if twin and twin.space_id == ingestion.embedder.space.id:
            return ingestion.adopted(document, twin)
        if document.finished_at is None and not by_ocr:
            beginning = ingestion.beginning(document, path)
            if beginning:
                self._publisher.beginning(job, document, beginning)
        return ingestion.read(document, path, spool, by_ocr)

    def _embed(self, job: Job, document: Document, base: KnowledgeBase) -> None:
        ingestion, space = self._app.ingestion, self._app.ingestion.embedder.space
        require_space(base, space, document)
        with self._app.records.reading() as view:
            passages = view.documents.unembedded(document.id, space.id)
        done, total = document.passage_count - len(passages), document.passage_count
        self._report(job, _embedded(done, total))
        for some, vectors, signs in ingestion.embed(document.title, passages):
            with self._app.records.writing() as records:
                records.documents.add_vectors(some, vectors, signs, space.id)
                if job.attempt > 1:
                    # It gets on, so what ended it before was not its own fault.
                    require_held(records.jobs.renew(job))
                    return
            done += len(some)
            self._report(job, _embedded(done, total))
        swap = self._publisher.ready(job, document, space, self._app.clock())
        self._app.indexes.swap(base, swap)

    def _ocr(self, job: Job, document: Document, _: KnowledgeBase) -> None:
        """Read one page; others who wait come before the next one."""
        with self._app.records.reading() as view:
            known = view.documents.ocr_of(document.content_sha256)
            wanted = view.documents.pages_wanting_ocr(document.id)
        left = [number for number in wanted if number not in known]
        if left:
            done, total = len(known), len(known) + len(left)
            self._report(job, Progress(step="ocr", done=done, total=total, unit="pages"))
            with self._watched(job):
                read = self._ocr_page(job, document, left[0])
            with self._app.records.writing() as records:
                require_held(records.jobs.holds(job))
                records.documents.save_ocr(document.content_sha256, read)
        if len(left) <= 1 or (len(known) + 1) % PAGES_BETWEEN_READINGS == 0:
            self._publisher.ocr_read(job, document, all_read=len(left) <= 1, now=self._app.clock())
        else:
            self._give_back(job)

    def _ocr_page(self, job: Job, document: Document, number: int) -> OcrPage:
        """What OCR reads of a page; a page that breaks it counts as failed, the others go on."""
        path = self._path(document)
        try:
            return self._app.ingestion.reader.ocr(path, document.media_type, number, document.name)
        except IngestionError as error:
            self._require_wanted(job)
            log.warning("Page %d: %s", number, error)
            failed = Page(number=number, text="", text_source=TextSource.FAILED)
            return OcrPage(page=failed, elements=())

    def _path(self, document: Document) -> Path:
        return self._app.files.path(document.content_sha256)

    def _spool(self) -> TemporaryDirectory[str]:
        return TemporaryDirectory(dir=self._app.spool)

    @contextmanager
    def _watched(self, job: Job) -> Iterator[None]:
        """End what is being read once the job is cancelled, paused or removed."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(LOOK_SECONDS):
                with self._app.records.reading() as view:
                    holds = view.jobs.holds(job)
                if self._stop.is_set() or not holds:
                    # Again and again, since it may begin to read a moment later.
                    self._app.ingestion.reader.close()

        watcher = threading.Thread(target=watch, name="watch", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def _report(self, job: Job, progress: Progress) -> None:
        self._require_wanted(job)
        with self._app.records.writing() as records:
            require_held(records.jobs.report(job, progress, self._app.clock() + LEASE))

    def _require_wanted(self, job: Job) -> None:
        if self._stop.is_set():
            # Else the next batch would start the children again that `stop` has ended.
            raise JobCancelledError("Quire is being stopped.")
        with self._app.records.reading() as view:
            require_held(view.jobs.holds(job))

    def _failed(self, job: Job, error: Exception) -> None:
        with self._app.records.reading() as view:
            holds = view.jobs.holds(job)
        stopped = isinstance(error, IngestionError | JobCancelledError | NotFoundError)
        if not holds and stopped:
            log.info("The work of job %s was stopped.", job.id)
        elif not holds:
            log.warning("After job %s: %s", job.id, error)
        elif self._stop.is_set():
            self._give_back(job)
        elif not isinstance(error, QuireError):
            log.error("Job %s failed unexpectedly", job.id, exc_info=error)
            self._give_up(job, UNEXPECTED, advice="Retry it; the log says more.")
        elif error.retryable and job.attempt < MOST_ATTEMPTS:
            with self._app.records.writing() as records:
                records.jobs.release(job)
        else:
            self._give_up(job, str(error))

    def _give_back(self, job: Job) -> None:
        with self._app.records.writing() as records:
            records.jobs.give_back(job)

    def _give_up(self, job: Job, what: str, advice: str = "") -> None:
        with self._app.records.reading() as view:
            document = view.documents.get(DocumentId(job.subject_id))
            base = view.knowledge_bases.get(document.knowledge_base_id)
        gone = self._publisher.failed(job, document, what, advice, self._app.clock())
        self._app.indexes.swap(base, Swap(gone=tuple(gone)))

    def _run_reading(self) -> None:
        self._run(self._app.rest_reading, JobKind.READ, JobKind.OCR)

    def _run_embedding(self) -> None:
        self._run(self._app.rest_embedding, JobKind.EMBED)

    def _run_collecting(self) -> None:
        collector = self._app.collector
        pause = COLLECT_SECONDS
        while not self._stop.wait(pause):
            begun = monotonic()
            try:
                collector.look(self._stop.is_set)
            except Exception:
                log.exception("The sources could not be looked at")
            # A folder of very many files would else keep a processor busy.
            took = COLLECT_SHARE * (monotonic() - begun)
            pause = min(max(COLLECT_SECONDS, took), MOST_COLLECT_SECONDS)

    def _run(self, rest: Callable[[], None], *kinds: JobKind) -> None:
        wake = threading.Event()
        self._app.wake_events.append(wake)
        while not self._stop.is_set():
            try:
                worked = self.one_step(*kinds)
            except Exception as error:  # noqa: BLE001 - whatever it is, it may pass
                self._tell(error)
                self._stop.wait(SECONDS_TO_RECOVER)
                continue
            if worked:
                continue
            if not wake.wait(IDLE_SECONDS):
                # Children take memory; give it back while nobody adds anything.
                rest()
            wake.clear()

    def _tell(self, error: Exception) -> None:
        if isinstance(error, QuireError):
            self._on_trouble(error)
        else:
            log.error("The queued work could not go on", exc_info=error)
            self._on_trouble(QuireError(STORE_FAILED))


def _embedded(done: int, total: int) -> Progress:
    return Progress(step="embedding", done=done, total=total, unit="passages")
