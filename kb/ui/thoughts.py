"""What a model thought before it answered: folded away, and shown as it came."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kb.domain.conversations import Message
from kb.ui import session
from kb.ui.text import visible

LABEL = "Thoughts"
TAIL = 4000
"""Characters that are shown of thoughts that grow: they are sent several times a second."""


def draw(message: Message) -> None:
    """The thoughts of an answer, read when they are asked for."""
    box = st.expander(
        LABEL, key=f"thoughts-{message.id}", on_change="rerun", type="compact", expanded=False
    )
    if not box.open:
        return
    with box, session.told_errors():
        conversations = session.workspace().conversations
        st.text(visible(conversations.thoughts(message.conversation_id, message.id)))


def growing(message: Message) -> DeltaGenerator:
    """A place for thoughts while they come."""
    return st.expander(LABEL, key=f"growing-thoughts-{message.id}", type="compact").empty()


def grow(place: DeltaGenerator, thoughts: str) -> None:
    """Show the end of what was thought till now."""
    cut = "…" if len(thoughts) > TAIL else ""
    place.text(visible(cut + thoughts[-TAIL:]))
