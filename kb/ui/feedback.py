"""Whether an answer helped, as the person says."""

import streamlit as st

from kb.domain.conversations import Message
from kb.ui import session

REASONS = ("It is wrong", "It leaves something out", "Wrong page or document", "Not what I asked")


def rate(message: Message, *, helpful: bool) -> None:
    """Say so; once more takes it back."""
    with session.noticed_errors():
        session.workspace().conversations.rate(
            message.conversation_id,
            message.id,
            helpful=None if message.helpful is helpful else helpful,
        )


@st.dialog("What is wrong with it?", on_dismiss=session.close_message_dialog)
def why(message: Message) -> None:
    """Ask for a reason."""
    with st.form(f"why-{message.id}", border=False):
        chosen = st.pills(
            "Reasons",
            REASONS,
            selection_mode="multi",
            label_visibility="collapsed",
            key=f"reasons-{message.id}",
        )
        words = st.text_area("In your own words", key=f"remark-{message.id}")
        sent = st.form_submit_button("Keep this", type="primary")
    if sent:
        with session.told_errors():
            session.workspace().conversations.rate(
                message.conversation_id,
                message.id,
                helpful=False,
                remark="\n".join([*chosen, words]),
            )
            session.close_message_dialog()
            st.rerun()
