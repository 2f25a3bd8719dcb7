"""The Library's watched folders and web sites."""

from collections.abc import Callable, Sequence
from datetime import datetime

import streamlit as st

from kb.domain.documents import KnowledgeBase
from kb.domain.sources import Source, SourceId, SourceKind, SourceState
from kb.domain.words import counted
from kb.services.sources import SourcesService
from kb.ui import session
from kb.ui.text import plain, short

EVERY_SECONDS = 3.0


def draw(base: KnowledgeBase) -> bool:
    """The section, where there are any; whether new documents may come by themselves."""
    sources = session.workspace().sources.of(base.id)
    collecting = any(each.state is SourceState.ACTIVE for each in sources)
    if sources:
        st.fragment(_section, run_every=EVERY_SECONDS if collecting else None)(base, collecting)
    return collecting


def _section(base: KnowledgeBase, was_collecting: bool) -> None:
    service = session.workspace().sources
    sources = service.of(base.id)
    if not sources or was_collecting is not any(s.state is SourceState.ACTIVE for s in sources):
        st.rerun(scope="app")
    with st.expander(heading(sources), key="sources", type="compact"):
        for each in sources:
            _row(service, each)


def heading(sources: Sequence[Source]) -> str:
    """What there is, and whether anything is wrong: 2 watched folders, 1 site."""
    folders = sum(each.kind is SourceKind.FOLDER for each in sources)
    sites = len(sources) - folders
    wrong = sum(bool(each.error) for each in sources)
    parts = [counted(folders, "watched folder")] * bool(folders)
    parts += [counted(sites, "web site")] * bool(sites)
    parts += [f"{wrong} with a problem"] * bool(wrong)
    return ", ".join(parts)


def told(source: Source, now: datetime, *, may_fetch: bool = True) -> str:
    """State, what it gave, and when it was last looked at."""
    is_folder = source.kind is SourceKind.FOLDER
    if source.state is SourceState.STOPPED:
        state = "Stopped"
    elif is_folder:
        state = "Watching"
    elif source.state is SourceState.DONE:
        state = "Taken in"
    else:
        state = "Being taken in" if may_fetch else "Waits until the web is allowed in Settings"
    parts = [state]
    if source.looked_at:
        parts.append(counted(source.seen, "file" if is_folder else "page"))
        parts.append(f"last looked {_moment(source.looked_at, now)}")
    return ", ".join(parts)


def _row(service: SourcesService, source: Source) -> None:
    with st.container(
        key=f"source-row-{source.id}", horizontal=True, wrap=False, vertical_alignment="top"
    ):
        with st.container(gap=None):
            st.markdown(f"**{plain(short(source.address, 160))}**")
            told_now = told(source, session.now(), may_fetch=service.may_fetch())
            st.caption(plain(told_now))
            if source.error:
                st.markdown(f":red[{plain(source.error)}]")
        with st.container(
            key=f"source-actions-{source.id}", horizontal=True, width="content", gap="xsmall"
        ):
            if source.state is SourceState.ACTIVE:
                _button("Stop", "stop_circle", service.stop, source)
            elif source.state is SourceState.STOPPED:
                _button("Resume", "play_arrow", service.resume, source)
            else:
                _button("Look again", "refresh", service.resume, source)
            _button("Remove", "delete", service.remove, source)


def _button(label: str, icon: str, do: Callable[[SourceId], None], source: Source) -> None:
    st.button(
        label,
        key=f"source-{label}-{source.id}",
        icon=f":material/{icon}:",
        type="tertiary",
        on_click=_do,
        args=(do, source.id),
    )


def _do(do: Callable[[SourceId], None], id: SourceId) -> None:
    with session.noticed_errors():
        do(id)


def _moment(moment: datetime, now: datetime) -> str:
    here = moment.astimezone()
    today = here.date() == now.astimezone().date()
    return f"at {here:%H:%M}" if today else f"on {here:%-d %B %Y}"
