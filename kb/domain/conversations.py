"""Conversations, and answers whose sentences are bound to passages."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType

from kb.domain.documents import DocumentId, KnowledgeBaseId, PassageId
from kb.domain.retrieval import Ranking

ConversationId = NewType("ConversationId", str)
MessageId = NewType("MessageId", str)

QUOTES = "quotes"
"""Stands in place of a model's name where the answer is made of the documents' own sentences."""


REMOVED = "[A sentence from a removed document stood here.]"


class Role(StrEnum):
    """Who said it."""

    USER = "user"
    ASSISTANT = "assistant"


class MessageState(StrEnum):
    """How far a message has come."""

    STREAMING = "streaming"
    COMPLETE = "complete"
    STOPPED = "stopped"
    FAILED = "failed"


class Support(StrEnum):
    """Whether the cited passage bears out the sentence that cites it."""

    SUPPORTED = "supported"
    PARTIAL = "partial"
    UNSUPPORTED = "unsupported"


class How(StrEnum):
    """How a passage bears out a sentence."""

    QUOTED = "quoted"
    PARAPHRASED = "paraphrased"
    NUMBERS = "number matched"
    NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Characters start..end of an answer: one sentence that says something."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A claim and the passage it rests on; `number` is the mark [n] in the answer.

    `document_id` is None once the document was removed; its text is then gone here too.
    """

    number: int
    claim: Claim
    passage_id: PassageId | None
    document_id: DocumentId | None
    document_name: str
    page: int
    paged: bool
    quote: str
    text: str
    support: Support
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was said, on what it rests, or why nothing, or no more, was said."""

    text: str
    citations: tuple[Citation, ...] = ()
    refused: bool = False
    reason: str = ""
    model: str = QUOTES
    prompt_tokens: int | None = None
    elapsed_ms: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """The first event of an answer: what was found."""

    ranking: Ranking


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressed:
    """What is being done before the first words: `done` of `total` sections, pages, answers.

    `total` is 0 where there is nothing to count.
    """

    step: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """More of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The last event of an answer: its checked form."""

    answer: Answer


AnswerEvent = Retrieved | Progressed | Token | Finished


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A thread of questions to one knowledge base."""

    id: ConversationId
    knowledge_base_id: KnowledgeBaseId
    title: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn as it is kept. `error` is the sentence shown under a failed or cut one."""

    id: MessageId
    conversation_id: ConversationId
    role: Role
    content: str
    state: MessageState
    created_at: datetime
    citations: tuple[Citation, ...] = ()
    model: str = ""
    refused: bool = False
    error: str = ""
    prompt_tokens: int | None = None


def without_document(message: Message, document_id: DocumentId) -> Message:
    """The message without any text of a removed document.

    A sentence that cites it, alone or among others, gives way to a note.
    """
    gone = sorted(
        {(c.claim.start, c.claim.end) for c in message.citations if c.document_id == document_id}
    )
    kept = [
        c
        for c in message.citations
        if c.document_id != document_id and (c.claim.start, c.claim.end) not in gone
    ]
    content, shifted = message.content, kept
    for start, end in reversed(gone):
        content = content[:start] + REMOVED + content[end:]
        by = len(REMOVED) - (end - start)
        shifted = [
            replace(c, claim=replace(c.claim, start=c.claim.start + by, end=c.claim.end + by))
            if c.claim.start >= end
            else c
            for c in shifted
        ]
    return replace(message, content=content, citations=tuple(shifted))
