"""What an empty knowledge base says: the next step, and a way to take it."""

from collections.abc import Sequence

import streamlit as st

from kb.domain.documents import FINDABLE, DocumentState, KnowledgeBase
from kb.domain.words import counted
from kb.services import samples
from kb.services.documents import ListedDocument
from kb.ui import chat, session, uploads
from kb.ui.text import plain


def draw(base: KnowledgeBase, listed: Sequence[ListedDocument]) -> None:
    """What stands where nothing was said yet."""
    if listed:
        beginning(base, listed)
    else:
        welcome(base)


def welcome(base: KnowledgeBase) -> None:
    """No documents yet: add some here, or try the samples."""
    with st.container(key="welcome"):
        st.title("Ask your own documents", anchor=False)
        st.markdown(
            "Add a few files, then ask. Every sentence of an answer is tied to the page it "
            "comes from, so you can check it. All of it stays on this computer."
        )
        uploads.field(base.id, "welcome-upload")
        st.caption("No document at hand?")
        st.button(
            "Try it with sample documents", key="add-samples", on_click=_add_samples, args=(base,)
        )


def beginning(base: KnowledgeBase, listed: Sequence[ListedDocument]) -> None:
    """Documents, but nothing said yet: what is there, and questions to begin with."""
    ready = sum(each.document.state in FINDABLE for each in listed)
    failed = sum(each.document.state is DocumentState.FAILED for each in listed)
    with st.container(key="beginning"):
        st.title(plain(base.name), anchor=False)
        told = f"{counted(ready, 'document')} ready to be asked."
        st.markdown(
            told if ready else "Your documents are being read. You can ask once one is ready."
        )
        if failed:
            st.markdown(f"{counted(failed, 'file')} could not be read; the Library says why.")
        _suggestions(listed)


def _suggestions(listed: Sequence[ListedDocument]) -> None:
    names = {d.document.name for d in listed if d.document.state in FINDABLE}
    questions = samples.questions_about(names)
    if not questions:
        return
    st.caption("Questions to begin with")
    for number, question in enumerate(questions):
        st.button(
            question,
            key=f"suggestion-{number}",
            on_click=chat.ask,
            args=(question, ""),
            type="tertiary",
            icon=":material/arrow_forward:",
        )


def _add_samples(base: KnowledgeBase) -> None:
    with session.noticed_errors():
        samples.add_to(session.workspace().documents, base.id)
