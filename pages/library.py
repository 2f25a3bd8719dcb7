"""The documents of a knowledge base: add, look at, retry, remove."""

import streamlit as st

from kb.ui import adding, document_view, documents, frame, session, sources


def draw() -> None:
    """One document's own view where the address names one, else the list."""
    base = frame.begin("library")
    id = session.parameter(session.DOCUMENT_PARAMETER)
    if id:
        document_view.draw(id)
        return
    st.title("Library", anchor=False)
    adding.draw(base)
    collecting = sources.draw(base)
    documents.draw(base, collecting=collecting)


draw()
