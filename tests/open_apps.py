"""Opens an App without a model and without child processes, and takes texts in."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kb.adapters.readers import spool as spooling
from kb.adapters.readers.registry import reader_of
from kb.bootstrap import App, open_app
from kb.domain.access import Actor, ActorId, ActorKind
from kb.domain.documents import (
    Document,
    KnowledgeBaseId,
    OcrPage,
    Page,
    ParsedDocument,
    TextSource,
)
from kb.ingestion.pipeline import Ingestion
from kb.ports import Embedder
from kb.services.pulls import Pulls
from kb.services.workspace import Workspace
from kb.settings import Settings
from kb.worker import Worker
from tests.fake_embedder import FakeEmbedder
from tests.fake_models import FakeModelServer, FakeModelStore

# The cast of every test about permissions.
ALICE = Actor(id=ActorId("alice"), kind=ActorKind.OWNER)
BOB = Actor(id=ActorId("bob"), kind=ActorKind.MEMBER)
CHARLIE = Actor(id=ActorId("charlie"), kind=ActorKind.MEMBER)
GWEN = Actor(id=ActorId("gwen"), kind=ActorKind.GUEST)


@dataclass
class DirectReader:
    """The real readers, in this process."""

    def read(
        self, path: Path, media_type: str, name: str, spool: Path | None = None, pages: int = 0
    ) -> ParsedDocument:
        """Read one file."""
        if spool is None:
            return reader_of(media_type)(path)
        with spooling.opened(spool, path):
            return reader_of(media_type)(path)

    def ocr(self, path: Path, media_type: str, page: int, name: str) -> OcrPage:
        """Read nothing from a picture."""
        empty = Page(number=page, text="", text_source=TextSource.EMPTY)
        return OcrPage(page=empty, elements=())

    def close(self) -> None:
        """Nothing runs elsewhere."""


@contextmanager
def opened(
    home: Path, embedder: Embedder | None = None, reranker: str = "", support_model: str = ""
) -> Iterator[App]:
    """An App on this data folder; quotes write its answers until it is given a model."""
    embedder = embedder or FakeEmbedder()
    settings = Settings(
        home=home, chat_model="quotes", reranker=reranker, support_model=support_model
    )
    app = open_app(settings, serving=False, embedder=embedder)
    app.model_server, app.pulls = FakeModelServer(), Pulls(FakeModelStore())
    app.ingestion = Ingestion(reader=DirectReader(), embedder=embedder, bulk_embedder=embedder)
    try:
        yield app
    finally:
        app.close()


def take_in(
    app: App, workspace: Workspace, base_id: KnowledgeBaseId, name: str, text: str
) -> Document:
    """Add a text and wait until it is ready or failed."""
    added = workspace.documents.add(base_id, name, io.BytesIO(text.encode()))
    work_off(app)
    return workspace.documents.get(added.document.id)


def work_off(app: App) -> None:
    """Do everything that is queued."""
    worker = Worker(app)
    while worker.one_step():
        pass


def found(workspace: Workspace, base_id: KnowledgeBaseId, question: str) -> list[str]:
    """The texts that a search finds, best first."""
    return [hit.passage.text for hit in workspace.answers.search(base_id, question).hits]
