"""Conversations, and answers whose sentences are bound to passages."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType, TypeVar

from kb.domain.coherence import NOTHING_COMPARED, Coherence
from kb.domain.documents import DocumentId, KnowledgeBaseId, PassageId
from kb.domain.receipts import Receipt
from kb.domain.retrieval import Hit, Ranking

ConversationId = NewType("ConversationId", str)
MessageId = NewType("MessageId", str)

QUOTES = "quotes"
"""Stands in place of a model's name where the answer is made of the documents' own sentences."""


LONGEST_THOUGHTS = 50_000
"""Characters of thoughts that are kept with an answer."""

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
    how: How
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedClaim:
    """A claim, cited or not, and how far what it cites or else any passage bears it out."""

    claim: Claim
    support: Support
    how: How
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was said, on what it rests, or why nothing, or no more, was said."""

    text: str
    citations: tuple[Citation, ...] = ()
    claims: tuple[CheckedClaim, ...] = ()
    coherence: Coherence = NOTHING_COMPARED
    refused: bool = False
    reason: str = ""
    model: str = QUOTES
    prompt_tokens: int | None = None
    receipt: Receipt | None = None
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
class Sent:
    """What a model is asked with, before it says anything."""

    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """More of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """More of what a model thinks before it answers; it is no part of the answer.

    `retracts`: what the model had said till then was thought as well.
    """

    text: str
    retracts: bool = False


Piece = str | Thought
"""What a model sends: more of its answer, or a thought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The last event of an answer: its checked form."""

    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An answer that is being written; `ahead` counts the answers its model writes before it."""

    model: str = ""
    text: str = ""
    hits: tuple[Hit, ...] = ()
    progress: Progressed | None = None
    receipt: Receipt | None = None
    ahead: int = 0
    thoughts: str = ""

    def saying(self, event: Token | Thought) -> "Draft":
        """With more of the text or of the thoughts, of which only so many characters are kept."""
        if isinstance(event, Token):
            return replace(self, text=self.text + event.text)
        said = self.text if event.retracts else ""
        thoughts = f"{self.thoughts}{said}{event.text}"[:LONGEST_THOUGHTS]
        return replace(self, thoughts=thoughts, text="" if event.retracts else self.text)


AnswerEvent = Retrieved | Progressed | Sent | Token | Thought | Finished


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
    """One turn as it is kept. `error` is the sentence shown under a failed or cut one.

    `parent_id` is what it follows; several that follow the same are versions of each other.
    `document_ids` are those a question was put to, None for all; `helpful` and `remark` are what
    the person said of an answer. `has_thoughts` where its model's thoughts are kept.
    """

    id: MessageId
    conversation_id: ConversationId
    role: Role
    content: str
    state: MessageState
    created_at: datetime
    parent_id: MessageId | None = None
    citations: tuple[Citation, ...] = ()
    claims: tuple[CheckedClaim, ...] = ()
    coherence: Coherence = NOTHING_COMPARED
    model: str = ""
    refused: bool = False
    error: str = ""
    prompt_tokens: int | None = None
    document_ids: tuple[DocumentId, ...] | None = None
    helpful: bool | None = None
    remark: str = ""
    has_thoughts: bool = False


@dataclass(frozen=True, slots=True)
class Branches:
    """How the messages of a conversation follow each other: (message, what it follows), as said."""

    links: Sequence[tuple[MessageId, MessageId | None]]

    def path_to(self, leaf: MessageId | None) -> list[MessageId]:
        """From the first message to this one."""
        before = dict(self.links)
        path: list[MessageId] = []
        while leaf is not None:
            path.append(leaf)
            leaf = before.get(leaf)
        return path[::-1]

    def versions_of(self, id: MessageId) -> list[MessageId]:
        """The messages that follow the same as this one, itself among them, as said."""
        parent = dict(self.links).get(id)
        return [other for other, before in self.links if before == parent]

    def newest_leaf(self, id: MessageId) -> MessageId:
        """The last that was said of what follows the message; itself where nothing does."""
        below = {id}
        for each, before in self.links:
            if before in below:
                below.add(each)
                id = each
        return id


def without_document(message: Message, document_id: DocumentId) -> Message:
    """The message without any text of a removed document.

    A sentence that cites it, alone or among others, gives way to a note.
    """
    gone = sorted(
        {(c.claim.start, c.claim.end) for c in message.citations if c.document_id == document_id}
    )
    names = {c.document_name for c in message.citations if c.document_id == document_id}
    message = replace(
        message,
        # What was read is told by name below some answers.
        error="" if any(name in message.error for name in names) else message.error,
        citations=_outside(message.citations, gone),
        claims=_outside(message.claims, gone),
        coherence=message.coherence.without(document_id),
    )
    for begin, end in reversed(gone):
        start = _with_lead(message.content, begin)
        by = len(REMOVED) - (end - start)
        message = replace(
            message,
            content=message.content[:start] + REMOVED + message.content[end:],
            citations=_moved(message.citations, end, by),
            claims=_moved(message.claims, end, by),
        )
    return message


def _with_lead(content: str, start: int) -> int:
    """Where the line begins that introduces what stands at `start`, as a heading; else `start`."""
    before = content[:start].rstrip()
    return before.rfind("\n") + 1 if before.endswith(":") else start


Bound = TypeVar("Bound", Citation, CheckedClaim)


def _outside(told: tuple[Bound, ...], spans: Collection[tuple[int, int]]) -> tuple[Bound, ...]:
    return tuple(each for each in told if (each.claim.start, each.claim.end) not in spans)


def _moved(told: tuple[Bound, ...], end: int, by: int) -> tuple[Bound, ...]:
    """With what begins at `end` or later moved by so many characters."""
    return tuple(
        replace(
            each, claim=replace(each.claim, start=each.claim.start + by, end=each.claim.end + by)
        )
        if each.claim.start >= end
        else each
        for each in told
    )
