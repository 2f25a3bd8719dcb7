"""PDF files, by PDFium: text with its place on the page, titles from fonts."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pypdfium2 as pdfium
from pypdfium2 import raw

from kb.adapters.readers.page_lines import Sheet
from kb.adapters.readers.pdf_layout import arrange
from kb.adapters.readers.pdf_lines import read_sheet
from kb.adapters.readers.pdf_outline import outline_of
from kb.adapters.readers.pdf_unread import may_hold_pictures, unread_areas
from kb.adapters.readers.text import one_line
from kb.domain.documents import Page, ParsedDocument
from kb.domain.errors import DamagedFileError, LimitError, PasswordNeededError

NO_TEXT = "No page holds text."
MAX_PAGES = 50_000

_FILE_NAME = re.compile(r"\.(docx?|pdf|xlsx?|pptx?|rtf|odt|tex|dvi|indd|qxd|html?|txt|ps)\b", re.I)
_NO_TITLE = re.compile(
    r"^(untitled|title|document\d*|slide \d+|powerpoint presentation|presentation|print|scan\w*"
    r"|microsoft \w+ - .*|no title|default|[\W\d_]*)$",
    re.I,
)


def read(path: Path, pages: int = 0) -> ParsedDocument:
    """Pages and elements of a PDF, or of its first `pages`; 0 is all of them."""
    pictures = may_hold_pictures(path)
    with open_pdf(path) as pdf:
        count = min(pages, len(pdf)) if pages else len(pdf)
        sheets = [_sheet(pdf, index, pictures) for index in range(count)]
        outline = outline_of(pdf)
        title = sensible_title(pdf.get_metadata_value("Title"))
    arranged, elements = arrange(sheets, outline)
    return ParsedDocument(
        pages=tuple(arranged),
        elements=tuple(elements),
        title=title,
        paged=True,
        warnings=tuple(_warnings(sheets, arranged)),
    )


@contextmanager
def open_pdf(path: Path) -> Iterator[pdfium.PdfDocument]:
    """An open PDF, closed in any case. Raises PasswordNeededError or DamagedFileError."""
    try:
        pdf = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise PasswordNeededError(
                "The PDF opens only with a password.",
                advice="Save a copy without one and add that.",
            ) from error
        if error.err_code == raw.FPDF_ERR_SUCCESS:
            raise DamagedFileError("The PDF has no pages.") from error
        raise DamagedFileError("The PDF is damaged or cut short.") from error
    try:
        if len(pdf) > MAX_PAGES:
            raise LimitError(f"The PDF says it has {len(pdf):,} pages; {MAX_PAGES:,} are allowed.")
        yield pdf
    finally:
        pdf.close()


def sensible_title(title: str) -> str:
    """A title from a file's metadata, or an empty string where a program made it up."""
    title = one_line(title)
    if _FILE_NAME.search(title) or _NO_TITLE.match(title) or "�" in title:
        return ""
    return title[:300]


def _sheet(pdf: pdfium.PdfDocument, index: int, pictures: bool) -> Sheet:
    """One page; a page that PDFium cannot load is an empty one."""
    try:
        page = pdf[index]
    except pdfium.PdfiumError:
        return Sheet(number=index + 1, readable=False)
    try:
        sheet = read_sheet(page, index + 1, one_line(pdf.get_page_label(index)))
        if (pictures or not sheet.lines) and unread_areas(page, sheet):
            return replace(sheet, ocr_wanted=True)
        return sheet
    except pdfium.PdfiumError:
        return Sheet(number=index + 1, readable=False)
    finally:
        page.close()


def _warnings(sheets: list[Sheet], pages: list[Page]) -> Iterator[str]:
    unread = [str(sheet.number) for sheet in sheets if not sheet.readable]
    if len(unread) == len(sheets):
        raise DamagedFileError("No page of the PDF can be read.")
    if unread:
        yield f"Pages that could not be read: {', '.join(unread)}."
    if not any(page.text or page.ocr_wanted for page in pages):
        yield NO_TEXT
