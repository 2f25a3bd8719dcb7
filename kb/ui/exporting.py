"""Lets a conversation, or one of its answers, be downloaded as a file."""

import streamlit as st

from kb.domain.conversations import Conversation, MessageId
from kb.domain.transcripts import MEDIA_TYPES, ExportFormat, file_name
from kb.ui import session
from kb.ui.text import plain

LABELS = {
    ExportFormat.MARKDOWN: "Markdown",
    ExportFormat.WORD: "Word",
    ExportFormat.PDF: "PDF",
}


@st.dialog("Export", on_dismiss=session.close_message_dialog)
def dialog(conversation: Conversation, message_id: MessageId | None = None) -> None:
    """The conversation, or one answer with its question, to download in each format."""
    what = "This answer and its question" if message_id else f"**{plain(conversation.title)}**"
    st.markdown(f"{what}, with all sources and marks.")
    for format in ExportFormat:
        _download(conversation, format, message_id)


def _download(
    conversation: Conversation, format: ExportFormat, message_id: MessageId | None
) -> None:
    """A button; the file is made when it is clicked."""
    conversations, id = session.workspace().conversations, conversation.id
    st.download_button(
        LABELS[format],
        data=lambda: conversations.export(id, format, message_id).data,
        file_name=file_name(conversation.title, format),
        mime=MEDIA_TYPES[format],
        key=f"export-{format}",
        width="stretch",
        on_click="ignore",
    )
