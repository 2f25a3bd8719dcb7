"""Who may do what, and how far a question reaches."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from kb.domain.documents import DocumentId, KnowledgeBaseId

ActorId = NewType("ActorId", str)

LOCAL_OWNER = ActorId("owner")


class ActorKind(StrEnum):
    """The kinds of people and processes that act."""

    OWNER = "owner"
    MEMBER = "member"
    GUEST = "guest"
    SYSTEM = "system"


class Action(StrEnum):
    """What can be done with a knowledge base, its documents and conversations."""

    SEE = "see"
    ASK = "ask"
    CHANGE = "change"
    MANAGE = "manage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One who acts."""

    id: ActorId
    kind: ActorKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a question may search: one knowledge base, whole or some of its documents.

    Made only by `kb.services.access`, so that holding one is the permission.
    """

    knowledge_base_id: KnowledgeBaseId
    document_ids: frozenset[DocumentId] | None = None
