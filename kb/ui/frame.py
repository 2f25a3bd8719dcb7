"""What every page begins with: our stylesheet, the sidebar's head, and what is to be told."""

from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from kb.domain.documents import KnowledgeBase
from kb.ui import knowledge_bases, session
from kb.ui.server import page_drawn

STYLE = Path(__file__).parent / "style.css"
SHEET = {"chat": "44rem", "library": "60rem", "search": "44rem", "settings": "46rem"}
"""How wide each page's sheet is; a chat's lines are about 75 letters."""


def begin(page: str) -> KnowledgeBase:
    """Draw what pages share; the open knowledge base."""
    _leave_pages_folder_mode()
    st.html(STYLE)
    st.html(f"<style>:root {{ --quire-sheet: {SHEET[page]}; }}</style>")
    base = session.open_base()
    session.show_notices()
    with st.sidebar:
        knowledge_bases.picker(base)
    page_drawn()
    return base


def _leave_pages_folder_mode() -> None:
    """Run app.py where Streamlit ran a page alone: a link to a page, first after a start.

    Until st.navigation was called once, Streamlit takes the folder `pages` for its older way
    of making an app of several pages.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
