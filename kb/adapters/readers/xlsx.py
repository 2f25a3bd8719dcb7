"""Excel workbooks as XML (.xlsx, .xlsm), read cell by cell.

Not by calamine, which lays a sheet out whole: two cells in opposite corners would need more
memory than there is. It also leaves out the formats that tell 12% from 0.12.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from lxml import etree

from kb.adapters.readers.number_formats import BUILT_IN, shown
from kb.adapters.readers.sheet_headers import Row, Span
from kb.adapters.readers.sheets import CellBudget, Sheet, workbook
from kb.adapters.readers.text import one_line
from kb.adapters.readers.xlsx_package import NAME, WORKBOOKS, asides, opened, part, sheet_parts
from kb.domain.documents import ParsedDocument
from kb.domain.errors import DamagedFileError

MAX_COLUMN = 16_384
MAX_ROW = 1_048_576
NO_RESULT = "Some formulas are stored without their results; those cells are left out."

_PLACE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclass(slots=True, kw_only=True)
class _Book:
    """What the cells of all sheets refer to, and what is to be told of them."""

    strings: list[str]
    formats: list[str]
    since_1904: bool
    budget: CellBudget
    without_result: bool = False


def read(path: Path) -> ParsedDocument:
    """Each sheet as a page, rows with the names of their columns."""
    try:
        with opened(path) as archive:
            root = part(archive, WORKBOOKS[0])
            if root is None:
                raise DamagedFileError(f"The {NAME} has no sheets.")
            book = _book(archive, root)
            sheets = [_sheet(archive, book, *found) for found in sheet_parts(archive, root)]
    except (etree.XMLSyntaxError, BadZipFile) as error:
        raise DamagedFileError(f"The {NAME} is damaged.") from error
    warnings = book.budget.warnings() + ((NO_RESULT,) if book.without_result else ())
    return workbook(sheets, warnings)


def _book(archive: ZipFile, root: Any) -> _Book:
    properties = root.find("{*}workbookPr")
    return _Book(
        strings=_strings(archive),
        formats=_formats(part(archive, "xl/styles.xml")),
        since_1904=properties is not None and properties.get("date1904") in ("1", "true"),
        budget=CellBudget(),
    )


def _nodes(archive: ZipFile, name: str, *tags: str) -> Iterator[Any]:
    """The elements of a part as they end; each is gone once the next is asked for."""
    if name not in archive.NameToInfo:
        return
    with archive.open(name) as stream:
        for _, node in etree.iterparse(
            stream, tag=tags, resolve_entities=False, no_network=True, huge_tree=False
        ):
            yield node
            node.clear()
            while node.getprevious() is not None:
                del node.getparent()[0]


def _strings(archive: ZipFile) -> list[str]:
    return [_text(node) for node in _nodes(archive, "xl/sharedStrings.xml", "{*}si")]


def _text(node: Any) -> str:
    """The runs of a string, without what tells how to pronounce it."""
    runs = [run for run in node.iter("{*}t") if not run.getparent().tag.endswith("}rPh")]
    text = "".join(run.text or "" for run in runs)
    return one_line(_ESCAPED.sub(lambda code: chr(int(code[1], 16)), text))


def _formats(styles: Any) -> list[str]:
    """The number format of each cell style."""
    if styles is None:
        return []
    codes = dict(BUILT_IN)
    for node in styles.iter("{*}numFmt"):
        codes[_number(node.get("numFmtId"))] = node.get("formatCode", "")
    cell_styles = styles.find("{*}cellXfs")
    nodes = () if cell_styles is None else cell_styles.findall("{*}xf")
    return [codes.get(_number(node.get("numFmtId")), "General") for node in nodes]


def _sheet(archive: ZipFile, book: _Book, name: str, hidden: bool, source: str) -> Sheet:
    sheet = Sheet(name=name, hidden=hidden, asides=asides(archive, source))
    at = -1
    for node in _nodes(archive, source, "{*}row", "{*}mergeCell"):
        if node.tag.endswith("}mergeCell"):
            sheet.merged += _span(node.get("ref", ""))
            continue
        at = _number(node.get("r")) - 1 if node.get("r") else at + 1
        cells = _row(node, book)
        if cells and at < MAX_ROW:
            if not book.budget.take(len(cells)):
                break
            sheet.rows[at] = cells
    sheet.rows = dict(sorted(sheet.rows.items()))
    return sheet


def _row(node: Any, book: _Book) -> Row:
    cells: Row = {}
    at = -1
    for cell in node.iterchildren("{*}c"):
        place = _place(cell.get("r", ""))
        at = place[1] if place else at + 1
        if (text := _value(cell, book)) and at < MAX_COLUMN:
            cells[at] = text
    return dict(sorted(cells.items()))


def _value(cell: Any, book: _Book) -> str:
    """What a cell shows; errors and formulas without a result show nothing worth finding."""
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return _text(cell)
    value = cell.findtext("{*}v")
    if not value:
        book.without_result |= cell.find("{*}f") is not None and value is None
        return ""
    if kind == "s":
        at = _number(value)
        return book.strings[at] if at < len(book.strings) else ""
    if kind == "b":
        return "TRUE" if value == "1" else "FALSE"
    if kind == "n":
        return _shown(value, _number(cell.get("s")), book)
    return "" if kind == "e" else one_line(value)


def _shown(value: str, style: int, book: _Book) -> str:
    code = book.formats[style] if style < len(book.formats) else "General"
    try:
        return shown(float(value), code, since_1904=book.since_1904)
    except (ValueError, OverflowError):
        return one_line(value)


def _number(text: str | None) -> int:
    """A number in an attribute; 0 where there is none."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _place(reference: str) -> tuple[int, int] | None:
    """Row and column from 0 of a reference as `B7`."""
    found = _PLACE.fullmatch(reference)
    if found is None:
        return None
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]) - 1, column - 1


def _span(reference: str) -> list[Span]:
    ends = [_place(end) for end in reference.split(":")]
    if len(ends) != 2 or ends[0] is None or ends[1] is None:
        return []
    (top, left), (bottom, right) = ends[0], ends[1]
    return [Span(top=top, left=left, bottom=bottom, right=right)]
