"""Ask a knowledge base, and look at what the answers rest on."""

import streamlit as st

from kb.ui import (
    chat,
    citations,
    conversations,
    first_steps,
    frame,
    models,
    progress,
    session,
    uploads,
)


def draw() -> None:
    """The sidebar, the conversation, and the evidence beside it."""
    base = frame.begin("chat")
    workspace = session.workspace()
    conversation = session.open_conversation(base)
    with st.sidebar:
        model, has_models = models.picker()
        conversations.sidebar(base, conversation)
    prompt = st.chat_input(
        "Ask your documents, or drop files here", key="question", accept_file="multiple"
    )
    if prompt and prompt.files:
        uploads.take(base.id, prompt.files)
    if prompt and prompt.text.strip():
        chat.ask(prompt.text, model)
    elif prompt:
        st.rerun()
    listed = workspace.documents.listed(base.id)
    messages = workspace.conversations.messages(conversation.id) if conversation else []
    asked = session.remembered(session.ASKED)
    # A place of its own, so that what stood here goes at once when the first question is asked.
    first = st.empty()
    if not messages and not asked:
        with first.container():
            first_steps.draw(base, listed)
    progress.line(base.id, listed)
    with st.container(key="conversation"):
        chat.history(base, messages, listed, has_models=has_models)
        chat.answer_now(base, conversation, model)
    citations.panel(conversation.id if conversation else None)


draw()
