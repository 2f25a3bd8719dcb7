"""The sidebar's picker of knowledge bases, and the dialogs that change them."""

import streamlit as st

from kb.domain.documents import KnowledgeBase
from kb.domain.words import counted
from kb.ui import session
from kb.ui.text import plain, visible

NEW, RENAME, DELETE = "New knowledge base", "Rename", "Delete"


def picker(base: KnowledgeBase) -> None:
    """Which knowledge base is open, and a menu to make, rename or delete one."""
    bases = session.workspace().knowledge_bases.all()
    names = {each.id: visible(each.name) for each in bases}

    def switch() -> None:
        session.switch_base(st.session_state[key])

    # The key carries what is open and how it is called, so that the field never shows another.
    key = f"base-{base.id}-{hash((base.name, len(bases)))}"
    with st.container(
        key="base-picker", horizontal=True, vertical_alignment="bottom", gap="xsmall"
    ):
        ids = list(names)
        st.selectbox(
            "Knowledge base",
            ids,
            index=ids.index(base.id),
            format_func=names.__getitem__,
            key=key,
            on_change=switch,
            filter_mode="contains",
        )
        chosen = st.menu_button(
            "More",
            [NEW, RENAME, DELETE],
            key="base-menu",
            type="tertiary",
            icon=":material/more_horiz:",
            help="Make, rename or delete a knowledge base",
        )
    if chosen == NEW:
        make()
    elif chosen == RENAME:
        rename(base)
    elif chosen == DELETE:
        delete(base)


@st.dialog("New knowledge base")
def make() -> None:
    """Ask for a name and open the new one."""
    with st.form("new-base", border=False):
        name = st.text_input("Name", placeholder="For example: Contracts", max_chars=80)
        if st.form_submit_button("Create", type="primary"):
            with session.told_errors():
                session.switch_base(session.workspace().knowledge_bases.create(name).id)
                st.rerun()


@st.dialog("Rename the knowledge base")
def rename(base: KnowledgeBase) -> None:
    """Ask for another name."""
    with st.form("rename-base", border=False):
        name = st.text_input("Name", value=base.name, max_chars=80)
        if st.form_submit_button("Rename", type="primary"):
            with session.told_errors():
                session.workspace().knowledge_bases.rename(base.id, name)
                st.rerun()


@st.dialog("Delete the knowledge base?")
def delete(base: KnowledgeBase) -> None:
    """Say what would be lost, and ask."""
    documents = len(session.workspace().documents.listed(base.id))
    conversations = len(session.workspace().conversations.recent(base.id))
    st.markdown(
        f"**{plain(base.name)}** holds {counted(documents, 'document')} and "
        f"{counted(conversations, 'conversation')}. They are removed for good; "
        "your own copies of the files stay where they are."
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep it", key="keep-base"):
            st.rerun()
        if st.button("Delete it", key="delete-base", type="primary"):
            with session.told_errors():
                session.workspace().knowledge_bases.delete(base.id)
                session.switch_base(session.workspace().knowledge_bases.first().id)
                st.rerun()
