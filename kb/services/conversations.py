"""Conversations: keep what was asked and answered, in all its versions."""

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from kb.answering.transcripts import transcript
from kb.domain.conversations import (
    QUOTES,
    Branches,
    Conversation,
    ConversationId,
    Draft,
    Message,
    MessageId,
    MessageState,
    Role,
)
from kb.domain.documents import DocumentId, DocumentState, KnowledgeBaseId
from kb.domain.errors import InvalidInputError, NotFoundError
from kb.domain.exact import places_asked_for
from kb.domain.receipts import Receipt, Replay, differences
from kb.domain.retrieval import Query, Turn
from kb.domain.transcripts import MEDIA_TYPES, Exported, ExportFormat, Transcript, file_name
from kb.ports import Clock
from kb.records import Records, Transaction
from kb.services.access import Access
from kb.services.answers import checked_question
from kb.services.generations import Generations, Wanted
from kb.services.models import ModelsService

NEW_TITLE = "New conversation"
TITLE_LENGTH = 60
HISTORY_TURNS = 8
LONGEST_REMARK = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationsService:
    """An actor's own conversations."""

    access: Access
    records: Records
    generations: Generations
    models: ModelsService
    clock: Clock
    write: Callable[[Transcript, ExportFormat], bytes]

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
        """Those of the branch that is shown, in the order they were said."""
        self.access.require_conversation(id)
        with self.records.reading() as view:
            return view.conversations.messages(id)

    def export(
        self, id: ConversationId, format: ExportFormat, message_id: MessageId | None = None
    ) -> Exported:
        """The conversation as a file, or one answer of it with its question.

        Raises NotFoundError; InvalidInputError where nothing has been said.
        """
        conversation = self.access.require_conversation(id)
        with self.records.reading() as view:
            base = view.knowledge_bases.get(conversation.knowledge_base_id)
            said = _with_question(view.conversations.messages(id), message_id)
            cited = {c.document_id for m in said for c in m.citations if c.document_id}
            documents = view.documents.many(cited).values()
        if not said:
            raise InvalidInputError("Nothing has been said in this conversation yet.")
        current = {d.id for d in documents if d.state is not DocumentState.SUPERSEDED}
        told = transcript(conversation, base.name, said, current_ids=current, now=self.clock())
        return Exported(
            name=file_name(conversation.title, format),
            media_type=MEDIA_TYPES[format],
            data=self.write(told, format),
        )

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
        self.generations.stop_gone()

    def ask(
        self,
        id: ConversationId,
        question: str,
        request_id: str,
        *,
        model: str | None = None,
        document_ids: Collection[DocumentId] | None = None,
    ) -> MessageId:
        """Ask in the conversation; the answer is written in the background, in the message given.

        The same request_id again asks nothing new. A model that can't be asked makes the answer a
        failed one. Raises InvalidInputError, NotFoundError.
        """
        asked = replace(
            self._message(id, Role.USER, checked_question(question)),
            document_ids=None if document_ids is None else tuple(document_ids),
        )
        return self._begin(asked, request_id, model)

    def edit(
        self,
        id: ConversationId,
        question_id: MessageId,
        question: str,
        request_id: str,
        *,
        model: str | None = None,
    ) -> MessageId:
        """Ask otherwise, as another version of an earlier question; as for `ask`."""
        before = self._of(id, question_id, Role.USER)
        asked = replace(
            self._message(id, Role.USER, checked_question(question)),
            document_ids=before.document_ids,
            parent_id=before.parent_id,
        )
        return self._begin(asked, request_id, model, at_end=False)

    def regenerate(
        self,
        id: ConversationId,
        answer_id: MessageId,
        request_id: str,
        *,
        model: str | None = None,
    ) -> MessageId:
        """Answer once more, in another version of the answer; as for `ask`."""
        before = self._of(id, answer_id, Role.ASSISTANT)
        return self._begin(self._of(id, before.parent_id, Role.USER), request_id, model)

    def branches(self, id: ConversationId) -> Branches:
        """How all that was said follows each other, in every version."""
        self.access.require_conversation(id)
        with self.records.reading() as view:
            return view.conversations.branches(id)

    def show(self, id: ConversationId, message_id: MessageId) -> None:
        """Let `messages` give the branch with this message. Raises NotFoundError."""
        leaf = self.branches(id).newest_leaf(self._of(id, message_id).id)
        with self.records.writing() as records:
            records.conversations.show(id, leaf)

    def draft(self, id: ConversationId, message_id: MessageId) -> Draft | None:
        """How far an answer is that is being written; None where it is not."""
        return self.generations.draft(self._of(id, message_id).id)

    def stop(self, id: ConversationId, message_id: MessageId) -> None:
        """End an answer that is being written; what was said is kept."""
        self.generations.stop(self._of(id, message_id).id)

    def wait(self, id: ConversationId, message_id: MessageId, seconds: float) -> Message:
        """The answer, once it is written or the time is over."""
        self.generations.wait(self._of(id, message_id).id, seconds)
        return self._of(id, message_id)

    def receipt(self, id: ConversationId, message_id: MessageId) -> Receipt | None:
        """What an answer was made from; None for questions, and for answers that read nothing."""
        found = self._of(id, message_id)
        with self.records.reading() as view:
            return view.receipts.find(found.id)

    def thoughts(self, id: ConversationId, message_id: MessageId) -> str:
        """What the model thought before it answered; nothing where that is not kept."""
        found = self._of(id, message_id)
        with self.records.reading() as view:
            return view.receipts.thoughts(found.id)

    def replay(self, message_id: MessageId) -> Replay:
        """Answer a question once more, by the same model of the same documents; nothing is kept.

        Raises NotFoundError, InvalidInputError for what is no answer, ModelError.
        """
        with self.records.reading() as view:
            answer = view.conversations.message(message_id)
        id = answer.conversation_id
        conversation = self.access.require_conversation(id)
        with self.records.reading() as view:
            said = view.conversations.messages(id, answer.id)
            then = view.receipts.find(answer.id)
        if answer.role is not Role.ASSISTANT or then is None:
            raise InvalidInputError("Nothing is kept of how this was made.")
        *before, question, _ = said
        query = Query(
            text=question.content,
            scope=self.access.scope(conversation.knowledge_base_id, question.document_ids),
            history=_turns(before),
        )
        now = self.generations.answered(query, self.models.chat_model(answer.model))
        differing = differences(then, now.receipt) if now.receipt else ["kind of answer"]
        return Replay(
            before=answer.content,
            now=now.reason if now.refused else now.text,
            differences=tuple(differing),
        )

    def rate(
        self,
        id: ConversationId,
        message_id: MessageId,
        *,
        helpful: bool | None,
        remark: str = "",
    ) -> None:
        """Say whether an answer helped, and why; None takes it back."""
        rated = self._of(id, message_id, Role.ASSISTANT)
        with self.records.writing() as records:
            records.conversations.rate(
                rated.id, helpful=helpful, remark=remark.strip()[:LONGEST_REMARK]
            )

    def _of(
        self, id: ConversationId, message_id: MessageId | None, role: Role | None = None
    ) -> Message:
        """A message of this conversation and role. Raises NotFoundError."""
        self.access.require_conversation(id)
        with self.records.reading() as view:
            message = view.conversations.message(message_id or MessageId(""))
        if message.conversation_id != id or role not in (None, message.role):
            raise NotFoundError("This message does not exist.")
        return message

    def _begin(
        self, question: Message, request_id: str, model: str | None, *, at_end: bool = True
    ) -> MessageId:
        """Keep the question, unless it is kept, with an empty answer, and begin to write that."""
        conversation = self.access.require_conversation(question.conversation_id)
        scope = self.access.scope(conversation.knowledge_base_id, question.document_ids)
        # A list of places is made without a model, so it needs none to be there.
        wanted = QUOTES if places_asked_for(question.content) else model
        answer = replace(
            self._message(conversation.id, Role.ASSISTANT, ""),
            state=MessageState.STREAMING,
            model=wanted or "",
        )
        with self.records.writing() as records:
            begun = records.conversations.answer_to(conversation.id, request_id)
            if begun:
                return begun.id
            asked = _kept(records, conversation, question, request_id, at_end=at_end)
            answer = replace(answer, parent_id=asked.id)
            records.conversations.add_message(answer, request_id)
            records.conversations.touch(conversation.id, self.clock())
            *before, _, _ = records.conversations.messages(conversation.id)
        query = Query(text=question.content, scope=scope, history=_turns(before))
        self.generations.begin(
            Wanted(message=answer, query=query, model=lambda: self.models.chat_model(wanted))
        )
        return answer.id

    def _message(self, id: ConversationId, role: Role, content: str) -> Message:
        return Message(
            id=MessageId(uuid.uuid4().hex),
            conversation_id=id,
            role=role,
            content=content,
            state=MessageState.COMPLETE,
            created_at=self.clock(),
        )


def _kept(
    records: Transaction,
    conversation: Conversation,
    question: Message,
    request_id: str,
    *,
    at_end: bool,
) -> Message:
    """The question as it is kept now, if it was not before."""
    kept = records.conversations
    links = kept.branches(conversation.id).links
    if question.id in dict(links):
        return question
    if at_end:
        question = replace(question, parent_id=kept.leaf(conversation.id))
    if conversation.title == NEW_TITLE and not links:
        kept.rename(conversation.id, _short(question.content))
    kept.add_message(question, request_id)
    return question


def _turns(messages: list[Message]) -> tuple[Turn, ...]:
    said = [m for m in messages if m.content and not m.refused]
    return tuple(Turn(role=m.role, content=m.content) for m in said[-HISTORY_TURNS:])


def _short(title: str) -> str:
    one_line = " ".join(title.split())
    return one_line if len(one_line) <= TITLE_LENGTH else one_line[: TITLE_LENGTH - 1] + "…"


def _with_question(messages: list[Message], id: MessageId | None) -> list[Message]:
    """The message with what was asked before it; all where none is named."""
    if id is None:
        return messages
    for at, message in enumerate(messages):
        if message.id == id:
            asked = [m for m in messages[:at] if m.role is Role.USER][-1:]
            return [*asked, message] if message.role is Role.ASSISTANT else [message]
    raise NotFoundError("This message does not exist.")
