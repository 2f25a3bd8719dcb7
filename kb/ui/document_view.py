"""A document's own view: its pages as they were read, beside their pictures."""

from pathlib import Path

import streamlit as st

from kb.domain.documents import FINDABLE, Document, DocumentId, DocumentState, Page, TextSource
from kb.domain.errors import NotFoundError, QuireError
from kb.domain.words import counted
from kb.services.documents import ListedDocument
from kb.ui import (
    chat,
    citations,
    document_dialogs,
    documents,
    page_map,
    progress,
    scope,
    session,
    versions,
    work,
)
from kb.ui.facts import facts, short_name
from kb.ui.reading import Block, block, read
from kb.ui.text import plain, short, visible

CHAT_PAGE = Path(__file__).parents[2] / "pages" / "chat.py"
WITH_PAGES = (*FINDABLE, DocumentState.SUPERSEDED)
BY_OCR = "Read by OCR from the page's picture: compare it where a word matters."
WAITS = "Its picture holds text that OCR has not read yet."
BROKEN = "This page could not be read."
EMPTY = "No text on it."


def draw(id: str) -> None:
    """The view, or a sentence where the document is not there."""
    st.button(
        "Library",
        key="back-to-library",
        icon=":material/arrow_back:",
        type="tertiary",
        on_click=documents.view,
        args=(DocumentId(""),),
    )
    try:
        listed = session.workspace().documents.with_work(DocumentId(id))
    except NotFoundError as error:
        st.info(plain(str(error)))
        return
    document = listed.document
    _head(document)
    versions.notice(document)
    _work(listed)
    if document.state in FINDABLE:
        _questions(document)
    _around(document)
    if document.state in WITH_PAGES:
        with session.told_errors():
            _page(document)


def _head(document: Document) -> None:
    st.title(plain(document.name), anchor=False)
    st.caption(plain(" · ".join(facts(document))))
    with st.container(key="about-document", horizontal=True, vertical_alignment="center"):
        citations.original(document, "view")
        st.button(
            "Remove",
            key="remove-this",
            type="tertiary",
            icon=":material/delete:",
            on_click=document_dialogs.remove,
            args=([document.id],),
        )
    document_dialogs.draw([document])


def _questions(document: Document) -> None:
    """What it can be asked, and a way to ask something else."""
    with st.container(key="questions-about"):
        st.caption("Ask this document")
        for number, question in enumerate(session.workspace().documents.questions(document.id)):
            if st.button(
                plain(question),
                key=f"question-about-{number}",
                type="tertiary",
                icon=":material/arrow_forward:",
            ):
                scope.only(document)
                chat.ask(question, document_ids=[document.id])
                st.switch_page(CHAT_PAGE)
        if st.button("Something else", key="ask-this", type="tertiary", icon=":material/chat:"):
            scope.only(document)
            st.switch_page(CHAT_PAGE)


def _work(listed: ListedDocument) -> None:
    """The work on it and what one can do about that; why it ended, where it did."""
    document = listed.document
    if document.error:
        st.markdown(f":red[{plain(document.error)}]")
    elif document.state is DocumentState.CANCELLED:
        st.markdown("Taking it in was cancelled.")
    if progress.pending([listed]):
        every = None if listed.paused else progress.EVERY_SECONDS
        st.fragment(_progress, run_every=every)(document.id, document.state, listed.paused)
    elif document.state in work.RETRIABLE:
        work.buttons(listed)


def _progress(id: DocumentId, state: DocumentState, paused: bool) -> None:
    try:
        listed = session.workspace().documents.with_work(id)
    except NotFoundError:
        st.rerun(scope="app")
    now = (listed.document.state, listed.paused)
    if now != (state, paused) or not progress.pending([listed]):
        st.rerun(scope="app")
    with st.container(key="work-on-document", horizontal=True, wrap=False):
        st.progress(progress.share(listed), text=progress.told(listed, session.now()))
        work.buttons(listed)


def _around(document: Document) -> None:
    """What of it was not read, where it came from, what came in it, and its versions."""
    for warning in document.warnings:
        st.caption(plain(warning))
    service = session.workspace().documents
    inside = service.found_inside(document.id)
    if document.parent_id:
        with session.told_errors():
            parent = service.get(document.parent_id)
            _link(f"It came in {short(parent.name, 100)}", parent, "attach_file")
    if inside:
        with st.expander(
            f"{counted(len(inside), 'file')} came in it", key="inside", type="compact"
        ):
            for each in inside:
                _link(short(short_name(each, document.name), 100), each, "description")
    versions.draw(document)


def _link(label: str, document: Document, icon: str) -> None:
    st.button(
        plain(label),
        key=f"open-{document.id}",
        type="tertiary",
        icon=f":material/{icon}:",
        on_click=documents.view,
        args=(document.id,),
    )


def _page(document: Document) -> None:
    if not document.page_count and not document.passage_count:
        st.caption("It has no text of its own.")
        return
    last = document.page_count or 1
    wanted = session.parameter(session.PAGE_PARAMETER)
    number = max(1, min(int(wanted) if wanted.isdecimal() else 1, last))
    page = session.workspace().documents.page(document.id, number)
    if last > 1:
        page_map.draw(document, number)
        citations.turning(number, last, "view", label=page.label)
    shown = page_blocks(page, paged=document.page_count is not None)
    picture = _picture(document, number)
    if picture is None:
        with st.container(key="document-text"):
            read(shown, f"page-{document.id}-{number}")
        return
    left, right = st.columns(2, gap="large")
    left.image(picture, width="stretch", alt=f"Page {number} of {visible(document.name)}")
    with right:
        read(shown, f"page-{document.id}-{number}")


def page_blocks(page: Page, *, paged: bool) -> list[Block]:
    """A page's text, after a note where it does not come from the file itself."""
    text = citations.unwrapped(page.text) if paged else page.text
    notes = [BY_OCR] if page.text_source is TextSource.OCR else []
    if page.ocr_wanted:
        notes.append(WAITS)
    elif page.text_source is TextSource.FAILED:
        notes.append(BROKEN)
    elif not text.strip():
        notes.append(EMPTY)
    told = [block("note", note) for note in notes]
    return [*told, block("page", visible(text))] if text.strip() else told


def _picture(document: Document, number: int) -> bytes | None:
    try:
        return citations.page_picture(document, number)
    except QuireError as error:
        st.warning(plain(str(error)))
        return None
