"""A page's own text and what OCR read of its pictures, as one text. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kb.adapters.readers.pdf_turn import Box
from kb.adapters.readers.text import ELEMENT_SEPARATOR
from kb.domain.documents import Element, OcrPage, Page, TextSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What OCR read of one area of a page: text, and elements of it with boxes on the page."""

    area: Box
    text: str
    elements: tuple[Element, ...]


def with_readings(page: Page, elements: Sequence[Element], readings: Iterable[Reading]) -> OcrPage:
    """The page with each reading after what stands above its area; nothing read, nothing new."""
    text, merged, read = page.text, list(elements), 0
    for reading in readings:
        if not reading.text:
            continue
        before = _index_above(merged, reading.area)
        at = merged[before - 1].end if before else 0
        own = _inserted_at(text, at, reading.text)
        text = text[:at] + own + text[at:]
        first = at + own.index(reading.text)
        merged = [
            *merged[:before],
            *(shifted(element, first) for element in reading.elements),
            *(shifted(element, len(own)) for element in merged[before:]),
        ]
        read += len(reading.text)
    source = page.text_source
    if read > len(page.text):
        source = TextSource.OCR
    return OcrPage(
        page=replace(page, text=text, text_source=source, ocr_wanted=False),
        elements=tuple(merged),
    )


def shifted(element: Element, by: int) -> Element:
    """An element whose characters stand later in its page's text."""
    return replace(
        element,
        start=element.start + by,
        end=element.end + by,
        boxes=tuple(replace(box, start=box.start + by, end=box.end + by) for box in element.boxes),
    )


def _index_above(elements: Sequence[Element], area: Box) -> int:
    """How many elements come before an area: up to the last one above it and over its width."""
    left, top, right, bottom = area
    middle = (top + bottom) / 2
    above = [
        number
        for number, element in enumerate(elements, start=1)
        if any(
            box.bottom <= middle and box.left < right and box.right > left for box in element.boxes
        )
    ]
    return max(above, default=0)


def _inserted_at(text: str, at: int, new: str) -> str:
    before = ELEMENT_SEPARATOR if text[:at].strip() else ""
    after = text[at:]
    return before + new + (ELEMENT_SEPARATOR if after.strip() and not after[0].isspace() else "")
