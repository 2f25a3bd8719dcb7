"""Wires everything together; the only importer of adapters.

What takes long to import comes after the data folder is ours, so that a refusal is quick.
"""

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kb import __version__, ports
from kb.adapters.exports import write
from kb.adapters.home_lock import HomeLock
from kb.answering.budget import ANSWER_TOKENS
from kb.domain.access import LOCAL_OWNER, Actor, ActorKind
from kb.domain.retrieval import Strictness
from kb.services.access import Access
from kb.services.answers import AnswersService
from kb.services.collecting import Collector
from kb.services.conversations import ConversationsService
from kb.services.documents import DocumentsService
from kb.services.generations import Generations
from kb.services.indexes import Indexes
from kb.services.jobs import JobsService
from kb.services.knowledge_bases import KnowledgeBasesService
from kb.services.model_queue import ModelQueue
from kb.services.models import ModelsService
from kb.services.pulls import Pulls
from kb.services.sources import SourcesService
from kb.services.versions import VersionsService
from kb.services.workspace import Workspace
from kb.settings import Settings, save_setting

if TYPE_CHECKING:
    from kb.adapters.chroma import ChromaIndex
    from kb.adapters.files import ContentFiles
    from kb.adapters.readers.sandbox import ReadingProcess
    from kb.adapters.search_models import ModelProcesses
    from kb.adapters.sql.database import SqlRecords
    from kb.adapters.sql.fulltext import SqlWordIndex
    from kb.answering.chain import AnsweringChain
    from kb.ingestion.pipeline import Ingestion

OWNER = Actor(id=LOCAL_OWNER, kind=ActorKind.OWNER)


@dataclass(kw_only=True)
class App:
    """Everything that is open; one a process and data folder."""

    settings: Settings
    lock: HomeLock
    records: "SqlRecords"
    files: "ContentFiles"
    vectors: "ChromaIndex"
    indexes: Indexes
    query_embedder: ports.Embedder
    reader: "ReadingProcess"
    page_drawer: "ReadingProcess"
    processes: "ModelProcesses"
    reranker: ports.Reranker | None
    entailment: ports.EntailmentModel | None
    ingestion: "Ingestion"
    model_server: ports.ModelServer
    pulls: Pulls
    web_pages: ports.WebPages
    web_sites: ports.WebSites
    chat_model: str
    thinking: bool
    strictness: Strictness
    web_fetching: bool
    spool: Path
    wake_events: list[threading.Event] = field(default_factory=list)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @cached_property
    def chain(self) -> "AnsweringChain":
        """The answering chain; its imports come with its first use."""
        import langsmith

        from kb.answering.chain import AnsweringChain
        from kb.answering.entailment import SecondOpinion
        from kb.retrieval.evidence import EvidenceJudge
        from kb.retrieval.retriever import HybridRetriever

        # LangChain would send prompts to a tracing service where the environment asks for it.
        langsmith.configure(enabled=False)
        retriever = HybridRetriever(
            records=self.records,
            embedder=self.query_embedder,
            vectors=self.vectors,
            words=self.words,
            reranker=self.reranker,
        )
        judge = EvidenceJudge(
            records=self.records,
            embedder=self.query_embedder,
            words=self.words,
            strictness=lambda: self.strictness,
        )
        return AnsweringChain(
            retriever=retriever,
            judge=judge.judged,
            embedder=self.query_embedder,
            places=self.place_index,
            settings=self._in_force,
            opinion=SecondOpinion(self.entailment) if self.entailment else None,
        )

    def _in_force(self) -> dict[str, str]:
        """What decides how an answer is made, beside what it is made from."""
        return {
            "Quire": __version__,
            "embedding model": self.settings.embedding_model or "bundled",
            "reranker": self.settings.reranker or "none",
            "checking model": self.settings.support_model or "none",
            "strictness": self.strictness,
        }

    @cached_property
    def words(self) -> "SqlWordIndex":
        """What word search searches."""
        from kb.adapters.sql.fulltext import SqlWordIndex

        return SqlWordIndex(self.records.engine)

    @cached_property
    def place_index(self) -> ports.PlaceIndex:
        """What exact search searches; its imports come with its first use."""
        from kb.adapters.sql.places import SqlPlaceIndex

        return SqlPlaceIndex(self.records.engine)

    @cached_property
    def generations(self) -> Generations:
        """The answers that are being written."""
        return Generations(
            records=self.records,
            chain=lambda: self.chain,
            queue=ModelQueue(self.settings.answers_at_a_time),
        )

    def workspace(self, actor: Actor = OWNER) -> Workspace:
        """What this actor can do."""
        access = Access(records=self.records, actor=actor)
        models = self._models(access)
        documents = self._documents(access)
        return Workspace(
            access=access,
            knowledge_bases=KnowledgeBasesService(
                access=access,
                records=self.records,
                indexes=self.indexes,
                clock=self.clock,
                stop_answers=self.generations.stop_gone,
            ),
            documents=documents,
            versions=VersionsService(
                access=access,
                records=self.records,
                indexes=self.indexes,
                clock=self.clock,
                wake_worker=self.wake_workers,
            ),
            jobs=JobsService(
                access=access,
                records=self.records,
                indexes=self.indexes,
                clock=self.clock,
                wake_worker=self.wake_workers,
            ),
            sources=self._sources(access, documents),
            answers=AnswersService(
                access=access,
                records=self.records,
                chain=lambda: self.chain,
                places=lambda: self.place_index,
                models=models,
                strictness=lambda: self.strictness,
                choose_strictness=self._choose_strictness,
            ),
            conversations=ConversationsService(
                access=access,
                records=self.records,
                generations=self.generations,
                models=models,
                clock=self.clock,
                write=write,
            ),
            models=models,
        )

    def _models(self, access: Access) -> ModelsService:
        return ModelsService(
            access=access,
            server=self.model_server,
            pulls=self.pulls,
            embedder=self.query_embedder,
            reads_english_best=not self.settings.embedding_model,
            words=self.words,
            reranker=self.reranker,
            entailment=self.entailment,
            chosen=lambda: self.chat_model,
            choose_model=self._choose_model,
            thinking=lambda: self.thinking,
            choose_thinking=self._choose_thinking,
        )

    def _documents(self, access: Access) -> DocumentsService:
        return DocumentsService(
            access=access,
            records=self.records,
            files=self.files,
            indexes=self.indexes,
            clock=self.clock,
            draw_page=self.page_drawer.page_picture,
            wake_worker=self.wake_workers,
        )

    def _sources(self, access: Access, documents: DocumentsService) -> SourcesService:
        return SourcesService(
            access=access,
            records=self.records,
            documents=documents,
            web_pages=self.web_pages,
            clock=self.clock,
            home=self.settings.home,
            web_allowed=lambda: self.web_fetching,
            allow_web=self._allow_web,
            wake_worker=self.wake_workers,
        )

    @property
    def collector(self) -> Collector:
        """What looks at watched folders and sites."""
        return Collector(
            records=self.records,
            files=self.files,
            indexes=self.indexes,
            web_sites=self.web_sites,
            clock=self.clock,
            web_allowed=lambda: self.web_fetching,
            wake_worker=self.wake_workers,
        )

    def warm(self) -> None:
        """Begin to load what answers a question, without waiting."""
        threading.Thread(target=self._load, name="warm", daemon=True).start()

    def _load(self) -> None:
        for process in self.processes.for_answers:
            process.start()
        _ = self.chain
        for process in self.processes.for_answers:
            process.settle()

    @property
    def search_settled(self) -> bool:
        """Whether the models that a question waits for are loaded, or known not to load."""
        return self.processes.settled

    def wake_workers(self) -> None:
        """Tell whoever waits for work that there is some."""
        for event in self.wake_events:
            event.set()

    def rest(self) -> None:
        """End the children that only ingestion needs; they start again when there is work."""
        self.reader.close()
        self.rest_embedding()

    def rest_reading(self) -> None:
        """End the child that reads files, and the one that draws pages if nobody waits for it."""
        from kb.adapters import memory
        from kb.ingestion import languages

        self.ingestion.reader.close()
        self.page_drawer.rest()
        languages.give_back()
        memory.give_back()

    def rest_embedding(self) -> None:
        """End the child that embeds documents of many passages."""
        from kb.adapters import memory

        self.processes.rest()
        memory.give_back()

    def close(self) -> None:
        """End what is being written, downloads and the children, and let the data folder go."""
        self.generations.close()
        self.pulls.close()
        self.processes.close()
        self.reader.close()
        self.page_drawer.close()
        self.vectors.close()
        self.records.close()
        self.lock.release()

    def _choose_model(self, name: str) -> None:
        save_setting(self.settings.home, "chat_model", name)
        self.chat_model = name

    def _choose_thinking(self, on: bool) -> None:
        save_setting(self.settings.home, "thinking", "on" if on else "off")
        self.thinking = on

    def _choose_strictness(self, strictness: Strictness) -> None:
        save_setting(self.settings.home, "strictness", strictness)
        self.strictness = strictness

    def _allow_web(self, on: bool) -> None:
        save_setting(self.settings.home, "web_fetching", "on" if on else "off")
        self.web_fetching = on


def own_home(settings: Settings) -> HomeLock:
    """Make this process the owner of the data folder. Raises HomeInUseError, StorageError."""
    return HomeLock(settings.home)


def open_app(
    settings: Settings,
    *,
    serving: bool,
    embedder: ports.Embedder | None = None,
    lock: HomeLock | None = None,
) -> App:
    """Open the data folder, owned already if a lock is given. Raises HomeInUseError, StorageError.

    When `serving` pages, questions have an embedder of their own beside the one at low
    priority for documents; a command needs only one. A given `embedder` does both.
    """
    lock = lock or own_home(settings)
    try:
        return _opened(settings, lock, embedder, serving=serving)
    except BaseException:
        lock.release()
        raise


def _opened(
    settings: Settings, lock: HomeLock, embedder: ports.Embedder | None, *, serving: bool
) -> App:
    from kb.adapters.chroma import ChromaIndex
    from kb.adapters.files import ContentFiles
    from kb.adapters.model_servers import model_server
    from kb.adapters.ollama_pulls import OllamaModels
    from kb.adapters.readers.sandbox import ReadingProcess
    from kb.adapters.search_models import model_processes
    from kb.adapters.sql.database import SqlRecords
    from kb.adapters.web import WebFetcher
    from kb.adapters.web_site import SiteCrawler
    from kb.ingestion.pipeline import Ingestion

    records = SqlRecords(settings.home / "quire.sqlite")
    with records.writing() as starting:
        starting.jobs.release_all()
        starting.conversations.stop_streaming()
    files = ContentFiles(settings.home / "files")
    spool = settings.home / "spool"
    shutil.rmtree(spool, ignore_errors=True)
    # A reader that has lost its process may write there for a moment more.
    spool.mkdir(exist_ok=True)
    vectors = ChromaIndex(settings.home / "chroma")
    processes = model_processes(settings, serving=serving, embeds=embedder is None)
    query, bulk = embedder or processes.embedding[0], embedder or processes.embedding[-1]
    reader = ReadingProcess(files=settings.home / "files", spool=spool)
    web_pages = WebFetcher()
    return App(
        settings=settings,
        lock=lock,
        records=records,
        files=files,
        spool=spool,
        vectors=vectors,
        indexes=Indexes(records=records, vectors=vectors, files=files),
        query_embedder=query,
        processes=processes,
        reranker=processes.reranking,
        entailment=processes.checking,
        reader=reader,
        page_drawer=ReadingProcess(files=settings.home / "files", spool=spool)
        if serving
        else reader,
        ingestion=Ingestion(reader=reader, embedder=query, bulk_embedder=bulk),
        model_server=model_server(settings, ANSWER_TOKENS),
        pulls=Pulls(OllamaModels(settings.ollama_host)),
        web_pages=web_pages,
        web_sites=SiteCrawler(web_pages, reader.links),
        chat_model=settings.chat_model,
        thinking=settings.thinking == "on",
        strictness=settings.strictness,
        web_fetching=settings.web_fetching == "on",
    )
