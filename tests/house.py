"""An App with a reader and an embedder that can be watched, and shortcuts to it."""

import io
import sqlite3
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kb.bootstrap import App
from kb.domain.documents import Document, DocumentId, DocumentState, KnowledgeBaseId
from kb.domain.embeddings import Vectors
from kb.domain.jobs import JobKind
from kb.ingestion.pipeline import Ingestion
from kb.ports import Embedder, Reader
from kb.services.workspace import Workspace
from kb.worker import Worker
from tests.fake_embedder import FakeEmbedder
from tests.fake_reader import FakeReader
from tests.open_apps import found

BRIDGE = "The harbour bridge was built of basalt."
GARDEN = "The garden bridge was built of larch."
SCANNED = "The scanned bridge was built of oak."
QUESTION = "Which bridge was built of what?"


@dataclass
class WatchedEmbedder(FakeEmbedder):
    """Keeps what it embeds; `before` is called with the number of each call, and may raise."""

    before: Callable[[int], None] = lambda _: None
    embedded: list[str] = field(default_factory=list)
    calls: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """As ever, unless `before` raises."""
        self.calls += 1
        self.before(self.calls)
        self.embedded += texts
        return super().embed_passages(texts)


@dataclass
class House:
    """An App and its first knowledge base, with a reader and an embedder to be watched."""

    app: App
    reader: Any
    embedder: WatchedEmbedder

    @property
    def workspace(self) -> Workspace:
        """The owner's."""
        return self.app.workspace()

    @property
    def base_id(self) -> KnowledgeBaseId:
        """The first knowledge base."""
        return self.workspace.knowledge_bases.first().id

    def add(self, text: str | bytes, name: str = "bridge.txt") -> DocumentId:
        """Add a file, and do nothing yet."""
        content = text.encode() if isinstance(text, str) else text
        return self.workspace.documents.add(self.base_id, name, io.BytesIO(content)).document.id

    def get(self, id: DocumentId) -> Document:
        """The document as it is now."""
        return self.workspace.documents.get(id)

    def state(self, id: DocumentId) -> DocumentState:
        """Its state now."""
        return self.get(id).state

    def step(self, *kinds: JobKind) -> bool:
        """One job of these kinds."""
        return Worker(self.app).one_step(*kinds)

    def found(self, question: str = QUESTION) -> list[str]:
        """The texts that a search finds."""
        return found(self.workspace, self.base_id, question)

    def use(self, reader: Reader, embedder: Embedder | None = None) -> None:
        """Read with another reader from now on."""
        self.reader = reader
        embedder = embedder or self.embedder
        self.app.ingestion = Ingestion(reader=reader, embedder=embedder, bulk_embedder=embedder)

    def agrees(self) -> bool:
        """Whether indexes, words and files are what the records say."""
        with self.app.records.reading() as view:
            in_use = view.documents.contents()
        differences = self.app.indexes.check()
        return all(d.agrees for d in differences) and self.app.files.all() == in_use

    def kept(self) -> str:
        """All that the record store holds, as one text."""
        with sqlite3.connect(self.app.settings.home / "quire.sqlite") as connection:
            dumped = "\n".join(connection.iterdump())
        connection.close()
        return dumped


def in_house(app: App) -> House:
    """The App with a fake reader and a watched embedder."""
    house = House(app, FakeReader(), WatchedEmbedder())
    house.use(house.reader)
    return house


def many_paragraphs(count: int) -> str:
    """A text of that many pages, each a passage of its own."""
    return "\f".join(f"The bridge number {number} was built." for number in range(count))


def zipped(**files: str | bytes) -> bytes:
    """An archive; an underscore in a name stands for its dot."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return packed.getvalue()
