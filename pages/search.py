"""Find passages by rank, or every place word for word or by a regular expression."""

import streamlit as st

from kb.ui import citations, frame, search


def draw() -> None:
    """The field, what was found, and the evidence beside it."""
    base = frame.begin("search")
    st.title("Search", anchor=False)
    search.draw(base)
    citations.panel(None)


draw()
