"""The Library's list of documents."""

from collections.abc import Callable, Sequence

import streamlit as st

from kb.domain.documents import Document, DocumentId, DocumentState, KnowledgeBase
from kb.services.documents import ListedDocument
from kb.ui import progress, session, uploads
from kb.ui.text import counted, plain, short, size

PER_PAGE = 25
ALL, READY, WAITING, FAILED = "All", "Ready", "Being read", "Failed"
_STATES = {READY: DocumentState.READY, WAITING: DocumentState.QUEUED, FAILED: DocumentState.FAILED}
ORDERS: dict[str, tuple[Callable[[ListedDocument], float | str], bool]] = {
    "Newest first": (lambda each: each.document.created_at.timestamp(), True),
    "Name": (lambda each: each.document.name.casefold(), False),
    "Largest first": (lambda each: each.document.size_bytes, True),
    "Most pages first": (lambda each: each.document.page_count or 0, True),
}


def draw(base: KnowledgeBase) -> None:
    """Upload, search and sort, and the list."""
    st.title("Library", anchor=False)
    uploads.field(base.id, "library-upload")
    listed = session.workspace().documents.listed(base.id)
    if not listed:
        st.markdown(
            "There are no documents here yet. Drop some above, or choose them from a folder."
        )
        return
    wanted = _sought()
    every = progress.EVERY_SECONDS if progress.pending(listed) else None
    st.fragment(_list, run_every=every)(base, wanted)


def _sought() -> tuple[str, str, str]:
    """The fields above the list: (search, state, order)."""
    with st.container(key="library-tools", horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search by name",
            key="library-search",
            placeholder="Part of a name",
            icon=":material/search:",
        )
        state = st.selectbox("State", [ALL, *_STATES], key="library-state", filter_mode=None)
        order = st.selectbox("Order", list(ORDERS), key="library-order", filter_mode=None)
    return search, state, order


def chosen(
    listed: Sequence[ListedDocument], search: str, state: str, order: str
) -> list[ListedDocument]:
    """Those that match, in the order asked for."""
    key, reverse = ORDERS[order]
    matching = [
        each
        for each in listed
        if search.casefold().strip() in each.document.name.casefold()
        and (state == ALL or each.document.state is _STATES[state])
    ]
    return sorted(matching, key=key, reverse=reverse)


def _list(base: KnowledgeBase, wanted: tuple[str, str, str]) -> None:
    listed = session.workspace().documents.listed(base.id)
    waiting = progress.pending(listed)
    if session.remembered(session.LIBRARY_WAITED) and not waiting:
        session.remember(session.LIBRARY_WAITED, None)
        st.rerun(scope="app")
    session.remember(session.LIBRARY_WAITED, bool(waiting) or None)
    matching = chosen(listed, *wanted)
    _summary(listed, matching)
    pages = max(1, -(-len(matching) // PER_PAGE))
    number = min(session.remembered(session.LIBRARY_PAGE, 1), pages)
    with st.container(key="documents", gap=None):
        for each in matching[(number - 1) * PER_PAGE : number * PER_PAGE]:
            _row(each)
    if pages > 1:
        _turning(number, pages)


def _summary(listed: Sequence[ListedDocument], matching: Sequence[ListedDocument]) -> None:
    picked = [d.document for d in matching if st.session_state.get(f"pick-{d.document.id}")]
    with st.container(key="library-summary", horizontal=True, vertical_alignment="center"):
        shown = counted(len(listed), "document")
        if len(matching) != len(listed):
            shown = f"{len(matching)} of {shown}"
        total = sum(each.document.size_bytes for each in listed)
        st.caption(f"{shown}, {size(total)}")
        if picked:
            if st.button(
                f"Remove {counted(len(picked), 'document')}",
                key="remove-picked",
                icon=":material/delete:",
            ):
                remove(picked)
            st.button(
                "Clear selection",
                key="clear-picked",
                type="tertiary",
                on_click=_clear,
                args=(picked,),
            )


def _row(listed: ListedDocument) -> None:
    document = listed.document
    with st.container(
        key=f"document-{document.state}-{document.id}",
        horizontal=True,
        wrap=False,
        vertical_alignment="top",
    ):
        st.checkbox(
            f"Select {plain(document.name)}",
            key=f"pick-{document.id}",
            label_visibility="collapsed",
            width="content",
        )
        with st.container(gap=None):
            if document.state is not DocumentState.READY:
                st.markdown(f"**{plain(short(document.name, 120))}**")
            elif st.button(
                plain(short(document.name, 120)), key=f"view-{document.id}", type="tertiary"
            ):
                view(document.id)
                st.rerun()
            _about(listed)


def _about(listed: ListedDocument) -> None:
    document = listed.document
    if document.state is DocumentState.READY:
        st.caption(plain(" · ".join(facts(document))))
    elif document.state is DocumentState.FAILED:
        _failed(document)
    elif progress.share(listed.progress):
        st.progress(progress.share(listed.progress), text=progress.told(listed.progress))
    else:
        st.caption(progress.told(listed.progress))


def _failed(document: Document) -> None:
    """Why, in its sentence, and the two ways out."""
    st.markdown(f":red[{plain(document.error)}]")
    with st.container(key=f"failed-{document.id}", horizontal=True):
        st.button(
            "Retry",
            key=f"retry-{document.id}",
            type="tertiary",
            icon=":material/refresh:",
            on_click=_retry,
            args=(document.id,),
        )
        if st.button(
            "Remove", key=f"remove-{document.id}", type="tertiary", icon=":material/delete:"
        ):
            remove([document])


def facts(document: Document) -> list[str]:
    """Pages, passages, size and date, as people say them."""
    told = [counted(document.page_count, "page")] if document.page_count else []
    told.append(counted(document.passage_count, "passage") if document.passage_count else "no text")
    return [*told, size(document.size_bytes), f"{document.created_at.astimezone():%-d %B %Y}"]


def view(id: DocumentId) -> None:
    """Open a document's own view."""
    session.set_parameter(session.DOCUMENT_PARAMETER, id)
    session.set_parameter(session.PAGE_PARAMETER, "")


@st.dialog("Remove from the knowledge base?")
def remove(documents: Sequence[Document]) -> None:
    """Say what would be lost, and ask."""
    for document in documents[:8]:
        st.markdown(f"**{plain(document.name)}**")
    if len(documents) > 8:
        st.markdown(f"and {len(documents) - 8} more")
    st.markdown("Their text also leaves the answers that quoted them. Your own copies stay.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep", key="keep-documents"):
            st.rerun()
        if st.button("Remove", key="remove-documents", type="primary"):
            with session.told_errors():
                for document in documents:
                    session.workspace().documents.remove(document.id)
                _clear(documents)
                st.rerun()


def _retry(id: DocumentId) -> None:
    with session.noticed_errors():
        session.workspace().documents.retry(id)


def _clear(documents: Sequence[Document]) -> None:
    for document in documents:
        st.session_state.pop(f"pick-{document.id}", None)


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
