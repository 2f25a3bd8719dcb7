"""Draws answers while they are written; they go on whatever becomes of the page.

The page looks several times a second at what has come, in a fragment of its own, so that all else
on it answers meanwhile.
"""

import time

import streamlit as st

from kb.domain.conversations import Draft, Message
from kb.domain.errors import NotFoundError
from kb.domain.words import counted
from kb.ui import answers, receipts, session, thoughts
from kb.ui.text import plain

LOOK_EVERY_SECONDS = 0.1
TURN_SECONDS = 1.0
"""A fragment that is to run again before it has ended never ends on a busy machine; so each run
looks many times, and the runs follow each other slowly."""

LONG_SECONDS = 8.0
"""After so long without a word, the person is told what it may be."""

LOOKING = "Looking through your documents"
WRITING = "Found these passages; the answer is being written"
THINKING = "The model thinks before it answers"
LOADING = f"{WRITING}. A model that was not in use is loaded first"


def grow(message: Message) -> None:
    """Draw an answer as it comes, until it has ended; then the page is drawn again."""
    st.fragment(_turn, run_every=TURN_SECONDS)(message, time.monotonic())


def _turn(message: Message, begun: float) -> None:
    # What was found stands below the text, which so never jumps.
    folded, text, found = st.empty(), st.empty(), st.empty()
    thinking = None
    st.button(
        "Stop",
        key=f"stop-{message.id}",
        icon=":material/stop_circle:",
        type="tertiary",
        on_click=_stop,
        args=(message,),
    )
    shown, until = Draft(), time.monotonic() + TURN_SECONDS - LOOK_EVERY_SECONDS
    while True:
        draft = draft_of(message)
        if draft is None:
            st.rerun(scope="app")
        if not draft.text:
            text.caption(_status(draft, time.monotonic() - begun))
        elif draft.text != shown.text:
            text.markdown(answers.growing(draft.text, draft.model))
        if draft.thoughts != shown.thoughts:
            with folded:
                thinking = thinking or thoughts.growing(message)
            thoughts.grow(thinking, draft.thoughts)
        if draft.hits and not shown.hits:
            with found.container():
                answers.draw_found(draft.hits, f"found-{message.id}")
        shown = draft
        if time.monotonic() > until:
            return
        # Reading it lets the page be interrupted while nothing comes.
        st.session_state.get(session.CONVERSATION)
        time.sleep(LOOK_EVERY_SECONDS)


def draft_of(message: Message) -> Draft | None:
    """How far the answer is; None where it has ended, or its conversation is gone."""
    try:
        return session.workspace().conversations.draft(message.conversation_id, message.id)
    except NotFoundError:
        return None


def _status(draft: Draft, seconds: float) -> str:
    if draft.ahead:
        return f"{counted(draft.ahead, 'answer')} will be written before this one."
    if draft.progress and draft.progress.total:
        told = draft.progress
        return f"{plain(told.step)}: {told.done} of {told.total}"
    if not draft.hits:
        return LOOKING
    if draft.thoughts:
        return THINKING
    status = LOADING if seconds > LONG_SECONDS else WRITING
    if draft.receipt:
        status += f". {plain(receipts.budget_line(draft.receipt))}"
    return status


def _stop(message: Message) -> None:
    with session.noticed_errors():
        session.workspace().conversations.stop(message.conversation_id, message.id)
