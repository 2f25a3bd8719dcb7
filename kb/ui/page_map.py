"""A document's pages at a glance: where the text of each comes from, and the way to it."""

from collections.abc import Sequence

import streamlit as st

from kb.domain.documents import Document, Page, TextSource
from kb.ui import session
from kb.ui.reading import Block, Run, read
from kb.ui.text import visible

WAITING = "waiting"
_WORDS = {
    TextSource.DIGITAL: "text of the file",
    TextSource.OCR: "read by OCR",
    WAITING: "waits for OCR",
    TextSource.EMPTY: "no text",
    TextSource.FAILED: "could not be read",
}


def draw(document: Document, current: int) -> None:
    """A small cell for each page, once it is opened; a click leads to the page."""
    box = st.expander("Pages", key="page-map", type="compact", on_change="rerun")
    if not box.open:
        return
    pages = session.workspace().documents.pages(document.id)
    with box:
        read(blocks(pages), f"map-{document.id}", on_open=_turn, current=str(current))


def blocks(pages: Sequence[Page]) -> list[Block]:
    """The cells, and what their kinds mean where there is more than one."""
    cells = [
        Run(
            open=str(page.number),
            state=_state(page),
            label=f"Page {page.number}{_label(page)}: {_WORDS[_state(page)]}",
        )
        for page in pages
    ]
    there = [state for state in _WORDS if any(cell["state"] == state for cell in cells)]
    legend = [Run(text=_WORDS[state], state=state) for state in there]
    return [Block(kind="pages", runs=cells), Block(kind="legend", runs=legend)]


def _state(page: Page) -> str:
    return WAITING if page.ocr_wanted else page.text_source


def _label(page: Page) -> str:
    return f" ({visible(page.label)})" if page.label else ""


def _turn(to: str) -> None:
    session.set_parameter(session.PAGE_PARAMETER, to)
