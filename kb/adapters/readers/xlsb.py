"""Binary Excel workbooks (.xlsb), by calamine; their drawings and comments are XML."""

from pathlib import Path

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetVisibleEnum,
)

from kb.adapters.readers.number_formats import told
from kb.adapters.readers.office_zip import password_needed
from kb.adapters.readers.sheets import CellBudget, Sheet, workbook
from kb.adapters.readers.text import one_line
from kb.adapters.readers.xlsx_package import NAME, asides, opened
from kb.domain.documents import ParsedDocument
from kb.domain.errors import DamagedFileError


def read(path: Path) -> ParsedDocument:
    """Each sheet as a page, rows with the names of their columns."""
    budget = CellBudget()
    try:
        with opened(path) as archive, CalamineWorkbook.from_path(path) as book:
            sheets = [
                Sheet(
                    name=found.name,
                    hidden=found.visible != SheetVisibleEnum.Visible,
                    asides=asides(archive, f"xl/worksheets/sheet{number}.bin"),
                )
                for number, found in enumerate(book.sheets_metadata, 1)
            ]
            for sheet in sheets:
                _fill(sheet, book.get_sheet_by_name(sheet.name), budget)
    except PasswordError as error:
        raise password_needed(NAME) from error
    except CalamineError as error:
        raise DamagedFileError(f"The {NAME} is cut short or damaged.") from error
    return workbook(sheets, budget.warnings())


def _fill(sheet: Sheet, source: CalamineSheet, budget: CellBudget) -> None:
    top, left = source.start or (0, 0)
    for number, row in enumerate(source.iter_rows() if source.start else (), top):
        texts = ((column, one_line(told(value))) for column, value in enumerate(row, left))
        cells = {column: text for column, text in texts if text}
        if cells and not budget.take(len(cells)):
            return
        if cells:
            sheet.rows[number] = cells
