"""The only judge of who may do what, and the only maker of a Scope."""

from collections.abc import Collection
from dataclasses import dataclass

from kb.domain.access import Action, Actor, ActorKind, Scope
from kb.domain.conversations import Conversation, ConversationId
from kb.domain.documents import Document, DocumentId, KnowledgeBase, KnowledgeBaseId
from kb.domain.errors import NotAllowedError, NotFoundError
from kb.records import Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What one actor may do. Out of one's view is NotFoundError."""

    records: Records
    actor: Actor

    def require(self, action: Action, id: KnowledgeBaseId) -> KnowledgeBase:
        """The knowledge base, if the actor may do this with it."""
        with self.records.reading() as view:
            base = view.knowledge_bases.get(id)
        if base.owner_id != self.actor.id:
            raise NotFoundError("This knowledge base does not exist.")
        self._require_kind(action)
        return base

    def require_document(self, action: Action, id: DocumentId) -> Document:
        """The document, if the actor may do this with its knowledge base."""
        with self.records.reading() as view:
            document = view.documents.get(id)
        try:
            self.require(action, document.knowledge_base_id)
        except NotFoundError as error:
            raise NotFoundError("This document does not exist.") from error
        return document

    def require_documents(self, action: Action, ids: Collection[DocumentId]) -> None:
        """Raises NotFoundError unless the actor may do this with each of them."""
        with self.records.reading() as view:
            documents = view.documents.many(ids)
        if len(documents) < len(set(ids)):
            raise NotFoundError("This document does not exist.")
        one_of_each = {d.knowledge_base_id: d.id for d in documents.values()}
        for id in one_of_each.values():
            self.require_document(action, id)

    def require_conversation(self, id: ConversationId) -> Conversation:
        """The conversation, if it is the actor's own."""
        with self.records.reading() as view:
            conversation = view.conversations.get(id)
            owner_id = view.conversations.owner_of(id)
        if owner_id != self.actor.id:
            raise NotFoundError("This conversation does not exist.")
        return conversation

    def require_host(self) -> None:
        """Raises NotAllowedError unless the actor runs this installation."""
        if self.actor.kind not in (ActorKind.OWNER, ActorKind.SYSTEM):
            raise NotAllowedError("Only the owner can do this.")

    def require_creator(self) -> None:
        """Raises NotAllowedError unless the actor may make knowledge bases."""
        if self.actor.kind is ActorKind.GUEST:
            raise NotAllowedError("A guest cannot make a knowledge base.")

    def scope(
        self, id: KnowledgeBaseId, document_ids: Collection[DocumentId] | None = None
    ) -> Scope:
        """What the actor's question may search: the whole knowledge base or these documents."""
        base = self.require(Action.ASK, id)
        chosen = None if document_ids is None else frozenset(document_ids)
        return Scope(knowledge_base_id=base.id, document_ids=chosen)

    def _require_kind(self, action: Action) -> None:
        if self.actor.kind is ActorKind.GUEST and action not in (Action.SEE, Action.ASK):
            raise NotAllowedError("A guest can look and ask, but not change anything.")
