"""Pages whose text is a picture: files of pictures, scans, and tables drawn into PDFs."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from math import sqrt
from pathlib import Path

import pypdfium2 as pdfium

from kb.adapters.readers.image import frame
from kb.adapters.readers.ocr_engine import MOST_PIXELS, Finding, find_lines
from kb.adapters.readers.ocr_merge import Reading, with_readings
from kb.adapters.readers.page_columns import in_reading_order
from kb.adapters.readers.page_lines import Line, Sheet
from kb.adapters.readers.pdf import open_pdf, read
from kb.adapters.readers.pdf_layout import arrange
from kb.adapters.readers.pdf_lines import read_sheet
from kb.adapters.readers.pdf_turn import Box
from kb.adapters.readers.pdf_unread import drawn, unread_areas
from kb.domain.documents import OcrPage, Page, ParsedDocument, TextBox, TextSource
from kb.domain.errors import InvalidInputError
from kb.domain.media_types import PDF

MAX_SCALE = 200 / 72


def read_page(path: Path, media_type: str, number: int) -> OcrPage:
    """A page with what OCR reads of it; boxes are points in a PDF, else pixels."""
    if media_type == PDF:
        return _pdf_page(path, number)
    image, (width, height) = frame(path, number, MOST_PIXELS)
    area = (0.0, 0.0, width, height)
    reading = _arranged(find_lines(image), area, image.width / width, number, ())
    return _page_of(Page(number=number, text="", width=width, height=height), reading)


def _pdf_page(path: Path, number: int) -> OcrPage:
    with open_pdf(path) as pdf:
        if not 1 <= number <= len(pdf):
            raise InvalidInputError(f"The file has no page {number}.")
        page = pdf[number - 1]
        sheet = read_sheet(page, number, "")
        areas = unread_areas(page, sheet)
        readings = [_read_area(page, sheet, area) for area in areas]
    blank = Page(number=number, text="", width=sheet.width, height=sheet.height)
    if not sheet.lines or not any(reading.text for reading in readings):
        return _page_of(blank, *readings)
    document = _document(path, path.stat().st_mtime_ns)
    elements = [element for element in document.elements if element.page == number]
    return with_readings(document.pages[number - 1], elements, readings)


@lru_cache(maxsize=1)
def _document(path: Path, _: int) -> ParsedDocument:
    """The whole file: what is a title or a running head only shows in many pages."""
    return read(path)


def _page_of(page: Page, *readings: Reading) -> OcrPage:
    return with_readings(replace(page, text_source=TextSource.EMPTY), [], readings)


def _read_area(page: pdfium.PdfPage, sheet: Sheet, area: Box) -> Reading:
    left, top, right, bottom = area
    width, height = max(right - left, 1.0), max(bottom - top, 1.0)
    scale = min(MAX_SCALE, sqrt(MOST_PIXELS / (width * height)))
    image = drawn(page, sheet, area, scale).convert("RGB")
    return _arranged(find_lines(image), area, scale, sheet.number, sheet.lines)


def _arranged(
    finding: Finding, area: Box, scale: float, number: int, known: tuple[Line, ...]
) -> Reading:
    """Found lines as text and elements; `known` lines of the page are not repeated."""

    def on_page(left: float, top: float, right: float, bottom: float) -> Box:
        sides = finding.place(left, top, right, bottom)
        x, y = area[0], area[1]
        one, two, three, four = (side / scale for side in sides)
        right, bottom = min(three + x, area[2]), min(four + y, area[3])
        return round(one + x, 2), round(two + y, 2), round(right, 2), round(bottom, 2)

    new = [
        line
        for line in finding.lines
        if not _is_known(on_page(line.left, line.top, line.right, line.bottom), known)
    ]
    in_order = in_reading_order(new, rows_across=True)
    sheet = Sheet(number=number, lines=tuple(map(_without_hyphen, in_order)))
    pages, elements = arrange([sheet])
    return Reading(
        area=area,
        text=pages[0].text,
        elements=tuple(
            replace(element, boxes=tuple(_moved(box, on_page) for box in element.boxes))
            for element in elements
        ),
    )


def _without_hyphen(line: Line) -> Line:
    """A line whose hyphen at its end is told rather than shown, as in a text layer."""
    if len(line.text) > 2 and line.text.endswith("-") and line.text[-2].isalpha():
        return replace(line, text=line.text[:-1], broken=True)
    return line


def _is_known(box: Box, known: tuple[Line, ...]) -> bool:
    """Whether the text layer has what stands in a box: lines of it cover its middle."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return any(line.left <= x <= line.right and line.top <= y <= line.bottom for line in known)


def _moved(box: TextBox, on_page: Callable[[float, float, float, float], Box]) -> TextBox:
    left, top, right, bottom = on_page(box.left, box.top, box.right, box.bottom)
    return replace(box, left=left, top=top, right=right, bottom=bottom)
