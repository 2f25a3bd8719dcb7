"""The sidebar's list of conversations, and the dialogs that change them."""

import streamlit as st

from kb.domain.conversations import Conversation
from kb.domain.documents import KnowledgeBase
from kb.ui import exporting, session
from kb.ui.text import plain, short

SHOWN = 30
RENAME, EXPORT, DELETE = "Rename", "Export", "Delete"


def sidebar(base: KnowledgeBase, current: Conversation | None) -> None:
    """The conversations of a knowledge base, newest first, and a button for a new one."""
    conversations = session.workspace().conversations.recent(base.id)
    st.button(
        "New conversation",
        key="new-conversation",
        icon=":material/edit_square:",
        width="stretch",
        on_click=session.switch_conversation,
        args=(None,),
        disabled=current is None,
    )
    if not conversations:
        return
    with st.container(key="conversations", gap="xxsmall"):
        st.caption("Conversations")
        shown = session.remembered(session.CONVERSATIONS_SHOWN, SHOWN)
        for each in conversations[:shown]:
            _row(each, is_open=current is not None and each.id == current.id)
        if len(conversations) > shown:
            st.button("Show older", key="older", on_click=_show_more, type="tertiary")


def _row(conversation: Conversation, *, is_open: bool) -> None:
    name = "open" if is_open else "row"
    with st.container(
        key=f"conversation-{name}-{conversation.id}",
        horizontal=True,
        gap=None,
        vertical_alignment="center",
        wrap=False,
    ):
        st.button(
            plain(short(conversation.title, 60)),
            key=f"open-{conversation.id}",
            type="tertiary",
            width="stretch",
            on_click=session.switch_conversation,
            args=(conversation.id,),
            wrap=False,
        )
        if not is_open:
            return
        chosen = st.menu_button(
            "More",
            [RENAME, EXPORT, DELETE],
            key=f"menu-{conversation.id}",
            type="tertiary",
            icon=":material/more_horiz:",
            help="Rename, export or delete this conversation",
        )
    if chosen == RENAME:
        rename(conversation)
    elif chosen == EXPORT:
        exporting.dialog(conversation)
    elif chosen == DELETE:
        delete(conversation)


def _show_more() -> None:
    shown = session.remembered(session.CONVERSATIONS_SHOWN, SHOWN)
    session.remember(session.CONVERSATIONS_SHOWN, shown * 2)


@st.dialog("Rename the conversation")
def rename(conversation: Conversation) -> None:
    """Ask for another title."""
    with st.form("rename-conversation", border=False):
        title = st.text_input("Title", value=conversation.title, max_chars=60)
        if st.form_submit_button("Rename", type="primary"):
            with session.told_errors():
                session.workspace().conversations.rename(conversation.id, title)
                st.rerun()


@st.dialog("Delete the conversation?")
def delete(conversation: Conversation) -> None:
    """Say what would be lost, and ask."""
    st.markdown(f"**{plain(conversation.title)}** and all that was said in it is removed for good.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep it", key="keep-conversation"):
            st.rerun()
        if st.button("Delete it", key="delete-conversation", type="primary"):
            with session.told_errors():
                session.workspace().conversations.delete(conversation.id)
                session.switch_conversation(None)
                st.rerun()
