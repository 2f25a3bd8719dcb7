"""Excel workbooks before 2007 (.xls), also of Excel 2 to 4, by xlrd."""

import os
import struct
from pathlib import Path

import xlrd
from xlrd.compdoc import CompDocError

from kb.adapters.readers.number_formats import shown
from kb.adapters.readers.office_zip import password_needed
from kb.adapters.readers.sheet_headers import Row, Span
from kb.adapters.readers.sheets import CellBudget, Sheet, workbook
from kb.adapters.readers.text import one_line
from kb.domain.documents import ElementKind, ParsedDocument
from kb.domain.errors import DamagedFileError

NAME = "Excel workbook"
ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
"""The stream of a newer workbook with a password, whatever its name says."""

FAILURES = (
    *(xlrd.XLRDError, CompDocError, AssertionError, ValueError, LookupError, TypeError),
    *(AttributeError, struct.error),
)
"""What xlrd raises over a broken file."""


def read(path: Path) -> ParsedDocument:
    """Each sheet as a page, rows with the names of their columns."""
    budget = CellBudget()
    try:
        with (
            open(os.devnull, "w", encoding="utf-8") as log,
            xlrd.open_workbook(
                path, logfile=log, formatting_info=True, on_demand=True, ragged_rows=True
            ) as book,
        ):
            sheets = [_sheet(book, number, budget) for number in range(book.nsheets)]
    except FAILURES as error:
        if "encrypted" in str(error) or ENCRYPTED_PACKAGE in path.read_bytes():
            raise password_needed(NAME) from error
        raise DamagedFileError(f"The {NAME} is cut short or damaged.") from error
    return workbook(sheets, budget.warnings())


def _sheet(book: xlrd.Book, number: int, budget: CellBudget) -> Sheet:
    source = book.sheet_by_index(number)
    sheet = Sheet(name=source.name, hidden=source.visibility != 0)
    for row in range(source.nrows):
        cells = _row(book, source.row(row))
        if cells and not budget.take(len(cells)):
            break
        if cells:
            sheet.rows[row] = cells
    for top, below, left, beyond in source.merged_cells:
        sheet.merged.append(Span(top=top, left=left, bottom=below - 1, right=beyond - 1))
    for (row, column), note in sorted(source.cell_note_map.items()):
        text = f"Comment on {xlrd.cellname(row, column)}: {one_line(note.text)}"
        sheet.asides.append((ElementKind.PARAGRAPH, text))
    book.unload_sheet(number)
    return sheet


def _row(book: xlrd.Book, cells: list[xlrd.sheet.Cell]) -> Row:
    told = ((column, _value(book, cell)) for column, cell in enumerate(cells))
    return {column: text for column, text in told if text}


def _value(book: xlrd.Book, cell: xlrd.sheet.Cell) -> str:
    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        return shown(cell.value, _format(book, cell), since_1904=book.datemode == 1)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    return one_line(cell.value) if cell.ctype == xlrd.XL_CELL_TEXT else ""


def _format(book: xlrd.Book, cell: xlrd.sheet.Cell) -> str:
    if cell.xf_index is None or cell.xf_index >= len(book.xf_list):
        return "General"
    found = book.format_map.get(book.xf_list[cell.xf_index].format_key)
    return found.format_str if found else "General"
