"""A document's versions: which there are, what each changed, and going back to one."""

import streamlit as st

from kb.domain.documents import FINDABLE, Document, DocumentId, DocumentState
from kb.domain.words import counted
from kb.services.versions import Changes
from kb.ui import documents, session
from kb.ui.text import plain, size

_STATES = {
    DocumentState.QUEUED: "being taken in",
    DocumentState.SEARCHABLE: "being taken in",
    DocumentState.READY: "searched now",
    DocumentState.FAILED: "could not be read",
    DocumentState.CANCELLED: "cancelled",
    DocumentState.SUPERSEDED: "replaced",
}


def notice(document: Document) -> None:
    """Say of a version that was replaced, with the way to the one in its place and back."""
    if document.state is not DocumentState.SUPERSEDED:
        return
    every = session.workspace().versions.of(document.id)
    found = next((each for each in every if each.state in FINDABLE), None)
    by = f" Questions are answered by version {found.version}." if found else ""
    st.markdown(f"**This is version {document.version}, which was replaced.**{by}")
    with st.container(key="replaced-version", horizontal=True):
        if found:
            _open(found, f"Open version {found.version}")
        _restore(document, "notice")


def draw(document: Document) -> None:
    """The versions, where there is more than one."""
    every = session.workspace().versions.of(document.id)
    if len(every) < 2:
        return
    box = st.expander(f"{len(every)} versions", key="versions", type="compact", on_change="rerun")
    if not box.open:
        return
    with box:
        for each in every:
            _row(each, is_shown=each.id == document.id)


def told(changes: Changes | None) -> str:
    """What a version changed against the one before it: 2 pages altered, 1 added."""
    if changes is None:
        return ""
    counts = {
        "altered": changes.altered,
        "added": changes.added,
        "removed": changes.removed,
    }
    parts = [(count, what) for what, count in counts.items() if count]
    if not parts:
        return "the same text"
    count, what = parts[0]
    first = f"{counted(count, changes.unit)} {what}"
    return ", ".join([first, *(f"{count:,} {what}" for count, what in parts[1:])])


def _row(version: Document, *, is_shown: bool) -> None:
    changed = told(session.workspace().versions.changes(version.id))
    date = f"{version.created_at.astimezone():%-d %B %Y}"
    facts = [_STATES[version.state], changed, size(version.size_bytes), date]
    with st.container(
        key=f"version-{version.id}", horizontal=True, wrap=False, vertical_alignment="center"
    ):
        with st.container(gap=None):
            st.markdown(f"**Version {version.version}**")
            st.caption(plain(" · ".join(filter(None, facts))))
        if not is_shown:
            _open(version, "Open")
        if version.state is DocumentState.SUPERSEDED:
            _restore(version, "list")


def _open(version: Document, label: str) -> None:
    st.button(
        label,
        key=f"open-version-{label}-{version.id}",
        type="tertiary",
        on_click=documents.view,
        args=(version.id,),
    )


def _restore(version: Document, where: str) -> None:
    st.button(
        "Restore",
        key=f"restore-{where}-{version.id}",
        type="tertiary",
        on_click=_bring_back,
        args=(version.id, version.version),
        help="Questions are answered by this version again.",
    )


def _bring_back(id: DocumentId, number: int) -> None:
    with session.noticed_errors():
        session.workspace().versions.restore(id)
        session.notice(f"Version {number} is searched again.")
