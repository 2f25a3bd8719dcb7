"""The work on documents: how far it is over all, and what one can do about it."""

from collections.abc import Callable, Collection, Sequence

import streamlit as st

from kb.domain.documents import UNFINISHED, DocumentId, DocumentState
from kb.domain.words import counted
from kb.services.documents import ListedDocument
from kb.services.jobs import Remaining, remaining
from kb.ui import document_dialogs, progress, session
from kb.ui.text import duration

RETRIABLE = (DocumentState.FAILED, DocumentState.CANCELLED)


def summary(listed: Sequence[ListedDocument]) -> None:
    """How many documents are being taken in and how long that takes, with buttons for all."""
    pending = progress.pending(listed)
    if not pending:
        return
    paused = [each.document.id for each in pending if each.paused]
    going = [each.document.id for each in pending if not each.paused]
    with st.container(key="work-summary", horizontal=True, vertical_alignment="center"):
        st.markdown(told(remaining(listed, session.now()), len(pending), len(paused)))
        if len(pending) == 1:
            return
        if going:
            _button("Pause all", "pause", "pause-all", pause, going)
        if paused:
            _button("Resume all", "play_arrow", "resume-all", resume, paused)
        every = [each.document.id for each in pending]
        _button("Cancel all", "close", "cancel-all", document_dialogs.cancel, every)


def told(left: Remaining, pending: int, paused: int) -> str:
    """One sentence over all work; `pending` counts documents whose pictures are read, too."""
    if paused == pending:
        return f"{counted(pending, 'document')} paused."
    if not left.documents:
        return f"Reading pictures in {counted(pending, 'document')}."
    if left.paused == left.documents:
        return f"{counted(paused, 'document')} paused, pictures of others are being read."
    about = f", about {duration(left.seconds)} left" if left.seconds is not None else ""
    resting = f" {paused:,} of them paused." if left.paused else ""
    return f"Taking in {counted(left.documents, 'document')}{about}.{resting}"


def buttons(listed: ListedDocument) -> None:
    """What one can do about a document that is not ready, or whose pictures are being read."""
    id, state = listed.document.id, listed.document.state
    if state in RETRIABLE:
        _button("Retry", "refresh", f"retry-{id}", retry, [id])
        return
    if listed.paused:
        _button("Resume", "play_arrow", f"resume-{id}", resume, [id])
    elif listed.progress:
        _button("Pause", "pause", f"pause-{id}", pause, [id])
    if listed.progress:
        help = None if state in UNFINISHED else "No more of its pictures are read; it stays ready."
        _button("Cancel", "close", f"cancel-{id}", cancel, [id], help)


def pause(ids: Collection[DocumentId]) -> None:
    """Let the work on these documents rest."""
    with session.noticed_errors():
        session.workspace().jobs.pause(ids)


def resume(ids: Collection[DocumentId]) -> None:
    """Go on with it."""
    with session.noticed_errors():
        session.workspace().jobs.resume(ids)


def cancel(ids: Collection[DocumentId]) -> None:
    """Stop taking these documents in."""
    with session.noticed_errors():
        session.workspace().jobs.cancel(ids)


def retry(ids: Collection[DocumentId]) -> None:
    """Take failed and cancelled documents in again."""
    with session.noticed_errors():
        session.workspace().jobs.retry(ids)


def _button(
    label: str,
    icon: str,
    key: str,
    do: Callable[[Sequence[DocumentId]], None],
    ids: Sequence[DocumentId],
    help: str | None = None,
) -> None:
    st.button(
        label,
        key=key,
        icon=f":material/{icon}:",
        type="tertiary",
        on_click=do,
        args=(ids,),
        help=help,
    )
