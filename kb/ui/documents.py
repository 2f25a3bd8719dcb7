"""The Library's list of documents."""

from collections.abc import Callable, Sequence

import streamlit as st

from kb.domain.documents import UNFINISHED, DocumentId, DocumentState, KnowledgeBase
from kb.domain.words import counted
from kb.services.documents import ListedDocument
from kb.ui import document_dialogs, picks, progress, session, work
from kb.ui.facts import facts, short_name
from kb.ui.text import plain, short, size

PER_PAGE = 25

ALL, READY, WAITING = "All", "Ready", "Being taken in"
_STATES = {"Failed": DocumentState.FAILED, "Cancelled": DocumentState.CANCELLED}
ORDERS: dict[str, tuple[Callable[[ListedDocument], float | str], bool]] = {
    "Newest first": (lambda each: each.document.created_at.timestamp(), True),
    "Name": (lambda each: each.document.name.casefold(), False),
    "Largest first": (lambda each: each.document.size_bytes, True),
    "Most pages first": (lambda each: each.document.page_count or 0, True),
}
EMPTY = "There are no documents here yet. Drop some above, or choose them from a folder."


def draw(base: KnowledgeBase, *, collecting: bool) -> None:
    """Search, sort and the list, drawn again while there is work or a source is `collecting`."""
    listed = session.workspace().documents.listed(base.id)
    wanted = _sought() if listed else None
    every = _pace(listed, collecting=collecting)
    st.fragment(_list, run_every=every)(base, wanted, [listed], every, collecting)
    document_dialogs.draw([each.document for each in listed])


def _sought() -> tuple[str, str, str]:
    """The fields above the list: (search, state, order)."""
    with st.container(key="library-tools", horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search by name",
            key="library-search",
            placeholder="Part of a name",
            icon=":material/search:",
        )
        states = [ALL, READY, WAITING, *_STATES]
        state = st.selectbox("State", states, key="library-state", filter_mode=None)
        order = st.selectbox("Order", list(ORDERS), key="library-order", filter_mode=None)
    return search, state, order


def chosen(
    listed: Sequence[ListedDocument], search: str, state: str, order: str
) -> list[ListedDocument]:
    """Those that match, in the order asked for."""
    key, reverse = ORDERS[order]
    sought = search.casefold().strip()
    if state == WAITING:
        listed = progress.pending(listed)
    elif state != ALL:
        one = _STATES.get(state, DocumentState.READY)
        listed = [each for each in listed if each.document.state is one]
    matching = [each for each in listed if sought in each.document.name.casefold()]
    return sorted(matching, key=key, reverse=reverse)


def view(id: DocumentId) -> None:
    """Open a document's own view."""
    session.set_parameter(session.DOCUMENT_PARAMETER, id)
    session.set_parameter(session.PAGE_PARAMETER, "")


def _pace(listed: Sequence[ListedDocument], *, collecting: bool) -> float | None:
    """Seconds between two drawings of the list; None where nothing changes by itself."""
    if session.remembered(session.DIALOG):
        return None
    if any(not each.paused for each in progress.pending(listed)):
        return progress.pace(listed)
    return progress.SELDOM_SECONDS if collecting else None


def _list(
    base: KnowledgeBase,
    wanted: tuple[str, str, str] | None,
    fresh: list[list[ListedDocument]],
    every: float | None,
    collecting: bool,
) -> None:
    # What the page has just read serves its first drawing; the later ones read anew.
    is_first = bool(fresh)
    listed = fresh.pop() if fresh else session.workspace().documents.listed(base.id)
    left = session.parameter(session.DOCUMENT_PARAMETER) or session.remembered(session.DIALOG)
    began_or_ended = bool(listed) is (wanted is None)
    if _pace(listed, collecting=collecting) != every or began_or_ended or (left and not is_first):
        st.rerun(scope="app")
    if wanted is None:
        st.markdown(EMPTY)
        return
    matching = chosen(listed, *wanted)
    work.summary(listed)
    _summary(base, listed, matching)
    names = {each.document.id: each.document.name for each in listed}
    pages = max(1, -(-len(matching) // PER_PAGE))
    number = min(session.remembered(session.LIBRARY_PAGE, 1), pages)
    with st.container(key="documents", gap=None):
        for each in matching[(number - 1) * PER_PAGE : number * PER_PAGE]:
            parent = each.document.parent_id
            _row(each, names.get(parent, "") if parent else "")
    if pages > 1:
        _turning(number, pages)


def _summary(
    base: KnowledgeBase, listed: Sequence[ListedDocument], matching: Sequence[ListedDocument]
) -> None:
    """How many documents there are, or what can be done with those that are picked."""
    ids = picks.picked()
    picked = [each for each in matching if each.document.id in ids]
    with st.container(key="library-summary", horizontal=True, vertical_alignment="center"):
        if picked:
            st.caption(f"{len(picked):,} picked")
            _bulk(base, picked, matching)
            return
        shown = counted(len(listed), "document")
        if len(matching) != len(listed):
            shown = f"{len(matching):,} of {shown}"
        total = sum(each.document.size_bytes for each in listed)
        st.caption(f"{shown}, {size(total)}")


def _bulk(
    base: KnowledgeBase, picked: Sequence[ListedDocument], matching: Sequence[ListedDocument]
) -> None:
    ids = [each.document.id for each in picked]
    again = [each.document.id for each in picked if each.document.state in work.RETRIABLE]
    at_work = [each.document.id for each in progress.pending(picked)]
    others = [each for each in session.workspace().knowledge_bases.all() if each.id != base.id]
    if again:
        st.button("Retry", key="retry-picked", on_click=work.retry, args=(again,))
    if at_work:
        st.button("Cancel", key="cancel-picked", on_click=work.cancel, args=(at_work,))
    if others:
        st.button("Add to another", key="add-picked", on_click=document_dialogs.add_to, args=(ids,))
    st.button("Remove", key="remove-picked", on_click=document_dialogs.remove, args=(ids,))
    if len(picked) < len(matching):
        every = [each.document.id for each in matching]
        label = f"Pick all {len(matching):,}"
        st.button(label, key="pick-all", type="tertiary", on_click=picks.pick, args=(every,))
    st.button("Pick none", key="pick-none", type="tertiary", on_click=picks.pick, args=([],))


def _row(listed: ListedDocument, came_in: str) -> None:
    document = listed.document
    with st.container(
        key=f"row-{document.id}", horizontal=True, wrap=False, vertical_alignment="top"
    ):
        st.checkbox(
            f"Pick {plain(document.name)}",
            value=document.id in picks.picked(),
            key=picks.key(document.id),
            on_change=picks.follow,
            args=(document.id,),
            label_visibility="collapsed",
            width="content",
        )
        with st.container(gap=None):
            name = plain(short(short_name(document, came_in), 120))
            st.button(
                name,
                key=f"view-{document.id}",
                type="tertiary",
                on_click=view,
                args=(document.id,),
            )
            _about(listed, came_in)
        _actions(listed)


def _about(listed: ListedDocument, came_in: str) -> None:
    document = listed.document
    if document.state is DocumentState.FAILED:
        st.markdown(f":red[{plain(document.error)}]")
    elif document.state not in UNFINISHED:
        told = facts(document, came_in)
        cancelled = document.state is DocumentState.CANCELLED
        st.caption(plain(" · ".join(["Cancelled", *told] if cancelled else told)))
    if progress.pending([listed]):
        st.progress(progress.share(listed), text=progress.told(listed, session.now()))


def _actions(listed: ListedDocument) -> None:
    if not progress.pending([listed]) and listed.document.state not in work.RETRIABLE:
        return
    with st.container(
        key=f"actions-{listed.document.id}", horizontal=True, width="content", gap="xsmall"
    ):
        work.buttons(listed)
        if listed.document.state in work.RETRIABLE:
            st.button(
                "Remove",
                key=f"remove-{listed.document.id}",
                type="tertiary",
                icon=":material/delete:",
                on_click=document_dialogs.remove,
                args=([listed.document.id],),
            )


def _turning(number: int, pages: int) -> None:
    def turn(to: int) -> None:
        session.remember(session.LIBRARY_PAGE, to)

    with st.container(key="library-pages", horizontal=True, vertical_alignment="center"):
        st.button(
            "Previous", on_click=turn, args=(number - 1,), disabled=number <= 1, type="tertiary"
        )
        st.caption(f"{number} of {pages}")
        st.button(
            "Next", on_click=turn, args=(number + 1,), disabled=number >= pages, type="tertiary"
        )
