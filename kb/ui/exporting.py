"""Lets a conversation, or one of its answers, be downloaded as a file."""

import streamlit as st

from kb.domain.conversations import Conversation, Message, MessageId
from kb.domain.transcripts import MEDIA_TYPES, ExportFormat, file_name
from kb.ui import session
from kb.ui.text import plain

LABELS = {
    ExportFormat.MARKDOWN: "Markdown",
    ExportFormat.WORD: "Word",
    ExportFormat.PDF: "PDF",
}


@st.dialog("Export the conversation")
def dialog(conversation: Conversation) -> None:
    """Choose a format, and download."""
    st.markdown(f"**{plain(conversation.title)}** with its answers, their sources and marks.")
    chosen = st.radio(
        "Format", list(ExportFormat), format_func=LABELS.__getitem__, key="export-format"
    )
    format = chosen or ExportFormat.MARKDOWN
    _download(conversation, format, None, label="Download", key="export-download")


def menu(message: Message) -> None:
    """A small menu that downloads this answer with its question."""
    conversation = session.workspace().conversations.get(message.conversation_id)
    with st.popover(
        "Export",
        key=f"export-{message.id}",
        type="tertiary",
        icon=":material/download:",
        help="Download this answer with its question and sources",
    ):
        for format in ExportFormat:
            _download(
                conversation,
                format,
                message.id,
                label=LABELS[format],
                key=f"export-{format}-{message.id}",
            )


def _download(
    conversation: Conversation,
    format: ExportFormat,
    message_id: MessageId | None,
    *,
    label: str,
    key: str,
) -> None:
    """A button; the file is made when it is clicked."""
    conversations, id = session.workspace().conversations, conversation.id
    st.download_button(
        label,
        data=lambda: conversations.export(id, format, message_id).data,
        file_name=file_name(conversation.title, format),
        mime=MEDIA_TYPES[format],
        key=key,
        width="stretch",
        on_click="ignore",
    )
