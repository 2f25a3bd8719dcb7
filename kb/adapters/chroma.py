"""Dense search: one Chroma collection per knowledge base and embedding space, by cosine.

Not covered: two processes on one folder, which corrupts it; the owner of the data folder
is the only one to open this.
"""

import logging
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kb.domain.documents import EmbeddingSpaceId, KnowledgeBaseId, PassageId
from kb.domain.embeddings import Vectors
from kb.domain.errors import DamagedIndexError, DiskFullError

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api import ClientAPI

BATCH = 2000
HNSW = {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 24}
"""Above Chroma's own 100/100/16, so that few passages are out of reach of the graph."""

DISK_FULL = "database or disk is full"
"""Chroma passes on what SQLite says."""

log = logging.getLogger(__name__)


class ChromaIndex:
    """Vectors in `folder`; the client opens at the first use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self._opened: ClientAPI | None = None

    def upsert(
        self,
        knowledge_base_id: KnowledgeBaseId,
        space_id: EmbeddingSpaceId,
        ids: Sequence[PassageId],
        vectors: Vectors,
    ) -> None:
        """Add or replace vectors, (n, dimension)."""
        with self._lock, _translated():
            collection = self._client.get_or_create_collection(
                _name(knowledge_base_id, space_id),
                configuration={"hnsw": cast(Any, HNSW)},
                embedding_function=None,
            )
            for first in range(0, len(ids), BATCH):
                last = first + BATCH
                collection.upsert(ids=list(ids[first:last]), embeddings=vectors[first:last])

    def delete(
        self,
        knowledge_base_id: KnowledgeBaseId,
        space_id: EmbeddingSpaceId,
        ids: Sequence[PassageId],
    ) -> None:
        """Remove vectors; ids that are not there are passed over."""
        with self._lock, _translated():
            collection = self._collection(knowledge_base_id, space_id)
            if collection is None:
                return
            for first in range(0, len(ids), BATCH):
                collection.delete(ids=list(ids[first : first + BATCH]))

    def search(
        self,
        knowledge_base_id: KnowledgeBaseId,
        space_id: EmbeddingSpaceId,
        vector: Vectors,
        k: int,
    ) -> list[tuple[PassageId, float]]:
        """The k nearest passages by cosine, best first."""
        with _translated():
            collection = self._collection(knowledge_base_id, space_id)
            if collection is None or k < 1:
                return []
            found = collection.query(
                query_embeddings=[vector.tolist()], n_results=k, include=["distances"]
            )
        distances = (found["distances"] or [[]])[0]
        return [
            (PassageId(id), 1.0 - float(distance))
            for id, distance in zip(found["ids"][0], distances, strict=True)
        ]

    def ids(self, knowledge_base_id: KnowledgeBaseId, space_id: EmbeddingSpaceId) -> set[PassageId]:
        """Every id that is in the index."""
        with _translated():
            collection = self._collection(knowledge_base_id, space_id)
            if collection is None:
                return set()
            return {PassageId(id) for id in collection.get(include=[])["ids"]}

    def drop(self, knowledge_base_id: KnowledgeBaseId, space_id: EmbeddingSpaceId) -> None:
        """Forget the whole knowledge base; nothing happens where there is none."""
        with self._lock, _translated():
            if self._collection(knowledge_base_id, space_id) is not None:
                self._client.delete_collection(_name(knowledge_base_id, space_id))

    def collections(self) -> set[tuple[KnowledgeBaseId, EmbeddingSpaceId]]:
        """What the index holds anything of."""
        with _translated():
            listed = self._client.list_collections()
        names = (collection.name.partition("-") for collection in listed)
        return {(KnowledgeBaseId(base), EmbeddingSpaceId(space)) for base, _, space in names}

    def reset(self) -> None:
        """Forget everything, also where the index is damaged."""
        with self._lock:
            self.close()
            shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """Let the folder go; the next use opens it again."""
        with self._lock:
            client, self._opened = self._opened, None
            if client is not None:
                client.close()  # type: ignore[attr-defined]

    def _collection(
        self, knowledge_base_id: KnowledgeBaseId, space_id: EmbeddingSpaceId
    ) -> "Collection | None":
        from chromadb.errors import NotFoundError

        try:
            return self._client.get_collection(
                _name(knowledge_base_id, space_id), embedding_function=None
            )
        except NotFoundError:
            return None

    @property
    def _client(self) -> "ClientAPI":
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def _open(self) -> "ClientAPI":
        from chromadb import PersistentClient
        from chromadb.api.shared_system_client import SharedSystemClient
        from chromadb.config import Settings

        settings = Settings(anonymized_telemetry=False)
        try:
            return PersistentClient(self._folder, settings=settings)
        except Exception as error:
            if DISK_FULL in str(error):
                # There is nothing wrong with it, and no room to make it again.
                raise
            log.warning("The vector folder %s cannot be opened; it is made anew.", self._folder)
            shutil.rmtree(self._folder, ignore_errors=True)
            # Else Chroma would go on with the half of it that it had begun to open.
            SharedSystemClient.clear_system_cache()
            return PersistentClient(self._folder, settings=settings)


@contextmanager
def _translated() -> Iterator[None]:
    from chromadb.errors import ChromaError

    try:
        yield
    except ChromaError as error:
        if DISK_FULL in str(error):
            raise DiskFullError(
                "The disk is full, so the vector index was not changed.",
                advice="Free some space and try again.",
            ) from error
        raise DamagedIndexError(
            "The vector index is damaged.", advice="Start Quire again: that makes it anew."
        ) from error


def _name(knowledge_base_id: KnowledgeBaseId, space_id: EmbeddingSpaceId) -> str:
    return f"{knowledge_base_id}-{space_id}"
