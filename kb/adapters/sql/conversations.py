"""Records of conversations, their messages and what those cite."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, insert, select, union, update

from kb.adapters.sql.tables import citations, claims, conversations, messages, thoughts, voices
from kb.adapters.sql.voices import coherence, voice_values
from kb.domain.conversations import (
    Branches,
    CheckedClaim,
    Citation,
    Claim,
    Conversation,
    ConversationId,
    How,
    Message,
    MessageId,
    MessageState,
    Role,
    Support,
)
from kb.domain.documents import DocumentId, KnowledgeBaseId, PassageId
from kb.domain.errors import NotFoundError


class SqlConversations:
    """Conversations over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, conversation: Conversation, owner_id: str) -> None:
        """Keep a new conversation."""
        self._connection.execute(
            insert(conversations).values(
                id=conversation.id,
                knowledge_base_id=conversation.knowledge_base_id,
                owner_id=owner_id,
                title=conversation.title,
                created_at=conversation.created_at.isoformat(),
                updated_at=conversation.updated_at.isoformat(),
            )
        )

    def get(self, id: ConversationId) -> Conversation:
        """Raises NotFoundError."""
        return _conversation(self._row(id))

    def owner_of(self, id: ConversationId) -> str:
        """Whose it is. Raises NotFoundError."""
        owner_id: str = self._row(id).owner_id
        return owner_id

    def list_of(self, owner_id: str, knowledge_base_id: KnowledgeBaseId) -> list[Conversation]:
        """The newest first."""
        rows = self._connection.execute(
            select(conversations)
            .where(
                conversations.c.owner_id == owner_id,
                conversations.c.knowledge_base_id == knowledge_base_id,
            )
            .order_by(conversations.c.updated_at.desc(), conversations.c.id)
        )
        return [_conversation(row) for row in rows]

    def rename(self, id: ConversationId, title: str) -> None:
        """Give another title."""
        self._connection.execute(
            update(conversations).where(conversations.c.id == id).values(title=title)
        )

    def touch(self, id: ConversationId, now: datetime) -> None:
        """Note that something was said now."""
        self._connection.execute(
            update(conversations).where(conversations.c.id == id).values(updated_at=now.isoformat())
        )

    def remove(self, id: ConversationId) -> None:
        """Forget the conversation and all that was said in it."""
        self._connection.execute(delete(conversations).where(conversations.c.id == id))

    def messages(self, id: ConversationId, leaf: MessageId | None = None) -> list[Message]:
        """Those of the branch that ends with the leaf, or else is shown, as they were said."""
        path = self.branches(id).path_to(leaf or self.leaf(id))
        found = self._messages(select(messages).where(messages.c.id.in_(path)))
        return sorted(found, key=lambda message: path.index(message.id))

    def branches(self, id: ConversationId) -> Branches:
        """How all its messages follow each other."""
        rows = self._connection.execute(
            select(messages.c.id, messages.c.parent_id)
            .where(messages.c.conversation_id == id)
            .order_by(messages.c.seq)
        )
        return Branches([(row.id, row.parent_id) for row in rows])

    def leaf(self, id: ConversationId) -> MessageId | None:
        """The last message of the branch that is shown; None where nothing was said."""
        leaf: MessageId | None = self._row(id).leaf_id
        return leaf

    def show(self, id: ConversationId, leaf_id: MessageId) -> None:
        """Let the branch that ends with this message be the one that is shown."""
        self._connection.execute(
            update(conversations).where(conversations.c.id == id).values(leaf_id=leaf_id)
        )

    def message(self, id: MessageId) -> Message:
        """Raises NotFoundError."""
        found = self._messages(select(messages).where(messages.c.id == id))
        if not found:
            raise NotFoundError("This message does not exist.")
        return found[0]

    def answer_to(self, id: ConversationId, request_id: str) -> Message | None:
        """The answer already begun for this request, if any."""
        found = self._messages(
            select(messages).where(
                messages.c.conversation_id == id,
                messages.c.request_id == request_id,
                messages.c.role == Role.ASSISTANT,
            )
        )
        return found[0] if found else None

    def add_message(self, message: Message, request_id: str) -> None:
        """Keep a new message at the end of the branch that is shown."""
        self._connection.execute(
            insert(messages).values(
                id=message.id,
                conversation_id=message.conversation_id,
                request_id=request_id,
                role=message.role,
                created_at=message.created_at.isoformat(),
                parent_id=message.parent_id,
                document_ids=_listed(message.document_ids),
                **_said(message),
            )
        )
        self._replace_bound(message)
        self.show(message.conversation_id, message.id)

    def save_message(self, message: Message) -> bool:
        """Replace the message's content, state, citations and claims; False if it was removed."""
        saved = self._connection.execute(
            update(messages).where(messages.c.id == message.id).values(**_said(message))
        )
        if saved.rowcount:
            self._replace_bound(message)
        return bool(saved.rowcount)

    def rate(self, id: MessageId, *, helpful: bool | None, remark: str) -> None:
        """Keep what the person says of an answer."""
        self._connection.execute(
            update(messages).where(messages.c.id == id).values(helpful=helpful, remark=remark)
        )

    def stop_streaming(self) -> None:
        """Mark what was being written when the last process ended as stopped."""
        self._connection.execute(
            update(messages)
            .where(messages.c.state == MessageState.STREAMING)
            .values(state=MessageState.STOPPED)
        )

    def citing(self, document_id: DocumentId) -> list[Message]:
        """Every message that cites the document, or compares it with others."""
        told = (
            select(table.c.message_id).where(table.c.document_id == document_id)
            for table in (citations, voices)
        )
        return self._messages(select(messages).where(messages.c.id.in_(union(*told))))

    def _row(self, id: ConversationId) -> Row[Any]:
        row = self._connection.execute(
            select(conversations).where(conversations.c.id == id)
        ).one_or_none()
        if row is None:
            raise NotFoundError("This conversation does not exist.")
        return row

    def _messages(self, statement: Any) -> list[Message]:
        rows = self._connection.execute(statement).all()
        ids = [row.id for row in rows]
        cited, claimed = self._bound(citations, ids), self._bound(claims, ids)
        heard = self._bound(voices, ids)
        thinking = set(
            self._connection.scalars(
                select(thoughts.c.message_id).where(thoughts.c.message_id.in_(ids))
            )
        )
        return [
            replace(
                _message(row, cited.get(row.id, []), claimed.get(row.id, [])),
                coherence=coherence(heard.get(row.id, []), row.silent),
                has_thoughts=row.id in thinking,
            )
            for row in rows
        ]

    def _bound(self, table: Table, ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
        """The rows that belong to each message, in their order."""
        rows = self._connection.execute(
            select(table).where(table.c.message_id.in_(ids)).order_by(table.c.seq)
        )
        by_message: dict[str, list[Row[Any]]] = {}
        for row in rows:
            by_message.setdefault(row.message_id, []).append(row)
        return by_message

    def _replace_bound(self, message: Message) -> None:
        values = {
            citations: [_citation_values(message.id, each) for each in message.citations],
            claims: [_claim_values(message.id, each) for each in message.claims],
            voices: voice_values(message),
        }
        for table, rows in values.items():
            self._connection.execute(delete(table).where(table.c.message_id == message.id))
            if rows:
                self._connection.execute(insert(table), rows)


def _said(message: Message) -> dict[str, Any]:
    return {
        "content": message.content,
        "state": message.state,
        "model": message.model,
        "refused": message.refused,
        "error": message.error,
        "prompt_tokens": message.prompt_tokens,
        "silent": message.coherence.silent,
    }


def _listed(ids: tuple[DocumentId, ...] | None) -> str | None:
    return None if ids is None else json.dumps(ids)


def _conversation(row: Row[Any]) -> Conversation:
    return Conversation(
        id=ConversationId(row.id),
        knowledge_base_id=KnowledgeBaseId(row.knowledge_base_id),
        title=row.title,
        created_at=datetime.fromisoformat(row.created_at),
        updated_at=datetime.fromisoformat(row.updated_at),
    )


def _message(row: Row[Any], cited: list[Row[Any]], claimed: list[Row[Any]]) -> Message:
    return Message(
        id=MessageId(row.id),
        conversation_id=ConversationId(row.conversation_id),
        role=Role(row.role),
        content=row.content,
        state=MessageState(row.state),
        created_at=datetime.fromisoformat(row.created_at),
        parent_id=row.parent_id,
        citations=tuple(_citation(row.content, each) for each in cited),
        claims=tuple(_checked_claim(row.content, each) for each in claimed),
        model=row.model,
        refused=row.refused,
        error=row.error,
        prompt_tokens=row.prompt_tokens,
        document_ids=None if row.document_ids is None else tuple(json.loads(row.document_ids)),
        helpful=row.helpful,
        remark=row.remark or "",
    )


def _citation(content: str, row: Row[Any]) -> Citation:
    return Citation(
        number=row.number,
        claim=_claim(content, row),
        passage_id=PassageId(row.passage_id) if row.passage_id else None,
        document_id=DocumentId(row.document_id) if row.document_id else None,
        document_name=row.document_name,
        page=row.page,
        paged=row.paged,
        quote=row.quote,
        text=row.text,
        support=Support(row.support),
        how=How(row.how),
        score=row.score,
    )


def _checked_claim(content: str, row: Row[Any]) -> CheckedClaim:
    return CheckedClaim(
        claim=_claim(content, row),
        support=Support(row.support),
        how=How(row.how),
        score=row.score,
    )


def _claim(content: str, row: Row[Any]) -> Claim:
    return Claim(
        text=content[row.claim_start : row.claim_end], start=row.claim_start, end=row.claim_end
    )


def _claim_values(message_id: MessageId, checked: CheckedClaim) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "claim_start": checked.claim.start,
        "claim_end": checked.claim.end,
        "support": checked.support,
        "how": checked.how,
        "score": checked.score,
    }


def _citation_values(message_id: MessageId, citation: Citation) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "number": citation.number,
        "claim_start": citation.claim.start,
        "claim_end": citation.claim.end,
        "passage_id": citation.passage_id,
        "document_id": citation.document_id,
        "document_name": citation.document_name,
        "page": citation.page,
        "paged": citation.paged,
        "quote": citation.quote,
        "text": citation.text,
        "support": citation.support,
        "how": citation.how,
        "score": citation.score,
    }
