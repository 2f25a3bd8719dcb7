"""Watched folders, pages and sites: begin, look at, stop."""

import io
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kb.domain.access import Action
from kb.domain.documents import KnowledgeBaseId
from kb.domain.errors import InvalidInputError, NotAllowedError
from kb.domain.sources import Source, SourceId, SourceKind, SourceState
from kb.ports import Clock, WebPages
from kb.records import Records
from kb.services.access import Access
from kb.services.documents import DocumentsService
from kb.services.recording import Added

DEEPEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesService:
    """The sources of the knowledge bases in an actor's view.

    Folders of this machine are the host's alone to watch. Nothing is fetched from the web
    until the host allows it.
    """

    access: Access
    records: Records
    documents: DocumentsService
    web_pages: WebPages
    clock: Clock
    home: Path
    web_allowed: Callable[[], bool]
    allow_web: Callable[[bool], None]
    wake_worker: Callable[[], None]

    def may_fetch(self) -> bool:
        """Whether pages may be fetched from the web."""
        return self.web_allowed()

    def switch_web(self, *, on: bool) -> None:
        """Allow or forbid to fetch pages from the web."""
        self.access.require_host()
        self.allow_web(on)

    def of(self, base_id: KnowledgeBaseId) -> list[Source]:
        """The watched folders and sites of a knowledge base."""
        self.access.require(Action.SEE, base_id)
        with self.records.reading() as view:
            return view.sources.of(base_id)

    def watch(self, base_id: KnowledgeBaseId, folder: str) -> Source:
        """Keep the knowledge base in step with a folder of this machine.

        Raises InvalidInputError where that is no folder, or watched already.
        """
        self.access.require(Action.CHANGE, base_id)
        self.access.require_host()
        path = Path(os.path.expanduser(folder.strip()))
        if not folder.strip() or not path.is_absolute() or not path.is_dir():
            raise InvalidInputError(
                "There is no such folder.", subject=folder, advice="Give its whole path."
            )
        path = path.resolve()
        if path.is_relative_to(self.home.resolve()) or self.home.resolve().is_relative_to(path):
            raise InvalidInputError(
                "This folder holds Quire's own data.", subject=folder, advice="Choose another one."
            )
        return self._begin(base_id, SourceKind.FOLDER, str(path), 0)

    def add_site(self, base_id: KnowledgeBaseId, url: str, depth: int) -> Source:
        """Take a section of a web site in: this page, and those below it `depth` links away.

        Raises InvalidInputError, NotAllowedError.
        """
        self.access.require(Action.CHANGE, base_id)
        self._require_web()
        if not 0 <= depth <= DEEPEST:
            raise InvalidInputError(f"A depth is a number from 0 to {DEEPEST}.")
        return self._begin(base_id, SourceKind.SITE, url.strip(), depth)

    def add_page(self, base_id: KnowledgeBaseId, url: str) -> Added:
        """Take one web page in. Raises NotAllowedError, InvalidInputError, WebPageError."""
        self.access.require(Action.CHANGE, base_id)
        self._require_web()
        page = self.web_pages.fetch(url.strip())
        return self.documents.add(base_id, page_name(page.url), io.BytesIO(page.content))

    def stop(self, id: SourceId) -> None:
        """Look at a source no more; its documents stay."""
        self._required(id)
        self._set_state(id, SourceState.STOPPED)

    def resume(self, id: SourceId) -> None:
        """Look at a stopped source again."""
        if self._required(id).kind is SourceKind.SITE:
            self._require_web()
        self._set_state(id, SourceState.ACTIVE)
        self.wake_worker()

    def remove(self, id: SourceId) -> None:
        """Forget a source; its documents stay."""
        self._required(id)
        with self.records.writing() as records:
            records.sources.remove(id)

    def _begin(
        self, base_id: KnowledgeBaseId, kind: SourceKind, address: str, depth: int
    ) -> Source:
        source = Source(
            id=SourceId(uuid.uuid4().hex),
            knowledge_base_id=base_id,
            kind=kind,
            address=address,
            depth=depth,
            created_at=self.clock(),
        )
        with self.records.writing() as records:
            if any(s.address == address and s.kind is kind for s in records.sources.of(base_id)):
                raise InvalidInputError("It is in the list already.", subject=address)
            records.sources.add(source)
        self.wake_worker()
        return source

    def _set_state(self, id: SourceId, state: SourceState) -> None:
        with self.records.writing() as records:
            records.sources.save(replace(records.sources.get(id), state=state, error=""))

    def _required(self, id: SourceId) -> Source:
        """The source, if the actor may change it."""
        with self.records.reading() as view:
            source = view.sources.get(id)
        self.access.require(Action.CHANGE, source.knowledge_base_id)
        if source.kind is SourceKind.FOLDER:
            self.access.require_host()
        return source

    def _require_web(self) -> None:
        if not self.web_allowed():
            raise NotAllowedError(
                "Fetching web pages is switched off.", advice="Switch it on in Settings."
            )


def page_name(url: str) -> str:
    """A web page's address as a document's name: no scheme, and no slash at its end."""
    parts = urlsplit(url)
    path = unquote(parts.path).rstrip("/")
    return f"{parts.netloc}{path}{'?' + parts.query if parts.query else ''}"
