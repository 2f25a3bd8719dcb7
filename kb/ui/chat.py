"""Asks in a conversation: draws what was said, and what is being said."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import streamlit as st

from kb.domain.conversations import QUOTES, Branches, Message, MessageState, Role
from kb.domain.documents import DocumentId, DocumentState, KnowledgeBase
from kb.domain.errors import NotFoundError
from kb.domain.words import counted
from kb.services.answers import checked_question
from kb.services.documents import ListedDocument
from kb.ui import (
    answers,
    citations,
    drafts,
    message_actions,
    models,
    progress,
    scope,
    session,
    thoughts,
    uploads,
)
from kb.ui.reading import Block, block
from kb.ui.text import short, visible

CLOSEST = 3
NAMED = 3
"""Documents that are named below a question which was put to some only."""


def field(base: KnowledgeBase) -> None:
    """Where to write a question, and to drop files."""

    def submit() -> None:
        # Asked before the page is drawn, so that it is drawn once, and with the question.
        prompt = st.session_state[key]
        if prompt.files:
            uploads.take(base.id, prompt.files)
        if prompt.text.strip():
            ask(prompt.text, models.current(), scope.chosen(base))

    key = "question"
    st.chat_input(
        "Ask your documents, or drop files here",
        key=key,
        accept_file="multiple",
        on_submit=submit,
    )


def ask(question: str, model: str = "", document_ids: Collection[DocumentId] | None = None) -> None:
    """Ask in the open conversation, or begin one; the answer is written in the background."""
    with session.noticed_errors():
        checked_question(question)  # else it would begin a conversation that says nothing
        base = session.open_base()
        conversations = session.workspace().conversations
        conversation = session.open_conversation(base) or conversations.create(base.id)
        conversations.ask(
            conversation.id,
            question,
            uuid.uuid4().hex,
            model=model or None,
            document_ids=document_ids,
        )
        session.switch_conversation(conversation.id)


def history(
    base: KnowledgeBase,
    messages: Sequence[Message],
    branches: Branches,
    listed: Sequence[ListedDocument],
    *,
    has_models: bool,
) -> None:
    """What was said, each answer with the way out where it has none."""
    any_findable = progress.any_findable(listed)
    names = {each.document.id: each.document.name for each in listed}
    said = [_as_it_is(message) for message in messages]
    for message in said:
        with st.container(key=f"{message.role}-{message.id}"):
            if message.state is MessageState.STREAMING:
                drafts.grow(message)
            elif message_actions.is_edited(message):
                message_actions.edit_form(message)
            else:
                _draw(message, branches, names, has_models=has_models)
            if message.refused and any_findable:
                _closest(base, message, messages)
    if said:
        _below(said[-1], listed)


def _draw(
    message: Message, branches: Branches, names: Mapping[DocumentId, str], *, has_models: bool
) -> None:
    below = [_scope(message.document_ids, names)] if message.document_ids else []
    if actions := message_actions.block_of(message, branches):
        below.append(actions)

    def opened(target: str) -> None:
        if message_actions.is_action(target):
            message_actions.act(message, target)
        else:
            citations.open_evidence(target)

    if message.has_thoughts:
        thoughts.draw(message)
    answers.draw(
        message,
        names.keys(),
        current=session.parameter(session.EVIDENCE_PARAMETER),
        on_open=opened,
        models=has_models,
        below=below,
    )


def _scope(ids: Collection[DocumentId], names: Mapping[DocumentId, str]) -> Block:
    """Which documents a question was put to."""
    told = ", ".join(short(names[id], 60) for id in list(ids)[:NAMED] if id in names)
    more = len(ids) - min(len(ids), NAMED)
    return block("note", visible(f"Asked only of {told}" + (f" and {more} more." if more else ".")))


def _as_it_is(message: Message) -> Message:
    """The message, read anew where its answer has ended since it was read."""
    if message.state is not MessageState.STREAMING or drafts.draft_of(message):
        return message
    try:
        ended = session.workspace().conversations.wait(message.conversation_id, message.id, 0)
    except NotFoundError:
        ended = message
    # What could not be kept, as on a full disk, is written by nobody any more.
    lost = ended.state is MessageState.STREAMING
    return replace(ended, state=MessageState.STOPPED) if lost else ended


def _below(last: Message, listed: Sequence[ListedDocument]) -> None:
    """Under the newest answer: what to do where it is not all there is to say."""
    if last.state is MessageState.COMPLETE:
        _still_read(last, listed)
    elif last.state is MessageState.FAILED:
        _instead(last)


def _closest(base: KnowledgeBase, message: Message, messages: Sequence[Message]) -> None:
    """The passages nearest to a question that was not answered, searched when asked for."""
    question = _question_of(message, messages)
    newest = message.id == messages[-1].id
    box = st.expander(
        "The closest passages",
        expanded=newest,
        key=f"closest-{message.id}",
        on_change="rerun",
        type="compact",
    )
    if not box.open:
        return
    with box, session.told_errors():
        ranking = session.workspace().answers.search(base.id, question, k=CLOSEST)
        answers.draw_found(
            ranking.hits, f"closest-found-{message.id}", on_open=citations.open_evidence
        )


def _still_read(answer: Message, listed: Sequence[ListedDocument]) -> None:
    """What was not searched, or not wholly, as it is being taken in."""
    states = [each.document.state for each in listed]
    unread = states.count(DocumentState.QUEUED)
    by_words = states.count(DocumentState.SEARCHABLE)
    if not unread and not by_words:
        return
    if unread:
        st.caption(f"Not searched, as it is still being read: {counted(unread, 'document')}.")
    if by_words:
        st.caption(f"Searched by words only, as yet: {counted(by_words, 'document')}.")
    _ask_again(answer)


def _instead(failed: Message) -> None:
    """After a failure: ask again, or be answered by quotes."""
    with st.container(horizontal=True, key="instead"):
        _ask_again(failed)
        if failed.model != QUOTES:
            st.button(
                "Answer with quotes",
                key=f"quotes-{failed.id}",
                on_click=message_actions.again,
                args=(failed, QUOTES),
            )


def _ask_again(answer: Message) -> None:
    st.button(
        "Ask again",
        key=f"again-{answer.id}",
        on_click=message_actions.again,
        args=(answer,),
    )


def _question_of(message: Message, messages: Sequence[Message]) -> str:
    before = messages[: [each.id for each in messages].index(message.id)]
    return next((m.content for m in reversed(before) if m.role is Role.USER), "")
