"""Records of knowledge bases and of the embedding spaces they use."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, Row, delete, insert, select, update

from kb.adapters.sql import fulltext
from kb.adapters.sql.pages import forget_unused_ocr
from kb.adapters.sql.tables import embedding_spaces, knowledge_bases
from kb.domain.documents import EmbeddingSpace, EmbeddingSpaceId, KnowledgeBase, KnowledgeBaseId
from kb.domain.errors import NotFoundError


class SqlKnowledgeBases:
    """Knowledge bases over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, knowledge_base: KnowledgeBase) -> None:
        """Keep a new knowledge base and make its full-text table."""
        self._connection.execute(
            insert(knowledge_bases).values(
                id=knowledge_base.id,
                name=knowledge_base.name,
                owner_id=knowledge_base.owner_id,
                embedding_space_id=knowledge_base.embedding_space_id,
                created_at=knowledge_base.created_at.isoformat(),
            )
        )
        fulltext.create(self._connection, knowledge_base.id)

    def get(self, id: KnowledgeBaseId) -> KnowledgeBase:
        """Raises NotFoundError."""
        row = self._connection.execute(
            select(knowledge_bases).where(knowledge_bases.c.id == id)
        ).one_or_none()
        if row is None:
            raise NotFoundError("This knowledge base does not exist.")
        return _knowledge_base(row)

    def list_of(self, owner_id: str) -> list[KnowledgeBase]:
        """In the order they were made."""
        rows = self._connection.execute(
            select(knowledge_bases)
            .where(knowledge_bases.c.owner_id == owner_id)
            .order_by(knowledge_bases.c.created_at, knowledge_bases.c.id)
        )
        return [_knowledge_base(row) for row in rows]

    def all(self) -> list[KnowledgeBase]:
        """Everybody's."""
        return [_knowledge_base(row) for row in self._connection.execute(select(knowledge_bases))]

    def rename(self, id: KnowledgeBaseId, name: str) -> None:
        """Give another name."""
        self._connection.execute(
            update(knowledge_bases).where(knowledge_bases.c.id == id).values(name=name)
        )

    def set_space(self, id: KnowledgeBaseId, space: EmbeddingSpace) -> None:
        """Bind the knowledge base to an embedding space."""
        known = select(embedding_spaces.c.id).where(embedding_spaces.c.id == space.id)
        if self._connection.scalar(known) is None:
            self._connection.execute(insert(embedding_spaces).values(asdict(space)))
        self._connection.execute(
            update(knowledge_bases)
            .where(knowledge_bases.c.id == id)
            .values(embedding_space_id=space.id)
        )

    def remove(self, id: KnowledgeBaseId) -> None:
        """Forget the knowledge base with its documents, conversations and words."""
        self._connection.execute(delete(knowledge_bases).where(knowledge_bases.c.id == id))
        forget_unused_ocr(self._connection)
        fulltext.drop(self._connection, id)


def _knowledge_base(row: Row[tuple[object, ...]]) -> KnowledgeBase:
    space_id = row.embedding_space_id
    return KnowledgeBase(
        id=KnowledgeBaseId(row.id),
        name=row.name,
        owner_id=row.owner_id,
        embedding_space_id=EmbeddingSpaceId(space_id) if space_id else None,
        created_at=datetime.fromisoformat(row.created_at),
    )
