"""Adds to a knowledge base: files, a written text, web pages, and folders to watch."""

import io
from pathlib import Path

import streamlit as st

from kb.domain.documents import KnowledgeBase
from kb.domain.words import counted
from kb.services.sources import DEEPEST
from kb.ui import session, uploads

FILES, FOLDER, TEXT, WEB, WATCH = "Files", "Folder", "Text", "Web pages", "Watched folder"
SETTINGS_PAGE = Path(__file__).parents[2] / "pages" / "settings.py"


def draw(base: KnowledgeBase) -> None:
    """What to add, files unless another way is chosen, and the field for it."""
    ways = {FILES: _files, FOLDER: _folder, TEXT: _text, WEB: _web, WATCH: _watch}
    with st.container(key="adding"):
        way = st.segmented_control(
            "What to add",
            list(ways),
            default=FILES,
            required=True,
            key="adding-way",
            label_visibility="collapsed",
        )
        ways[way or FILES](base)


def _files(base: KnowledgeBase) -> None:
    uploads.field(base.id, "library-upload")


def _folder(base: KnowledgeBase) -> None:
    uploads.field(base.id, "library-folder", label="Add a folder with all it holds", folder=True)


def _text(base: KnowledgeBase) -> None:
    with st.form("add-text", border=False, clear_on_submit=True):
        title = st.text_input(
            "Title",
            max_chars=200,
            placeholder="For example: Minutes of 3 May",
            help="The same title again makes a new version. End it in .md for Markdown.",
        )
        text = st.text_area("Text", height=180)
        if not st.form_submit_button("Add"):
            return
    with session.told_errors():
        if not text.strip() or not title.strip():
            st.error("Give it a title and a text.")
            return
        name = title if title.lower().endswith((".md", ".txt")) else f"{title.strip()}.txt"
        documents = session.workspace().documents
        added = documents.add(base.id, name, io.BytesIO(text.encode("utf-8", "replace")))
        there = [(name, added.document.name)] if added.duplicate else []
        uploads.tell(not added.duplicate, there, [])
        st.rerun()


def _web(base: KnowledgeBase) -> None:
    if not session.workspace().sources.may_fetch():
        st.markdown("Quire fetches nothing from the web until you allow it in Settings.")
        st.page_link(SETTINGS_PAGE, label="Open Settings", icon=":material/arrow_forward:")
        return
    with st.form("add-web", border=False, clear_on_submit=True):
        address = st.text_input("Address", placeholder="https://")
        depth = st.selectbox(
            "How much", range(DEEPEST + 1), format_func=_how_deep, filter_mode=None
        )
        if not st.form_submit_button("Add"):
            return
    sources = session.workspace().sources
    with session.told_errors(), st.spinner("Fetching"):
        if depth:
            sources.add_site(base.id, address, depth)
            session.notice("The site is being taken in.")
        else:
            added = sources.add_page(base.id, address)
            there = [(address, added.document.name)] if added.duplicate else []
            uploads.tell(not added.duplicate, there, [])
        st.rerun()


def _watch(base: KnowledgeBase) -> None:
    st.markdown(
        "Quire keeps in step with a folder of this computer: it takes in files that are new or "
        "changed, and lets go of those that are gone."
    )
    with st.form("add-watched", border=False, clear_on_submit=True):
        folder = st.text_input("Folder", placeholder="Its whole path")
        if not st.form_submit_button("Watch"):
            return
    with session.told_errors():
        session.workspace().sources.watch(base.id, folder)
        session.notice("The folder is being watched.")
        st.rerun()


def _how_deep(depth: int) -> str:
    if not depth:
        return "Only this page"
    return f"This section of the site, {counted(depth, 'link')} deep"
