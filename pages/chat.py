"""Ask a knowledge base, and look at what the answers rest on."""

import streamlit as st

from kb.ui import (
    chat,
    citations,
    conversations,
    first_steps,
    frame,
    message_actions,
    models,
    progress,
    scope,
    session,
)


def draw() -> None:
    """The sidebar, the conversation, and the evidence beside it."""
    base = frame.begin("chat")
    workspace = session.workspace()
    conversation = session.open_conversation(base)
    listed = workspace.documents.listed(base.id)
    with st.sidebar:
        has_models = models.picker()
        scope.picker(base, listed)
        conversations.sidebar(base, conversation)
    chat.field(base)
    # A place of its own, so that what stood here goes at once when the first question is asked.
    first = st.empty()
    if conversation is None:
        with first.container():
            first_steps.draw(base, listed)
        progress.line(base.id, listed)
        citations.panel(None)
        return
    progress.line(base.id, listed)
    messages = workspace.conversations.messages(conversation.id)
    branches = workspace.conversations.branches(conversation.id)
    with st.container(key="conversation"):
        chat.history(base, messages, branches, listed, has_models=has_models)
    message_actions.dialog(conversation, messages, branches)
    citations.panel(conversation.id)


draw()
