"""A document's own view: its pages as they were read, beside their pictures."""

import streamlit as st

from kb.domain.documents import Document, DocumentId, DocumentState
from kb.domain.errors import NotFoundError, QuireError
from kb.ui import citations, documents, session
from kb.ui.reading import block, read
from kb.ui.text import plain, visible


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
        document = session.workspace().documents.get(DocumentId(id))
    except NotFoundError as error:
        st.info(plain(str(error)))
        return
    _head(document)
    if document.state is DocumentState.READY:
        with session.told_errors():
            _page(document)
    else:
        st.info(plain(document.error) if document.error else "It is still being read.")


def _head(document: Document) -> None:
    st.title(plain(document.name), anchor=False)
    with st.container(key="about-document", horizontal=True, vertical_alignment="center"):
        st.caption(plain(" · ".join(documents.facts(document))))
        citations.original(document, "view")
        if st.button("Remove", key="remove-this", type="tertiary", icon=":material/delete:"):
            documents.remove([document])


def _page(document: Document) -> None:
    last = document.page_count or 1
    wanted = session.parameter(session.PAGE_PARAMETER)
    number = max(1, min(int(wanted) if wanted.isdecimal() else 1, last))
    if last > 1:
        citations.turning(number, last, "view")
    text = session.workspace().documents.page(document.id, number).text
    if document.page_count:
        text = citations.unwrapped(text)
    shown = [block("page", visible(text))] if text.strip() else [block("note", "No text on it.")]
    picture = _picture(document, number)
    if picture is None:
        with st.container(key="document-text"):
            read(shown, f"page-{document.id}-{number}")
        return
    left, right = st.columns(2, gap="large")
    left.image(picture, width="stretch", alt=f"Page {number} of {visible(document.name)}")
    with right:
        read(shown, f"page-{document.id}-{number}")


def _picture(document: Document, number: int) -> bytes | None:
    try:
        return citations.page_picture(document, number)
    except QuireError as error:
        st.warning(plain(str(error)))
        return None
