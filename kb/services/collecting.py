"""Looks at sources: brings a knowledge base in step with its folders, and takes sites in."""

import io
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from kb.domain.documents import Document
from kb.domain.errors import InvalidInputError, NotFoundError, QuireError
from kb.domain.sources import Source, SourceFile, SourceKind, SourceState
from kb.ports import Clock, FileStore, WebSites
from kb.records import Records, Transaction
from kb.services.folder_files import FolderFiles, FoundFile
from kb.services.indexes import Indexes
from kb.services.recording import (
    StoredFile,
    Swap,
    clean_name,
    others_of_name,
    record,
    remove_whole,
)
from kb.services.sources import page_name

LOOKED = timedelta(minutes=1)
"""How often a look that found nothing new is written down."""

MOST_PAGES = 200
NOTHING_THERE = "The folder is empty or cannot be read now; the documents stay as they are."


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Looks at the sources of all knowledge bases."""

    records: Records
    files: FileStore
    indexes: Indexes
    web_sites: WebSites
    clock: Clock
    web_allowed: Callable[[], bool]
    wake_worker: Callable[[], None]

    def look(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Look once at each source that is to be looked at."""
        with self.records.reading() as view:
            active = view.sources.active()
        for source in active:
            is_site = source.kind is SourceKind.SITE
            if stopped() or (is_site and not self.web_allowed()):
                continue
            seen, error = source.seen, ""
            try:
                look = self._take_site if is_site else self._look_at_folder
                seen, error = look(source, stopped)
            except QuireError as problem:
                error = str(problem)
            # A crawl that was cut short goes on, from its beginning, once it may.
            if not stopped() and (not is_site or self.web_allowed()):
                self._looked(source, seen, error)

    def _looked(self, source: Source, seen: int, error: str) -> None:
        now, before = self.clock(), source.looked_at
        is_folder = source.kind is SourceKind.FOLDER
        is_news = (seen, error) != (source.seen, source.error)
        if is_folder and before and not is_news and now - before < LOOKED:
            return
        with self.records.writing() as records:
            try:
                current = records.sources.get(source.id)
            except NotFoundError:
                return
            state = current.state
            if state is SourceState.ACTIVE and not is_folder:
                state = SourceState.DONE
            records.sources.save(
                replace(current, state=state, seen=seen, error=error, looked_at=now)
            )

    def _is_active(self, source: Source) -> bool:
        with self.records.reading() as view:
            try:
                return view.sources.get(source.id).state is SourceState.ACTIVE
            except NotFoundError:
                return False

    def _take_site(self, source: Source, stopped: Callable[[], bool]) -> tuple[int, str]:
        missed: list[QuireError] = []
        seen = 0
        for page in self.web_sites.crawl(
            source.address,
            depth=source.depth,
            most_pages=MOST_PAGES,
            cancelled=lambda: stopped() or not self.web_allowed() or not self._is_active(source),
            missed=missed.append,
        ):
            name = clean_name(page_name(page.url))
            with self.indexes.lock:
                sha256, size = self.files.put(io.BytesIO(page.content))
                file = StoredFile(name=name, sha256=sha256, size_bytes=size, source_id=source.id)
                with self.records.writing() as records:
                    records.sources.get(source.id)
                    record(records, source.knowledge_base_id, file, self.clock())
            self.wake_worker()
            seen += 1
        told = f"{len(missed)} pages could not be had, the first: {missed[0]}" if missed else ""
        return seen, told

    def _look_at_folder(self, source: Source, stopped: Callable[[], bool]) -> tuple[int, str]:
        folder = FolderFiles(Path(source.address))
        there = dict(folder.found())
        with self.records.reading() as view:
            known = view.sources.files(source.id)
        if known and not there:
            # A disk that is not mounted looks like this, too.
            return 0, NOTHING_THERE
        gone = known.keys() - there.keys()
        for name in [name for name, file in there.items() if file.is_new_to(known.get(name))]:
            if stopped() or not self._is_active(source):
                return len(there), ""
            self._take_file(source, there[name], known.get(name), gone)
        if folder.problem:
            return len(there), folder.problem
        if gone:
            self._let_go(source, gone)
        return len(there), ""

    def _take_file(
        self, source: Source, found: FoundFile, before: SourceFile | None, gone: set[str]
    ) -> None:
        try:
            clean_name(found.name)
            with found.path.open("rb") as stream, self.indexes.lock:
                sha256, size = self.files.put(stream)
                with self.records.writing() as records:
                    records.sources.get(source.id)
                    base = records.knowledge_bases.get(source.knowledge_base_id)
                    name = _free_name(records, source, found.name)
                    file = StoredFile(
                        name=name, sha256=sha256, size_bytes=size, source_id=source.id
                    )
                    document = record(records, base.id, file, self.clock()).document
                    records.sources.save_file(source.id, found.taken(document.id))
                    swap = _replaced(records, source, before, document, gone)
                    _follow(records, source, document, gone)
        except (OSError, InvalidInputError) as error:
            self._not_taken(source, found, before, error)
            return
        self.indexes.swap(base, swap)
        self.wake_worker()

    def _not_taken(
        self, source: Source, found: FoundFile, before: SourceFile | None, error: Exception
    ) -> None:
        why = error.strerror if isinstance(error, OSError) else str(error)
        told = found.taken(before.document_id if before else None, f"{found.name}: {why}")
        if told != before:
            with self.records.writing() as records:
                records.sources.save_file(source.id, told)

    def _let_go(self, source: Source, gone: set[str]) -> None:
        """Forget files that are gone, with their documents unless another file has the content."""
        with self.records.reading() as view:
            files = view.sources.files(source.id)
        for name in gone & files.keys():
            with self.records.writing() as records:
                base = records.knowledge_bases.get(source.knowledge_base_id)
                records.sources.remove_file(source.id, name)
                swap = _replaced(records, source, files[name], None, gone)
            self.indexes.swap(base, swap)


def _is_of(records: Transaction, document: Document, source: Source) -> bool:
    """Whether the document is this source's, or was that of one that is watched no more."""
    if document.source_id is None or document.source_id == source.id:
        return document.source_id is not None
    others = records.sources.of(source.knowledge_base_id)
    return all(other.id != document.source_id for other in others)


def _names(source: Source, name: str) -> Iterator[str]:
    """What a file's document may be called: its name, with more and more folders above it."""
    yield clean_name(name)
    for above in reversed(Path(source.address).parts):
        name = f"{above}/{name}"
        yield clean_name(name)


def _free_name(records: Transaction, source: Source, name: str) -> str:
    """The first of a file's names that no other source's or person's document has.

    Else the files of two folders would pass for versions of one document.
    """
    for tried in _names(source, name):
        taken = records.documents.find(source.knowledge_base_id, tried)
        if taken is None or _is_of(records, taken, source):
            break
    return tried


def _follow(
    records: Transaction, source: Source, document: Document, gone: Collection[str]
) -> None:
    """Let a document bear the name of a file that has its content, and be this source's."""
    if not _is_of(records, document, source):
        return
    if document.source_id != source.id:
        records.documents.set_origin(document.id, parent_id=document.parent_id, source_id=source.id)
    holding = records.sources.holding(document.id)
    names = sorted(name for id, name in holding if id == source.id and name not in gone)
    if not names or any(document.name in _names(source, name) for name in names):
        return
    name = _free_name(records, source, names[0])
    if records.documents.find(document.knowledge_base_id, name) is None:
        for version in (document, *others_of_name(records, document)):
            records.documents.rename(version.id, name)


def _replaced(
    records: Transaction,
    source: Source,
    before: SourceFile | None,
    now: Document | None,
    gone: Collection[str],
) -> Swap:
    """Let go the document that a file had, unless it is a version of the one it has now."""
    if before is None or before.document_id is None:
        return Swap()
    document = records.documents.many([before.document_id]).get(before.document_id)
    if document is None or not _is_of(records, document, source):
        return Swap()
    if now and now.name == document.name:
        return Swap()
    if records.sources.holding(document.id):
        _follow(records, source, document, gone)
        return Swap()
    came_in = records.documents.parents(document.id)
    if came_in:
        records.documents.set_origin(document.id, parent_id=came_in[0], source_id=None)
        return Swap()
    return remove_whole(records, document)
