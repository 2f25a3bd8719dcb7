"""Keeps vectors and words, which are derived, in step with the records."""

import logging
import threading
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from kb.domain.documents import (
    DocumentId,
    DocumentState,
    EmbeddingSpaceId,
    KnowledgeBase,
    KnowledgeBaseId,
    PassageId,
)
from kb.domain.errors import DamagedIndexError
from kb.ports import FileStore, VectorIndex
from kb.records import Records
from kb.services.recording import Swap

AT_A_TIME = 10_000
"""Vectors that are read from the records before they go into the index: those of a large
knowledge base together would take gigabytes."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a knowledge base's indexes differ from its records."""

    knowledge_base: str
    passages: int
    missing_vectors: int
    stray_vectors: int
    words_agree: bool

    @property
    def agrees(self) -> bool:
        """Whether nothing is to mend."""
        return not self.missing_vectors and not self.stray_vectors and self.words_agree


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexes:
    """The derived data of all knowledge bases; used by services, the worker and at start."""

    records: Records
    vectors: VectorIndex
    files: FileStore
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, document_id: DocumentId, space_id: EmbeddingSpaceId) -> None:
        """Index the vectors of a ready document, unless it was removed since."""
        with self.lock:
            with self.records.reading() as view:
                document = view.documents.many([document_id]).get(document_id)
                if document is None or document.state is not DocumentState.READY:
                    return
                ids, rows = view.documents.vectors_of_documents([document_id], space_id)
            if ids:
                self.vectors.upsert(document.knowledge_base_id, space_id, ids, rows)

    def forget(
        self,
        base_id: KnowledgeBaseId,
        space_id: EmbeddingSpaceId | None,
        ids: Sequence[PassageId],
    ) -> None:
        """Take the vectors of removed passages out."""
        if space_id is not None and ids:
            with self.lock:
                self.vectors.delete(base_id, space_id, ids)

    @contextmanager
    def forgetting(
        self, base: KnowledgeBase, ids: Sequence[PassageId]
    ) -> "Iterator[Future[None] | None]":
        """Take vectors out while their passages are removed from the records inside.

        Both take about as long. Gives what says, once that is done, whether the index failed.
        """
        space_id = base.embedding_space_id
        # Nothing may index a document anew between the two.
        with self.lock:
            try:
                with ThreadPoolExecutor(1) as beside:
                    yield (
                        beside.submit(self.vectors.delete, base.id, space_id, ids)
                        if space_id is not None and ids
                        else None
                    )
            except BaseException:
                self.mend()
                raise

    def swap(self, base: KnowledgeBase, swap: Swap) -> None:
        """Follow a change of versions; an index that is damaged is made anew."""
        self.forget_files(swap.contents)
        if base.embedding_space_id is None:
            return
        try:
            for id in swap.come:
                self.add(id, base.embedding_space_id)
            self.forget(base.id, base.embedding_space_id, swap.gone)
        except DamagedIndexError:
            self.mend()

    def forget_files(self, hashes: Collection[str]) -> None:
        """Remove files that no document has any more."""
        with self.lock, self.records.reading() as view:
            for sha256 in hashes:
                if not view.documents.of_content(sha256):
                    self.files.remove(sha256)

    def check(self) -> list[Difference]:
        """Compare every id in the indexes with the records."""
        differences = []
        with self.lock, self.records.reading() as view:
            for base in view.knowledge_bases.all():
                wanted = view.documents.passage_ids(base.id)
                space_id = base.embedding_space_id
                there = self.vectors.ids(base.id, space_id) if space_id else set()
                differences.append(
                    Difference(
                        knowledge_base=base.name,
                        passages=len(wanted),
                        missing_vectors=len(wanted - there),
                        stray_vectors=len(there - wanted),
                        words_agree=view.documents.words_agree(base.id),
                    )
                )
        return differences

    def mend(self) -> None:
        """Bring the indexes and the stored files in step with the records."""
        with self.lock:
            with self.records.reading() as view:
                bases = view.knowledge_bases.all()
                wordless = [b.id for b in bases if not view.documents.words_agree(b.id)]
            for base_id in wordless:
                self._rebuild_words(base_id)
            try:
                self._mend_all_vectors()
            except DamagedIndexError:
                self._renew_vectors()
            with self.records.reading() as view:
                in_use = view.documents.contents()
            self.forget_files(self.files.all() - in_use)

    def rebuild(self, base_id: KnowledgeBaseId) -> int:
        """Make words and vectors anew from the records, without reading or embedding; passages."""
        with self.lock:
            with self.records.reading() as view:
                base = view.knowledge_bases.get(base_id)
            count = self._rebuild_words(base_id)
            try:
                if base.embedding_space_id:
                    self.vectors.drop(base_id, base.embedding_space_id)
                    self._mend_vectors(base_id, base.embedding_space_id)
            except DamagedIndexError:
                self._renew_vectors()
        return count

    def _rebuild_words(self, base_id: KnowledgeBaseId) -> int:
        log.warning("The full-text rows of knowledge base %s are made anew.", base_id)
        with self.records.writing() as records:
            return records.documents.rebuild_words(base_id)

    def _renew_vectors(self) -> None:
        log.warning("The vector index is damaged; it is made anew.")
        self.vectors.reset()
        self._mend_all_vectors()

    def _mend_all_vectors(self) -> None:
        self._drop_unknown_collections()
        with self.records.reading() as view:
            bases = view.knowledge_bases.all()
        for base in bases:
            if base.embedding_space_id:
                self._mend_vectors(base.id, base.embedding_space_id)

    def _mend_vectors(self, base_id: KnowledgeBaseId, space_id: EmbeddingSpaceId) -> None:
        with self.records.reading() as view:
            wanted = view.documents.passage_ids(base_id)
            there = self.vectors.ids(base_id, space_id)
        self.vectors.delete(base_id, space_id, sorted(there - wanted))
        missing = sorted(wanted - there)
        for first in range(0, len(missing), AT_A_TIME):
            with self.records.reading() as view:
                ids, rows = view.documents.vectors(missing[first : first + AT_A_TIME], space_id)
            if ids:
                self.vectors.upsert(base_id, space_id, ids, rows)

    def _drop_unknown_collections(self) -> None:
        with self.records.reading() as view:
            known = {(b.id, b.embedding_space_id) for b in view.knowledge_bases.all()}
        for base_id, space_id in self.vectors.collections() - known:
            self.vectors.drop(base_id, space_id)
