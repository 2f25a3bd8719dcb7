"""Records of watched folders and sites, and of the files that folders gave."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from kb.adapters.sql.tables import source_files, sources
from kb.domain.documents import DocumentId, KnowledgeBaseId
from kb.domain.errors import NotFoundError
from kb.domain.sources import Source, SourceFile, SourceId, SourceKind, SourceState


class SqlSources:
    """Sources over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, source: Source) -> None:
        """Keep a new source."""
        self._connection.execute(insert(sources).values(_values(source)))

    def get(self, id: SourceId) -> Source:
        """Raises NotFoundError."""
        row = self._connection.execute(select(sources).where(sources.c.id == id)).one_or_none()
        if row is None:
            raise NotFoundError("This source does not exist.")
        return _source(row)

    def of(self, knowledge_base_id: KnowledgeBaseId) -> list[Source]:
        """Those of a knowledge base, the oldest first."""
        rows = self._connection.execute(
            select(sources)
            .where(sources.c.knowledge_base_id == knowledge_base_id)
            .order_by(sources.c.created_at)
        )
        return [_source(row) for row in rows]

    def active(self) -> list[Source]:
        """Those that are to be looked at, of all knowledge bases."""
        rows = self._connection.execute(
            select(sources).where(sources.c.state == SourceState.ACTIVE)
        )
        return [_source(row) for row in rows]

    def save(self, source: Source) -> None:
        """Keep what changed of a source; nothing happens where it is gone."""
        self._connection.execute(
            update(sources).where(sources.c.id == source.id).values(_values(source))
        )

    def remove(self, id: SourceId) -> None:
        """Forget a source; its documents stay."""
        self._connection.execute(delete(sources).where(sources.c.id == id))

    def files(self, id: SourceId) -> dict[str, SourceFile]:
        """The files that a folder gave, by name."""
        rows = self._connection.execute(select(source_files).where(source_files.c.source_id == id))
        return {row.name: _file(row) for row in rows}

    def holding(self, document_id: DocumentId) -> list[tuple[SourceId, str]]:
        """The files of folders that have this document's content, as (source, name)."""
        rows = self._connection.execute(
            select(source_files).where(source_files.c.document_id == document_id)
        )
        return [(SourceId(row.source_id), row.name) for row in rows]

    def save_file(self, id: SourceId, file: SourceFile) -> None:
        """Keep how a file is now."""
        self.remove_file(id, file.name)
        self._connection.execute(insert(source_files).values(source_id=id, **asdict(file)))

    def remove_file(self, id: SourceId, name: str) -> None:
        """Forget a file."""
        self._connection.execute(
            delete(source_files).where(source_files.c.source_id == id, source_files.c.name == name)
        )


def _values(source: Source) -> dict[str, Any]:
    return {
        **asdict(source),
        "created_at": source.created_at.isoformat(),
        "looked_at": source.looked_at.isoformat() if source.looked_at else None,
    }


def _source(row: Row[Any]) -> Source:
    return Source(
        id=SourceId(row.id),
        knowledge_base_id=KnowledgeBaseId(row.knowledge_base_id),
        kind=SourceKind(row.kind),
        address=row.address,
        depth=row.depth,
        state=SourceState(row.state),
        error=row.error,
        seen=row.seen,
        created_at=datetime.fromisoformat(row.created_at),
        looked_at=datetime.fromisoformat(row.looked_at) if row.looked_at else None,
    )


def _file(row: Row[Any]) -> SourceFile:
    return SourceFile(
        name=row.name,
        size_bytes=row.size_bytes,
        modified_ns=row.modified_ns,
        document_id=DocumentId(row.document_id) if row.document_id else None,
        error=row.error,
    )
