"""OpenDocument spreadsheets (.ods), cell by cell as their own text shows them.

Source: OpenDocument 1.3, part 3, 9 (tables).
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

from lxml import etree

from kb.adapters.readers.number_formats import plain
from kb.adapters.readers.office_zip import check_archive, password_needed, xml_root
from kb.adapters.readers.opendocument_blocks import inline_text
from kb.adapters.readers.opendocument_package import MANIFEST, q
from kb.adapters.readers.sheet_headers import Row, Span
from kb.adapters.readers.sheets import Aside, CellBudget, Sheet, workbook
from kb.adapters.readers.text import one_line
from kb.domain.documents import ElementKind, ParsedDocument
from kb.domain.errors import DamagedFileError

NAME = "OpenDocument spreadsheet"
MOST_REPEATED = 1000
"""Times that a filled row or cell is taken over; repeating empty ones costs nothing."""

CELLS = (q("table:table-cell"), q("table:covered-table-cell"))
_TABLE, _ROW, _STYLE = q("table:table"), q("table:table-row"), q("style:style")
_SHAPES = q("table:shapes")
_SHOWN = re.compile(r"-?[\d\s.,'’]*?(?:[.,](\d+))?")


def read(path: Path) -> ParsedDocument:
    """Each sheet as a page, rows with the names of their columns."""
    reading = _Reading()
    try:
        with _content(path) as content:
            reading.take(content)
    except (etree.XMLSyntaxError, BadZipFile, KeyError) as error:
        raise DamagedFileError(f"The {NAME} is damaged.") from error
    return workbook(reading.sheets, reading.budget.warnings())


@contextmanager
def _content(path: Path) -> Iterator[IO[bytes]]:
    """The part with the sheets; of a flat file (.fods) all of it."""
    with path.open("rb") as file:
        if file.read(2) != b"PK":
            file.seek(0)
            yield file
            return
    check_archive(path, NAME, MANIFEST)
    with ZipFile(path) as archive:
        manifest = xml_root(archive.read(MANIFEST))
        if next(manifest.iter("{*}encryption-data"), None) is not None:
            raise password_needed(NAME)
        with archive.open("content.xml") as content:
            yield content


@dataclass(slots=True)
class _Reading:
    """Sheets as they come; a sheet's rows are let go as soon as they are read."""

    sheets: list[Sheet] = field(default_factory=list)
    budget: CellBudget = field(default_factory=CellBudget)
    _hidden: set[str] = field(default_factory=set)
    _at: int = 0

    def take(self, content: IO[bytes]) -> None:
        """Read until the end, or until the budget is spent."""
        events = etree.iterparse(
            content,
            events=("start", "end"),
            tag=(_TABLE, _ROW, _STYLE, _SHAPES),
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
        )
        inside = 0
        for event, node in events:
            if node.tag == _STYLE and event == "end":
                self._note_style(node)
            elif node.tag == _TABLE:
                inside += 1 if event == "start" else -1
                if event == "start" and inside == 1:
                    self._open(node)
            elif node.tag == _ROW and event == "end" and inside == 1:
                self._add(node)
                node.clear()
            elif node.tag == _SHAPES and event == "end" and inside == 1:
                self.sheets[-1].asides += _notes(node)
            if self.budget.spent:
                return

    def _note_style(self, node: Any) -> None:
        for properties in node.iter(q("style:table-properties")):
            if properties.get(q("table:display")) == "false":
                self._hidden.add(node.get(q("style:name"), ""))

    def _open(self, node: Any) -> None:
        name = node.get(q("table:name"), "")
        hidden = node.get(q("table:style-name")) in self._hidden
        self.sheets.append(Sheet(name=name, hidden=hidden))
        self._at = 0

    def _add(self, node: Any) -> None:
        repeated = _count(node, "table:number-rows-repeated")
        sheet = self.sheets[-1]
        cells = self._cells(node)
        for number in range(self._at, self._at + min(repeated, MOST_REPEATED)) if cells else ():
            if not self.budget.take(len(cells)):
                return
            sheet.rows[number] = cells
        self._at += repeated

    def _cells(self, node: Any) -> Row:
        sheet = self.sheets[-1]
        cells: Row = {}
        column = 0
        for cell in node.iterchildren(*CELLS):
            repeated = _count(cell, "table:number-columns-repeated")
            text = _text(cell)
            for at in range(column, column + min(repeated, MOST_REPEATED)) if text else ():
                cells[at] = text
            sheet.merged += _span(cell, self._at, column)
            sheet.asides += _notes(cell)
            column += repeated
        return cells


def _text(cell: Any) -> str:
    """What the cell shows; of a plain number its digits, of a date its ISO form."""
    kind = cell.get(q("office:value-type"), "")
    text = _lines(cell.findall(q("text:p")))
    if kind == "date":
        return one_line(cell.get(q("office:date-value"), text)).replace("T", " ")
    if kind == "float":
        return _number(cell.get(q("office:value"), ""), text)
    return "" if text.startswith("#") and kind == "" else text


def _number(value: str, text: str) -> str:
    """The digits of a number, rounded as the cell shows it."""
    shown = _SHOWN.fullmatch(text)
    try:
        number = float(value)
        return plain(round(number, len(shown[1] or "")) if shown else number)
    except (ValueError, OverflowError):
        return text


def _notes(cell: Any) -> Iterator[Aside]:
    """Comments on a cell and text boxes that hang on it."""
    for note in cell.iter(q("office:annotation"), q("draw:text-box")):
        text = _lines(note.iter(q("text:p")))
        comment = note.tag == q("office:annotation")
        if text:
            yield ElementKind.PARAGRAPH, f"Comment: {text}" if comment else text


def _lines(paragraphs: Iterable[Any]) -> str:
    return one_line("\n".join(inline_text(paragraph) for paragraph in paragraphs))


def _span(cell: Any, row: int, column: int) -> list[Span]:
    rows = _count(cell, "table:number-rows-spanned")
    columns = _count(cell, "table:number-columns-spanned")
    if rows == columns == 1:
        return []
    return [Span(top=row, left=column, bottom=row + rows - 1, right=column + columns - 1)]


def _count(node: Any, name: str) -> int:
    """A number of times, 1 where none is told."""
    text = node.get(q(name), "")
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) < 8 else 1
