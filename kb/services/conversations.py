"""Conversations: keep what was asked and answered."""

import time
import uuid
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kb.answering.citations import cite
from kb.domain.conversations import (
    QUOTES,
    Answer,
    AnswerEvent,
    Conversation,
    ConversationId,
    Finished,
    Message,
    MessageId,
    MessageState,
    Retrieved,
    Role,
    Token,
    without_document,
)
from kb.domain.documents import DocumentId, KnowledgeBaseId
from kb.domain.errors import InvalidInputError, QuireError
from kb.domain.exact import places_asked_for
from kb.domain.retrieval import Hit, Query, Turn
from kb.ports import ChatModel, Clock
from kb.records import Records
from kb.services.access import Access
from kb.services.answers import checked_question
from kb.services.models import ModelsService

if TYPE_CHECKING:
    from kb.answering.chain import AnswerEvents, AnsweringChain

NEW_TITLE = "New conversation"
TITLE_LENGTH = 60
SAVE_EVERY_SECONDS = 0.5
HISTORY_TURNS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationsService:
    """An actor's own conversations."""

    access: Access
    records: Records
    chain: Callable[[], "AnsweringChain"]
    models: ModelsService
    clock: Clock

    def recent(self, base_id: KnowledgeBaseId) -> list[Conversation]:
        """The newest first."""
        base = self.access.scope(base_id).knowledge_base_id
        with self.records.reading() as view:
            return view.conversations.list_of(self.access.actor.id, base)

    def create(self, base_id: KnowledgeBaseId) -> Conversation:
        """Begin an empty one; its title comes with its first question."""
        scope = self.access.scope(base_id)
        conversation = Conversation(
            id=ConversationId(uuid.uuid4().hex),
            knowledge_base_id=scope.knowledge_base_id,
            title=NEW_TITLE,
            created_at=self.clock(),
            updated_at=self.clock(),
        )
        with self.records.writing() as records:
            records.conversations.add(conversation, self.access.actor.id)
        return conversation

    def get(self, id: ConversationId) -> Conversation:
        """Raises NotFoundError."""
        return self.access.require_conversation(id)

    def messages(self, id: ConversationId) -> list[Message]:
        """In the order they were said."""
        self.access.require_conversation(id)
        with self.records.reading() as view:
            return view.conversations.messages(id)

    def rename(self, id: ConversationId, title: str) -> None:
        """Give another title. Raises InvalidInputError for an empty one."""
        self.access.require_conversation(id)
        if not title.strip():
            raise InvalidInputError("A conversation needs a title.")
        with self.records.writing() as records:
            records.conversations.rename(id, _short(title))

    def delete(self, id: ConversationId) -> None:
        """Forget the conversation and all that was said in it."""
        self.access.require_conversation(id)
        with self.records.writing() as records:
            records.conversations.remove(id)

    def ask(
        self,
        id: ConversationId,
        question: str,
        request_id: str,
        *,
        model: str | None = None,
        document_ids: Collection[DocumentId] | None = None,
    ) -> Iterator[AnswerEvent]:
        """Answer in the conversation; the answer is kept as it streams.

        The same request_id again writes nothing new and gives no events. Closing the
        iterator, from whatever thread, stops the answer and keeps what was said. Raises
        ModelError, kept with the question.
        """
        conversation = self.access.require_conversation(id)
        text = checked_question(question)
        scope = self.access.scope(conversation.knowledge_base_id, document_ids)
        # A list of places is made without a model, so it needs none to be there.
        wanted = QUOTES if places_asked_for(text) else model
        chat_model, absence = self._chat_model(wanted)
        writer = chat_model.name if chat_model else wanted or QUOTES
        begun = self._begin(conversation, text, request_id, writer)
        if begun is None:
            return iter(())
        answer, before = begun
        if absence:
            self._save(replace(answer, state=MessageState.FAILED, error=str(absence)))
            raise absence
        query = Query(text=text, scope=scope, history=_turns(before))
        events = self.chain().answer(query, chat_model)
        kept = self._kept(answer, events)
        # Begun here, so that closing it before its first event ends the message as well.
        next(kept)
        return _Stoppable(events, kept)

    def _chat_model(self, name: str | None) -> tuple[ChatModel | None, QuireError | None]:
        try:
            return self.models.chat_model(name), None
        except QuireError as error:
            return None, error

    def _begin(
        self, conversation: Conversation, question: str, request_id: str, model: str
    ) -> tuple[Message, list[Message]] | None:
        """Keep the question with an empty answer, and give that and what was said before.

        None where this request was begun already.
        """
        id = conversation.id
        answer = replace(
            self._message(id, Role.ASSISTANT, ""), state=MessageState.STREAMING, model=model
        )
        with self.records.writing() as records:
            if records.conversations.answer_to(id, request_id) is not None:
                return None
            before = records.conversations.messages(id)
            if conversation.title == NEW_TITLE and not before:
                records.conversations.rename(id, _short(question))
            records.conversations.add_message(self._message(id, Role.USER, question), request_id)
            records.conversations.add_message(answer, request_id)
            records.conversations.touch(id, self.clock())
        return answer, before

    def _kept(self, message: Message, events: "AnswerEvents") -> Generator[AnswerEvent]:
        """An empty token, then the events; saved as the text grows, and however it ends."""
        hits: tuple[Hit, ...] = ()
        text, saved_at = "", time.monotonic()
        ended = replace(message, state=MessageState.STOPPED)
        try:
            yield Token(text=text)
            for event in events:
                if isinstance(event, Retrieved):
                    hits = event.ranking.hits
                elif isinstance(event, Token):
                    text += event.text
                    if time.monotonic() - saved_at > SAVE_EVERY_SECONDS:
                        self._save(_so_far(message, text, hits))
                        saved_at = time.monotonic()
                elif isinstance(event, Finished):
                    ended = _finished(message, event.answer)
                yield event
        except QuireError as error:
            ended = replace(ended, state=MessageState.FAILED, error=str(error))
            raise
        finally:
            events.close()
            complete = ended.state is MessageState.COMPLETE
            self._save(ended if complete else _so_far(ended, text, hits))

    def _save(self, message: Message) -> None:
        with self.records.writing() as records:
            cited = {c.document_id for c in message.citations if c.document_id}
            # A document may have been removed while the answer was being written.
            for gone in cited - records.documents.many(cited).keys():
                message = without_document(message, gone)
            records.conversations.save_message(message)

    def _message(self, id: ConversationId, role: Role, content: str) -> Message:
        return Message(
            id=MessageId(uuid.uuid4().hex),
            conversation_id=id,
            role=role,
            content=content,
            state=MessageState.COMPLETE,
            created_at=self.clock(),
        )


class _Stoppable(Iterator[AnswerEvent]):
    """The events of an answer that is kept; `close` may come while another thread waits in it."""

    def __init__(self, events: "AnswerEvents", kept: Generator[AnswerEvent]) -> None:
        self._events = events
        self._kept = kept

    def __next__(self) -> AnswerEvent:
        return next(self._kept)

    def close(self) -> None:
        self._events.close()
        with suppress(ValueError):  # the thread inside sees the end, and saves
            self._kept.close()


def _finished(message: Message, answer: Answer) -> Message:
    return replace(
        message,
        content=answer.reason if answer.refused else answer.text,
        state=MessageState.COMPLETE,
        citations=answer.citations,
        refused=answer.refused,
        error="" if answer.refused else answer.reason,
        prompt_tokens=answer.prompt_tokens,
    )


def _so_far(message: Message, text: str, hits: Sequence[Hit]) -> Message:
    # Bound to its documents also while unfinished, so that removing one takes its text out.
    clean, citations = cite(text, hits)
    return replace(message, content=clean, citations=citations)


def _turns(messages: list[Message]) -> tuple[Turn, ...]:
    said = [m for m in messages if m.content and not m.refused]
    return tuple(Turn(role=m.role, content=m.content) for m in said[-HISTORY_TURNS:])


def _short(title: str) -> str:
    one_line = " ".join(title.split())
    return one_line if len(one_line) <= TITLE_LENGTH else one_line[: TITLE_LENGTH - 1] + "…"
