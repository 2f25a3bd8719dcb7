"""Conversations: keep what was asked and answered."""

import time
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from kb.answering.chain import AnsweringChain
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
    Role,
    Token,
    without_document,
)
from kb.domain.documents import DocumentId, KnowledgeBaseId
from kb.domain.errors import InvalidInputError, QuireError
from kb.domain.retrieval import Query, Turn
from kb.ports import ChatModel, Clock, Records
from kb.services.access import Access
from kb.services.answers import checked_question
from kb.services.models import ModelsService

NEW_TITLE = "New conversation"
TITLE_LENGTH = 60
SAVE_EVERY_SECONDS = 0.5
HISTORY_TURNS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationsService:
    """An actor's own conversations."""

    access: Access
    records: Records
    chain: AnsweringChain
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
        iterator stops the answer and keeps what was said.
        """
        conversation = self.access.require_conversation(id)
        text = checked_question(question)
        scope = self.access.scope(conversation.knowledge_base_id, document_ids)
        chat_model = self.models.chat_model(model)
        with self.records.writing() as records:
            if records.conversations.answer_to(id, request_id) is not None:
                return iter(())
            before = records.conversations.messages(id)
            if conversation.title == NEW_TITLE and not before:
                records.conversations.rename(id, _short(text))
            records.conversations.add_message(self._message(id, Role.USER, text), request_id)
            answer = replace(
                self._message(id, Role.ASSISTANT, ""),
                state=MessageState.STREAMING,
                model=chat_model.name if chat_model else QUOTES,
            )
            records.conversations.add_message(answer, request_id)
            records.conversations.touch(id, self.clock())
        query = Query(text=text, scope=scope, history=_turns(before))
        return self._kept(answer, query, chat_model)

    def _kept(
        self, message: Message, query: Query, model: ChatModel | None
    ) -> Iterator[AnswerEvent]:
        """The events; the message is saved as its text grows, and however it ends."""
        text, saved_at = "", time.monotonic()
        ended = replace(message, state=MessageState.STOPPED)
        try:
            for event in self.chain.answer(query, model):
                if isinstance(event, Token):
                    text += event.text
                    ended = replace(ended, content=text)
                    if time.monotonic() - saved_at > SAVE_EVERY_SECONDS:
                        self._save(replace(message, content=text))
                        saved_at = time.monotonic()
                elif isinstance(event, Finished):
                    ended = _finished(message, event.answer)
                yield event
        except QuireError as error:
            ended = replace(ended, state=MessageState.FAILED, error=str(error))
            raise
        finally:
            self._save(ended)

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


def _finished(message: Message, answer: Answer) -> Message:
    return replace(
        message,
        content=answer.reason if answer.refused else answer.text,
        state=MessageState.COMPLETE,
        citations=answer.citations,
        refused=answer.refused,
        prompt_tokens=answer.prompt_tokens,
    )


def _turns(messages: list[Message]) -> tuple[Turn, ...]:
    said = [m for m in messages if m.content and not m.refused]
    return tuple(Turn(role=m.role, content=m.content) for m in said[-HISTORY_TURNS:])


def _short(title: str) -> str:
    one_line = " ".join(title.split())
    return one_line if len(one_line) <= TITLE_LENGTH else one_line[: TITLE_LENGTH - 1] + "…"
