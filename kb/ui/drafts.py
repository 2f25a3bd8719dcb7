"""Draws answers while they are written; they go on whatever becomes of the page.

The page looks several times a second at what has come. It can be interrupted while it does, by a
click or a reload, and finds the answers where they are when it draws again.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kb.domain.conversations import Draft, Message
from kb.domain.words import counted
from kb.ui import answers, receipts, session
from kb.ui.text import plain

LOOK_EVERY_SECONDS = 0.1
LONG_SECONDS = 8.0
"""After so long without a word, the person is told what it may be."""

LOOKING = "Looking through your documents"
WRITING = "Found these passages; the answer is being written"
LOADING = f"{WRITING}. A model that was not in use is loaded first"


@dataclass(kw_only=True)
class Growing:
    """Where an answer that is being written is drawn, and what of it is drawn.

    What was found stands below the text, which so never jumps.
    """

    message: Message
    waiting: DeltaGenerator
    text: DeltaGenerator
    found: DeltaGenerator
    begun: float = field(default_factory=time.monotonic)
    told: str = ""
    drawn: Draft = field(default_factory=Draft)

    def draw(self, draft: Draft) -> None:
        """Draw what has come since."""
        if draft.text != self.drawn.text:
            self.text.markdown(answers.growing(draft.text, draft.model))
        if draft.hits and not self.drawn.hits:
            with self.found.container():
                answers.draw_found(draft.hits, f"found-{self.message.id}")
        self._tell("" if draft.text else self._status(draft))
        self.drawn = draft

    def _tell(self, status: str) -> None:
        if status != self.told:
            self.waiting.caption(status) if status else self.waiting.empty()
        self.told = status

    def _status(self, draft: Draft) -> str:
        if draft.ahead:
            return f"{counted(draft.ahead, 'answer')} will be written before this one."
        if draft.progress and draft.progress.total:
            told = draft.progress
            return f"{plain(told.step)}: {told.done} of {told.total}"
        if not draft.hits:
            return LOOKING
        status = LOADING if time.monotonic() - self.begun > LONG_SECONDS else WRITING
        return (
            f"{status}. {plain(receipts.budget_line(draft.receipt))}" if draft.receipt else status
        )


def place(message: Message) -> Growing:
    """Room for an answer that is being written, with a button to stop it."""
    made = Growing(message=message, waiting=st.empty(), text=st.empty(), found=st.empty())
    st.button(
        "Stop",
        key=f"stop-{message.id}",
        icon=":material/stop_circle:",
        type="tertiary",
        on_click=_stop,
        args=(message,),
    )
    return made


def follow(growing: Sequence[Growing]) -> None:
    """Draw the answers as they come, until one has ended; then the page is drawn again."""
    if not growing:
        return
    conversations = session.workspace().conversations
    while True:
        for each in growing:
            draft = conversations.draft(each.message.conversation_id, each.message.id)
            if draft is None:
                st.rerun()
            each.draw(draft)
        # Reading it lets the page be interrupted while nothing comes.
        st.session_state.get(session.CONVERSATION)
        time.sleep(LOOK_EVERY_SECONDS)


def _stop(message: Message) -> None:
    with session.noticed_errors():
        session.workspace().conversations.stop(message.conversation_id, message.id)
