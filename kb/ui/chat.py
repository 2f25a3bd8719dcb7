"""Asks in a conversation: draws what was said, and the answer while it is written."""

import uuid
from collections.abc import Sequence

import streamlit as st

from kb.domain.conversations import (
    QUOTES,
    Conversation,
    Message,
    MessageState,
    Retrieved,
    Role,
    Token,
)
from kb.domain.documents import DocumentState, KnowledgeBase
from kb.domain.errors import QuireError
from kb.domain.words import counted
from kb.services.answers import checked_question
from kb.services.documents import ListedDocument
from kb.ui import answers, citations, progress, session
from kb.ui.reading import block, read
from kb.ui.streaming import Answering
from kb.ui.text import visible

CLOSEST = 3


def ask(question: str, model: str) -> None:
    """Let a question be asked at the next drawing, under an id that makes it asked once."""
    with session.told_errors():
        session.remember(session.ASKED, (uuid.uuid4().hex, checked_question(question), model))


def history(
    base: KnowledgeBase,
    messages: Sequence[Message],
    listed: Sequence[ListedDocument],
    *,
    has_models: bool,
) -> None:
    """What was said, each answer with the way out where it has none."""
    any_findable = progress.any_findable(listed)
    current_ids = {each.document.id for each in listed}
    current = session.parameter(session.EVIDENCE_PARAMETER)
    for message in messages:
        with st.container(key=f"{message.role}-{message.id}"):
            answers.draw(
                message,
                current_ids,
                current=current,
                on_open=citations.open_evidence,
                models=has_models,
            )
            if message.refused and any_findable:
                _closest(base, message, messages)
    if messages and messages[-1].state is MessageState.COMPLETE:
        _still_read(messages, listed)
    if messages and messages[-1].state is MessageState.FAILED:
        _instead(messages)
    if messages and messages[-1].state is MessageState.STREAMING:
        _await_end(messages[-1])


def answer_now(base: KnowledgeBase, conversation: Conversation | None, model: str) -> None:
    """Ask the question that waits, if one does; the answer grows on the page."""
    asked = session.remembered(session.ASKED)
    if asked is None:
        return
    session.remember(session.ASKED, None)
    request_id, question, wanted = asked
    conversations = session.workspace().conversations
    if conversation is None:
        conversation = conversations.create(base.id)
        session.switch_conversation(conversation.id)
    id = conversation.id
    with st.container(key=f"asking-{request_id}"):
        read([block("said", visible(question))], f"asked-{request_id}")
    writer = wanted or model
    with (
        st.container(key=f"answering-{request_id}"),
        Answering(lambda: conversations.ask(id, question, request_id, model=writer)) as answering,
    ):
        _grow(answering, request_id, writer)
    st.rerun()


def _grow(answering: Answering, request_id: str, model: str) -> None:
    """Draw the events until the answer is kept. What was found stands below: text never jumps."""
    waiting, text, found = st.empty(), st.empty(), st.empty()
    st.button("Stop", key=f"stop-{request_id}", icon=":material/stop_circle:", type="tertiary")
    waiting.caption("Looking through your documents")
    written, drawn = "", 0
    try:
        for event in answering.events():
            if isinstance(event, Retrieved) and event.ranking.hits:
                waiting.caption("Found these passages; the answer is being written")
                with found.container():
                    answers.draw_found(event.ranking.hits, f"found-{request_id}")
            elif isinstance(event, Token):
                written += event.text
            if event is None and drawn == len(written):
                # Lets the page be stopped while nothing comes.
                st.session_state.get(request_id)
            if len(written) != drawn and (event is None or len(written) - drawn > 12):
                waiting.empty()
                text.markdown(answers.growing(written, model))
                drawn = len(written)
    except QuireError:
        # The conversation keeps the sentence; it is drawn with it.
        return


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


def _still_read(messages: Sequence[Message], listed: Sequence[ListedDocument]) -> None:
    """Below the newest answer: what was not searched, or not wholly, as it is being taken in."""
    states = [each.document.state for each in listed]
    unread = states.count(DocumentState.QUEUED)
    by_words = states.count(DocumentState.SEARCHABLE)
    if not unread and not by_words:
        return
    if unread:
        st.caption(f"Not searched, as it is still being read: {counted(unread, 'document')}.")
    if by_words:
        st.caption(f"Searched by words only, as yet: {counted(by_words, 'document')}.")
    question = _question_of(messages[-1], messages)
    st.button("Ask again", key=f"again-{messages[-1].id}", on_click=ask, args=(question, ""))


def _instead(messages: Sequence[Message]) -> None:
    """After a failure: ask again, or be answered by quotes."""
    failed = messages[-1]
    question = _question_of(failed, messages)
    with st.container(horizontal=True, key="instead"):
        st.button("Ask again", key=f"again-{failed.id}", on_click=ask, args=(question, ""))
        if failed.model != QUOTES:
            st.button(
                "Answer with quotes",
                key=f"quotes-{failed.id}",
                on_click=ask,
                args=(question, QUOTES),
            )


@st.fragment(run_every=1.0)
def _await_end(message: Message) -> None:
    """An answer that is written elsewhere: another tab, or one that is just being stopped."""
    for each in session.workspace().conversations.messages(message.conversation_id):
        if each.id == message.id and each.state is not MessageState.STREAMING:
            st.rerun(scope="app")


def _question_of(message: Message, messages: Sequence[Message]) -> str:
    before = messages[: [each.id for each in messages].index(message.id)]
    return next((m.content for m in reversed(before) if m.role is Role.USER), "")
