"""Dialogs about documents: removing them, adding them to another knowledge base, cancelling.

Which one is open is remembered, and drawn by the page: one that a list opened while it is drawn
every second would be lost.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

import streamlit as st

from kb.domain.documents import Document, DocumentId
from kb.domain.errors import NotFoundError, QuireError
from kb.domain.words import counted
from kb.ui import picks, session
from kb.ui.text import plain, visible

NAMED = 8


def remove(ids: Sequence[DocumentId]) -> None:
    """Ask whether these documents are to be removed."""
    session.remember(session.DIALOG, (_removing, tuple(ids)))


def add_to(ids: Sequence[DocumentId]) -> None:
    """Ask which other knowledge base these documents are to be added to."""
    session.remember(session.DIALOG, (_adding, tuple(ids)))


def cancel(ids: Sequence[DocumentId]) -> None:
    """Ask whether the work on all these documents is to be cancelled."""
    session.remember(session.DIALOG, (_cancelling, tuple(ids)))


def close() -> None:
    """Take the dialog away."""
    session.remember(session.DIALOG, None)


def draw(documents: Sequence[Document]) -> None:
    """The dialog that is open, about those of its documents that are among these."""
    asked = session.remembered(session.DIALOG)
    if asked is None:
        return
    dialog, ids = asked
    there = {document.id: document for document in documents}
    chosen = [there[id] for id in ids if id in there]
    if chosen:
        dialog(chosen)
    else:
        close()


@st.dialog("Remove from the knowledge base?", on_dismiss=close)
def _removing(documents: Sequence[Document]) -> None:
    _named(documents)
    st.markdown(
        "Their older versions and the files that came in them go too. Their text also leaves "
        "the answers that quoted it. Your own copies stay."
    )
    if _confirmed("Keep", "Remove", "remove-documents"):
        _each(documents, "Removing", _remove)
        _done()


@st.dialog("Add to another knowledge base", on_dismiss=close)
def _adding(documents: Sequence[Document]) -> None:
    _named(documents)
    bases = session.workspace().knowledge_bases.all()
    here = documents[0].knowledge_base_id
    names = {each.id: visible(each.name) for each in bases if each.id != here}
    chosen = st.selectbox(
        "Knowledge base", list(names), format_func=names.__getitem__, key="add-to-base"
    )
    st.markdown("They stay here as well, and are not read again.")
    if _confirmed("Leave it", "Add", "add-documents"):
        service = session.workspace().documents
        added = _each(documents, "Adding", lambda document: service.add_to(document.id, chosen))
        session.notice(f"{counted(added, 'document')} added to {names[chosen]}.")
        _done()


@st.dialog("Cancel the work on all of them?", on_dismiss=close)
def _cancelling(documents: Sequence[Document]) -> None:
    st.markdown(
        f"What was read so far of {counted(len(documents), 'document')} is forgotten. "
        "The files stay in the list, and Retry takes them in again."
    )
    if _confirmed("Go on with them", "Cancel all", "cancel-documents"):
        with session.told_errors(), st.spinner("Cancelling"):
            session.workspace().jobs.cancel([document.id for document in documents])
            _done()


def _confirmed(no: str, yes: str, key: str) -> bool:
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button(no, key=f"not-{key}"):
            close()
            st.rerun()
        return st.button(yes, key=key, type="primary")


def _done() -> None:
    picks.pick([])
    close()
    st.rerun()


def _remove(document: Document) -> None:
    # It may have gone with the file that it came in.
    with suppress(NotFoundError):
        session.workspace().documents.remove(document.id)


def _named(documents: Sequence[Document]) -> None:
    for document in documents[:NAMED]:
        st.markdown(f"**{plain(document.name)}**")
    if len(documents) > NAMED:
        st.markdown(f"and {len(documents) - NAMED:,} more")


def _each(documents: Sequence[Document], doing: str, do: Callable[[Document], object]) -> int:
    """Do it for each, showing how far it is; how often it went well. The first error is told."""
    bar = st.progress(0.0, text=doing)
    troubles: list[str] = []
    for number, document in enumerate(documents):
        bar.progress(number / len(documents), text=f"{doing} {plain(document.name)}")
        try:
            do(document)
        except QuireError as error:
            troubles.append(str(error))
    if troubles:
        session.notice(troubles[0])
    return len(documents) - len(troubles)
