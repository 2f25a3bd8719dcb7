"""Writes answers in threads of their own, and keeps what is said as it comes.

An answer goes on whatever becomes of the page that asked for it; it ends when it is said, when it
is stopped, when its message is removed, or with the process.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kb.answering.citations import cited
from kb.answering.entailment import SecondOpinion
from kb.domain.conversations import (
    QUOTES,
    Answer,
    AnswerEvent,
    Draft,
    Finished,
    Message,
    MessageId,
    MessageState,
    Progressed,
    Retrieved,
    Sent,
    Thought,
    Token,
    without_document,
)
from kb.domain.documents import DocumentId
from kb.domain.errors import NotFoundError, QuireError
from kb.domain.receipts import Receipt
from kb.domain.retrieval import Query
from kb.ports import ChatModel, Embedder
from kb.records import Records, Transaction
from kb.services.model_queue import ModelQueue, QueuedModel

if TYPE_CHECKING:
    from kb.answering.chain import AnswerEvents, AnsweringChain

SAVE_EVERY_SECONDS = 0.5
SAVES_SHARE = 10
"""So many times as long as a save took, none follows."""

LONGEST_END_SECONDS = 5.0
BROKE_OFF = "The answer broke off by a fault of Quire's ({}); its log says more. Ask again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A question to be answered in a message; `model` finds what writes it, None for quotes."""

    message: Message
    query: Query
    model: Callable[[], ChatModel | None]


@dataclass(kw_only=True)
class Generations:
    """The answers that are being written."""

    records: Records
    chain: Callable[[], "AnsweringChain"]
    queue: ModelQueue
    _running: dict[MessageId, "_Generation"] = field(default_factory=dict)

    def begin(self, wanted: Wanted) -> None:
        """Write the answer, in the background."""
        generation = _Generation(self.records, wanted)
        self._running[wanted.message.id] = generation
        threading.Thread(target=self._write, args=(generation,), name="answer", daemon=True).start()

    def answered(self, query: Query, model: ChatModel | None) -> Answer:
        """The answer to a question, when it is whole; nothing is kept. Raises ModelError."""
        queued = QueuedModel(model, self.queue) if model else None
        events = self.chain().answer(query, queued)
        return next(event.answer for event in events if isinstance(event, Finished))

    def draft(self, id: MessageId) -> Draft | None:
        """How far the answer is; None where it is not being written."""
        generation = self._running.get(id)
        return generation.draft if generation else None

    def stop(self, id: MessageId) -> None:
        """End the answer, and wait a moment until what was said is kept."""
        generation = self._running.get(id)
        if generation:
            generation.stop()
            generation.ended.wait(LONGEST_END_SECONDS)

    def stop_gone(self) -> None:
        """End the answers whose messages were removed, without waiting."""
        with self.records.reading() as view:
            for id, generation in list(self._running.items()):
                try:
                    view.conversations.message(id)
                except NotFoundError:
                    generation.stop()

    def wait(self, id: MessageId, seconds: float | None = None) -> bool:
        """Wait until the answer is kept; whether it is."""
        generation = self._running.get(id)
        return generation.ended.wait(seconds) if generation else True

    def close(self) -> None:
        """End all, and wait a moment until what was said is kept."""
        running = list(self._running.values())
        for generation in running:
            generation.stop()
        until = time.monotonic() + LONGEST_END_SECONDS
        for generation in running:
            generation.ended.wait(max(0.0, until - time.monotonic()))

    def _write(self, generation: "_Generation") -> None:
        try:
            generation.write(self.chain, self.queue)
        finally:
            self._running.pop(generation.message.id, None)
            generation.ended.set()


class _Generation:
    """One answer on its way."""

    def __init__(self, records: Records, wanted: Wanted) -> None:
        self.message = wanted.message
        self.ended = threading.Event()
        self._wanted = wanted
        self._records = records
        self._draft = Draft()
        self._model: QueuedModel | None = None
        self._events: AnswerEvents | None = None
        self._embedder: Embedder | None = None
        self._opinion: SecondOpinion | None = None
        self._stopped = False
        self._save_at = time.monotonic() + SAVE_EVERY_SECONDS

    @property
    def draft(self) -> Draft:
        """How far it is."""
        return replace(self._draft, ahead=self._model.ahead if self._model else 0)

    def stop(self) -> None:
        """Say no more, also where nothing was said yet."""
        self._stopped = True
        if self._events:
            self._events.close()

    def write(self, chain: Callable[[], "AnsweringChain"], queue: ModelQueue) -> None:
        """Say all there is, and keep it however it ends."""
        try:
            answer = self._answer(chain, queue)
            if answer:
                self._save(_finished(self.message, answer), answer.receipt)
            else:
                self._save(self._so_far(MessageState.STOPPED), self._draft.receipt)
        except QuireError as error:
            self._save(self._so_far(MessageState.FAILED, str(error)))
        except Exception as error:
            told = BROKE_OFF.format(type(error).__name__)
            # Without its text, which may be what could not be kept.
            self._save(replace(self.message, state=MessageState.FAILED, error=told))
            raise

    def _answer(self, chain: Callable[[], "AnsweringChain"], queue: ModelQueue) -> Answer | None:
        """Take the events as they come; None where it was stopped."""
        model = self._wanted.model()
        self._model = QueuedModel(model, queue) if model else None
        name = model.name if model else QUOTES
        self.message = replace(self.message, model=name)
        self._draft = replace(self._draft, model=name)
        made_by = chain()
        self._embedder, self._opinion = made_by.embedder, made_by.opinion
        self._events = made_by.answer(self._wanted.query, self._model)
        if self._stopped:
            self._events.close()
        for event in self._events:
            if isinstance(event, Finished):
                return event.answer
            self._take(event)
        return None

    def _take(self, event: AnswerEvent) -> None:
        if isinstance(event, Retrieved):
            self._draft = replace(self._draft, hits=event.ranking.hits)
        elif isinstance(event, Progressed):
            self._draft = replace(self._draft, progress=event)
        elif isinstance(event, Sent):
            self._draft = replace(self._draft, receipt=event.receipt)
        elif isinstance(event, Token | Thought):
            self._draft = self._draft.saying(event)
            if time.monotonic() > self._save_at:
                self._save_so_far()

    def _save_so_far(self) -> None:
        begun = time.monotonic()
        if not self._save(self._so_far(MessageState.STREAMING)):
            self.stop()
        took = time.monotonic() - begun
        # A long answer takes longer to bind: saving must not become what it waits for.
        self._save_at = begun + took + max(SAVE_EVERY_SECONDS, SAVES_SHARE * took)

    def _so_far(self, state: MessageState, error: str = "") -> Message:
        # Bound to its documents also while unfinished, so that removing one takes its text out.
        embedder = None if state is MessageState.STREAMING else self._embedder
        bound = cited(self._draft.text, self._draft.hits, embedder, self._opinion)
        return replace(
            self.message,
            state=state,
            error=error,
            content=bound.text,
            citations=bound.citations,
            claims=bound.claims,
        )

    def _save(self, message: Message, receipt: Receipt | None = None) -> bool:
        """Keep the message, at its end with its receipt; False where it was removed."""
        with self._records.writing() as records:
            # A document may have been removed while the answer was being written.
            for gone in _gone(records, _told_of(message)):
                message = without_document(message, gone)
            is_there = records.conversations.save_message(message)
            if is_there and receipt:
                # What was thought may tell what was read: it goes with the documents of these.
                records.receipts.add(message.id, receipt, self._draft.thoughts)
                for gone in _gone(records, (p.document_id for p in receipt.passages)):
                    records.receipts.forget(gone)
        return is_there


def _told_of(message: Message) -> Iterator[DocumentId | None]:
    """The documents whose text is in a message."""
    yield from (citation.document_id for citation in message.citations)
    for comparison in message.coherence.comparisons:
        yield from (voice.document_id for voice in comparison.voices)


def _gone(records: Transaction, ids: Iterable[DocumentId | None]) -> set[DocumentId]:
    """Those of the documents that are there no more."""
    known = {id for id in ids if id}
    return known - records.documents.many(known).keys()


def _finished(message: Message, answer: Answer) -> Message:
    return replace(
        message,
        content=answer.reason if answer.refused else answer.text,
        state=MessageState.COMPLETE,
        citations=answer.citations,
        claims=answer.claims,
        coherence=answer.coherence,
        refused=answer.refused,
        error="" if answer.refused else answer.reason,
        prompt_tokens=answer.prompt_tokens,
    )
