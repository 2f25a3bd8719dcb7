"""Which documents the next question is put to."""

from collections.abc import Sequence

import streamlit as st

from kb.domain.documents import FINDABLE, Document, DocumentId, KnowledgeBase
from kb.services.documents import ListedDocument
from kb.ui import session
from kb.ui.text import visible


def chosen(base: KnowledgeBase) -> tuple[DocumentId, ...] | None:
    """What the field says; None for all."""
    return tuple(st.session_state.get(_key(base), ())) or None


def picker(base: KnowledgeBase, listed: Sequence[ListedDocument]) -> None:
    """The field to choose them by."""
    names = {d.document.id: d.document.name for d in listed if d.document.state in FINDABLE}
    key = _key(base)
    # What was chosen on another page, and what is there no more.
    kept = session.remembered(session.SCOPE, ())
    if key not in st.session_state or not set(st.session_state[key]) <= names.keys():
        st.session_state[key] = [id for id in st.session_state.get(key, kept) if id in names]
    st.multiselect(
        "Ask only these documents",
        list(names),
        key=key,
        placeholder="All documents",
        format_func=lambda id: visible(names[id]),
    )
    session.remember(session.SCOPE, tuple(st.session_state[key]))


def only(document: Document) -> None:
    """Put the next questions to this document, in a new conversation."""
    session.remember(session.SCOPE, (document.id,))
    session.switch_conversation(None)


def _key(base: KnowledgeBase) -> str:
    return f"scope-{base.id}"
