"""How far documents are that are still being taken in."""

from collections.abc import Sequence

import streamlit as st

from kb.domain.documents import DocumentState, KnowledgeBaseId
from kb.domain.jobs import Progress
from kb.services.documents import ListedDocument
from kb.ui import session
from kb.ui.text import counted, plain

EVERY_SECONDS = 1.0
_STEPS = {"waiting": "Waiting", "reading": "Reading", "embedding": "Indexing"}


def pending(listed: Sequence[ListedDocument]) -> list[ListedDocument]:
    """Those that are not ready yet."""
    return [each for each in listed if each.document.state is DocumentState.QUEUED]


def told(progress: Progress | None) -> str:
    """A step as people say it: Indexing, 40 of 120 passages."""
    if progress is None:
        return _STEPS["waiting"]
    step = _STEPS.get(progress.step, progress.step.capitalize())
    if progress.total and progress.unit:
        return f"{step}, {progress.done} of {counted(progress.total, progress.unit.rstrip('s'))}"
    return step


def share(progress: Progress | None) -> float:
    """How much of a document is done, 0 to 1; reading counts as the first tenth."""
    if progress is None or progress.step == "waiting":
        return 0.0
    if progress.total:
        return 0.1 + 0.9 * min(1.0, progress.done / progress.total)
    return 0.05


def line(base_id: KnowledgeBaseId) -> None:
    """One line that follows the work; redraws the page at the first ready one and at the end."""
    listed = session.workspace().documents.listed(base_id)
    if pending(listed):
        _line(base_id, _any_ready(listed))


@st.fragment(run_every=EVERY_SECONDS)
def _line(base_id: KnowledgeBaseId, any_ready: bool) -> None:
    listed = session.workspace().documents.listed(base_id)
    waiting = pending(listed)
    if not waiting or any_ready is not _any_ready(listed):
        st.rerun(scope="app")
    at_work = max(waiting, key=lambda each: share(each.progress))
    text = f"Taking in {counted(len(waiting), 'document')}. {plain(at_work.document.name)}: "
    st.progress(share(at_work.progress), text=text + told(at_work.progress).lower())


def _any_ready(listed: Sequence[ListedDocument]) -> bool:
    return any(each.document.state is DocumentState.READY for each in listed)
