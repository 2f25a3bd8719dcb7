"""The evidence beside an answer: document, page, the passage's words, and its place on the page."""

import io
import re
from dataclasses import dataclass, replace

import streamlit as st
from PIL import Image, ImageChops, ImageDraw

from kb.domain.conversations import ConversationId
from kb.domain.documents import Document, DocumentId, DocumentState, Page, Passage, TextBox
from kb.domain.errors import NotFoundError, QuireError
from kb.ui import session
from kb.ui.reading import Block, Run, block, read
from kb.ui.text import plain, short, visible

Box = tuple[float, float, float, float]
Boxes = tuple[Box, ...]

SCALE = 1.6
"""Pixels a point: sharp in the panel, and drawn in a tenth of a second."""

HIGHLIGHT = (255, 236, 158)
REMOVED = "The document of this citation was removed, and its text with it."
CHANGED = "This passage is no longer there: its document was removed or read anew."


REPLACED = "This is from version {version} of the document, which was replaced."


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A passage and the words of it that an answer rests on; no document if it was removed.

    `at` is where the quote begins in the text, or below 0 where that is not known.
    """

    document: Document | None
    passage: Passage | None = None
    text: str = ""
    quote: str = ""
    page: int = 1
    at: int = -1


def open_evidence(target: str) -> None:
    """Show the evidence of a mark; the same mark again closes it."""
    same = session.parameter(session.EVIDENCE_PARAMETER) == target
    session.set_parameter(session.EVIDENCE_PARAMETER, "" if same else target)
    session.set_parameter(session.PAGE_PARAMETER, "")


def close_evidence() -> None:
    """Take the panel away."""
    session.set_parameter(session.EVIDENCE_PARAMETER, "")
    session.set_parameter(session.PAGE_PARAMETER, "")


def panel(conversation_id: ConversationId | None) -> None:
    """The open evidence, if any; the stylesheet puts it beside the conversation."""
    target = session.parameter(session.EVIDENCE_PARAMETER)
    if not target:
        return
    evidence = find(target, conversation_id)
    with st.container(key="evidence"):
        with st.container(key="evidence-head", horizontal=True, vertical_alignment="center"):
            st.markdown("##### Evidence")
            st.button(
                "Close",
                key="close-evidence",
                on_click=close_evidence,
                type="tertiary",
                icon=":material/close:",
                shortcut="Escape",
            )
        if evidence is None or evidence.document is None:
            st.info(REMOVED if evidence else CHANGED)
        else:
            _draw(evidence, evidence.document, target)


def find(target: str, conversation_id: ConversationId | None) -> Evidence | None:
    """What `m.MESSAGE.INDEX`, `p.DOCUMENT.PASSAGE` or `t.DOCUMENT.START.END` means.

    None where it is not there.
    """
    kind, _, rest = target.partition(".")
    first, _, second = rest.partition(".")
    try:
        if kind == "m" and conversation_id:
            return _cited(first, int(second), conversation_id)
        if kind == "t":
            start, _, end = second.partition(".")
            return _placed(DocumentId(first), int(start), int(end))
        return _found(DocumentId(first), second) if kind == "p" else None
    except (NotFoundError, ValueError, IndexError):
        return None


def _cited(message_id: str, index: int, conversation_id: ConversationId) -> Evidence | None:
    workspace = session.workspace()
    for message in workspace.conversations.messages(conversation_id):
        if message.id != message_id:
            continue
        citation = message.citations[max(index, 0)]
        if citation.document_id is None:
            return Evidence(document=None)
        try:
            evidence = _found(citation.document_id, citation.passage_id or "")
        except NotFoundError:
            return Evidence(document=None)
        known = evidence or Evidence(document=workspace.documents.get(citation.document_id))
        return replace(known, text=citation.text, quote=citation.quote, page=citation.page)
    return None


def _found(document_id: DocumentId, passage_id: str) -> Evidence | None:
    documents = session.workspace().documents
    document = documents.get(document_id)
    for passage in documents.passages(document_id):
        if passage.id == passage_id:
            return Evidence(
                document=document, passage=passage, text=passage.text, page=passage.page_first
            )
    return None


def _placed(document_id: DocumentId, start: int, end: int) -> Evidence | None:
    """The passage that holds where a place begins, with as much of the place as it holds."""
    documents = session.workspace().documents
    document = documents.get(document_id)
    for passage in documents.passages(document_id):
        if passage.start <= start < passage.end:
            at = start - passage.start
            return Evidence(
                document=document,
                passage=passage,
                text=passage.text,
                quote=passage.text[at : end - passage.start],
                page=passage.page_first,
                at=at,
            )
    return None


def _draw(evidence: Evidence, document: Document, target: str) -> None:
    shown = _shown_page(evidence, document)
    read(_words(evidence, document), f"evidence-{target}")
    if document.page_count:
        turning(shown, document.page_count, "evidence")
        _page_picture(evidence, document, shown)
    original(document, "evidence")


def original(document: Document, key: str) -> None:
    """A button that hands out the file as it was added."""
    path = session.workspace().documents.original(document.id)
    st.download_button(
        "Download the original",
        data=path.read_bytes,
        file_name=document.name.rsplit("/", 1)[-1],
        mime=document.media_type or "application/octet-stream",
        key=f"{key}-original-{document.id}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def _words(evidence: Evidence, document: Document) -> list[Block]:
    where = [visible(document.name)]
    if document.page_count:
        where.append(f"page {evidence.page} of {document.page_count}")
    headings = evidence.passage.heading_path if evidence.passage else ()
    made = [block("said", ", ".join(where))]
    if document.state is DocumentState.SUPERSEDED:
        made.append(block("note", REPLACED.format(version=document.version)))
    if headings:
        made.append(block("note", visible(" › ".join(headings))))
    text, quote = evidence.text, evidence.quote
    if document.page_count:
        text, quote = unwrapped(text), unwrapped(quote)
    return [*made, Block(kind="passage", runs=marked(text, quote, evidence.at))]


def marked(text: str, quote: str, at: int = -1) -> list[Run]:
    """The text with the quote in it marked: the one that begins `at`, or else the first."""
    if at < 0:
        at = text.find(quote) if quote else -1
    if at < 0:
        return [Run(text=visible(text))]
    end = at + len(quote)
    parts = [Run(text=text[:at]), Run(text=text[at:end], mark=True), Run(text=text[end:])]
    return [Run(**{**part, "text": visible(part["text"])}) for part in parts if part["text"]]


def unwrapped(text: str) -> str:
    """The text with the ends of printed lines made spaces; its length stays the same."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)


def _shown_page(evidence: Evidence, document: Document) -> int:
    wanted = session.parameter(session.PAGE_PARAMETER)
    number = int(wanted) if wanted.isdecimal() else evidence.page
    return max(1, min(number, document.page_count or 1))


def _page_picture(evidence: Evidence, document: Document, number: int) -> None:
    documents = session.workspace().documents
    try:
        page = documents.page(document.id, number)
        boxes = quote_boxes(evidence, page)
        picture = page_picture(document, number, boxes)
    except QuireError as error:
        st.warning(plain(str(error)))
        return
    if picture:
        st.image(picture, width="stretch", alt=f"Page {number} of {visible(document.name)}")


def turning(number: int, last: int, key: str, *, label: str = "") -> None:
    """Buttons to the page before and the one after; a `label` is what people call this one."""

    def turn(to: int) -> None:
        session.set_parameter(session.PAGE_PARAMETER, str(to))

    with st.container(
        key=f"{key}-pages",
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
        wrap=False,
    ):
        st.button(
            "Previous",
            key=f"{key}-previous",
            on_click=turn,
            args=(number - 1,),
            disabled=number <= 1,
            icon=":material/chevron_left:",
            type="tertiary",
        )
        named = f" ({plain(short(label, 60))})" if label not in ("", str(number)) else ""
        st.caption(f"Page {number} of {last}{named}", width="content")
        st.button(
            "Next",
            key=f"{key}-next",
            on_click=turn,
            args=(number + 1,),
            disabled=number >= last,
            icon=":material/chevron_right:",
            icon_position="right",
            type="tertiary",
        )


def quote_boxes(evidence: Evidence, page: Page) -> Boxes:
    """Where the quote, or else the passage, stands: left, top, right, bottom as page shares."""
    passage = evidence.passage
    if passage is None or not page.width or not page.height:
        return ()
    begin, end = _span_on(page, passage, evidence.quote, evidence.at)
    width, height = page.width, page.height
    clipped = (
        _clipped(box, begin, end)
        for box in passage.boxes
        if box.page == page.number and box.start < end and box.end > begin
    )
    return tuple(
        (left / width, top / height, right / width, bottom / height)
        for left, top, right, bottom in clipped
    )


def _span_on(page: Page, passage: Passage, quote: str, within: int) -> tuple[int, int]:
    # The same words may stand on the page twice; the passage's own begin in its first line.
    line = min((box.start for box in passage.boxes if box.page == page.number), default=0)
    at = page.text.find(passage.text, line)
    if within < 0:
        within = passage.text.find(quote) if quote else -1
    if at < 0 or within < 0:
        return (0, len(page.text))
    return (at + within, at + within + len(quote))


def _clipped(box: TextBox, begin: int, end: int) -> Box:
    """The part of a line's box that the characters begin..end take, by their share of it."""
    width = (box.right - box.left) / max(1, box.end - box.start)
    left = box.left + width * max(0, begin - box.start)
    right = box.right - width * max(0, box.end - end)
    return (left, box.top, right, box.bottom)


def page_picture(document: Document, number: int, boxes: Boxes = ()) -> bytes | None:
    """A page as PNG with boxes marked; None for formats without pages to show."""
    # Asked first, so that a kept picture never outlives the right to see it.
    session.workspace().documents.get(document.id)
    return _picture(document.id, document.version, number, boxes)


@st.cache_data(max_entries=48, show_spinner=False)
def _picture(id: DocumentId, version: int, number: int, boxes: Boxes) -> bytes | None:
    del version  # part of the key only: another version has other pages
    drawn = session.workspace().documents.picture(id, number, SCALE)
    return with_boxes(drawn, boxes) if drawn and boxes else drawn


def with_boxes(picture: bytes, boxes: Boxes) -> bytes:
    """The picture with the boxes (shares of it) coloured as by a marker: ink stays dark."""
    sheet = Image.open(io.BytesIO(picture)).convert("RGB")
    marker = Image.new("RGB", sheet.size, "white")
    pen = ImageDraw.Draw(marker)
    width, height = sheet.size
    for left, top, right, bottom in boxes:
        corners = (left * width - 2, top * height - 1, right * width + 2, bottom * height + 1)
        pen.rectangle(corners, fill=HIGHLIGHT)
    out = io.BytesIO()
    ImageChops.multiply(sheet, marker).save(out, "PNG")
    return out.getvalue()
