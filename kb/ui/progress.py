"""How far documents are that are still being taken in."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from kb.domain.documents import FINDABLE, UNFINISHED, DocumentState, KnowledgeBaseId
from kb.domain.words import counted
from kb.services.documents import ListedDocument
from kb.ui import session
from kb.ui.text import duration, plain

EVERY_SECONDS = 1.0
MANY = 1000
SELDOM_SECONDS = 4.0
"""Between two drawings where there are `MANY` documents."""

LONG_SECONDS = 20.0
"""A step without a measure that takes longer than this says how long it has been at it."""

_STEPS = {"reading": "Reading", "embedding": "Indexing", "ocr": "Reading pictures,"}
_WAITING = {
    DocumentState.QUEUED: "Waiting",
    DocumentState.SEARCHABLE: "Searchable by words, waiting to be indexed",
    DocumentState.READY: "Ready, its pictures wait to be read",
}


def pending(listed: Sequence[ListedDocument]) -> list[ListedDocument]:
    """Those that there is still work on, paused or not."""
    return [
        each
        for each in listed
        if each.document.state in UNFINISHED
        or (each.document.state is DocumentState.READY and each.progress)
    ]


def pace(listed: Sequence[ListedDocument]) -> float:
    """Seconds between two drawings of the work on these documents."""
    return EVERY_SECONDS if len(listed) < MANY else SELDOM_SECONDS


def any_findable(listed: Sequence[ListedDocument]) -> bool:
    """Whether a question can be asked."""
    return any(each.document.state in FINDABLE for each in listed)


def told(listed: ListedDocument, now: datetime) -> str:
    """The stage a document is at, as people say it: Indexing 40 of 120 passages."""
    stage = _stage(listed, now)
    if listed.paused:
        return "Paused" if stage in _WAITING.values() else f"Paused. {stage}"
    return stage


def share(listed: ListedDocument) -> float:
    """How much of a document is done, 0 to 1; reading counts as the first tenth."""
    progress = listed.progress
    if progress is None or progress.step == "waiting":
        return 0.1 if listed.document.state is DocumentState.SEARCHABLE else 0.0
    if progress.total:
        return 0.1 + 0.9 * min(1.0, progress.done / progress.total)
    return 0.05


def line(base_id: KnowledgeBaseId, listed: Sequence[ListedDocument]) -> None:
    """One line that follows the work; redraws the page at the first ready one and at the end."""
    if _going(listed):
        st.fragment(_line, run_every=pace(listed))(base_id, any_findable(listed))


def _line(base_id: KnowledgeBaseId, was_findable: bool) -> None:
    listed = session.workspace().documents.listed(base_id)
    going = _going(listed)
    if not going or was_findable is not any_findable(listed):
        st.rerun(scope="app")
    at_work = max(going, key=share)
    text = f"Taking in {counted(len(going), 'document')}. {plain(at_work.document.name)}: "
    st.progress(share(at_work), text=text + told(at_work, session.now()).lower())


def _going(listed: Sequence[ListedDocument]) -> list[ListedDocument]:
    return [each for each in listed if each.document.state in UNFINISHED and not each.paused]


def _stage(listed: ListedDocument, now: datetime) -> str:
    progress, state = listed.progress, listed.document.state
    if progress is None or progress.step not in _STEPS:
        return _WAITING.get(state, _WAITING[DocumentState.QUEUED])
    step = _STEPS[progress.step]
    if progress.total and progress.unit:
        return f"{step} {progress.done:,} of {counted(progress.total, progress.unit.rstrip('s'))}"
    step = step.rstrip(",")
    if state is DocumentState.SEARCHABLE:
        step += ", its beginning is searchable by words"
    begun = listed.started_at
    seconds = (now - begun).total_seconds() if begun else 0.0
    return f"{step}, for {duration(seconds)}" if seconds > LONG_SECONDS else step
