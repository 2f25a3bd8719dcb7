"""Tables as they were read: rows whose cells tell their columns, found again in the pages' text.

A stretch in which any line is no such row is no table, so that what is computed is exact.
Not covered: a sheet whose column names or cells hold the signs that part cells.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kb.domain.documents import PAGE_SEPARATOR, Document, Page, Passage
from kb.domain.media_types import CSV, ODS, TSV, XLS, XLSB, XLSX
from kb.domain.sentences import CELLS

if TYPE_CHECKING:
    import pandas as pd

SHEETS = frozenset({CSV, TSV, XLSX, XLSB, XLS, ODS})

_BLOCK = re.compile(r"\S(?:.|\n(?!\n))*")
_NAMED = ": "
_US = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_EU = re.compile(r"-?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?")
_UNSURE = re.compile(r"-?\d{1,3}[.,]\d{3}")
_ROUND = re.compile(r"[€$£%\s]")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?: \d\d:\d\d(?::\d\d)?)?")
_TOTAL = re.compile(r"(?:grand |sub)?total|sum|summe|gesamt(?:summe)?|zwischensumme", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row's cells by their columns, its text, and where that begins in the document's text."""

    cells: dict[str, str]
    text: str
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under the same columns on one page; those called a total are left out."""

    document: Document
    page: Page
    rows: tuple[Row, ...]
    totals: int = 0

    @property
    def columns(self) -> list[str]:
        """In the order in which they first stand."""
        return list(dict.fromkeys(name for row in self.rows for name in row.cells))

    @property
    def place(self) -> str:
        """Where it stands, as one says it."""
        sheet = f"sheet {self.page.label} of " if self.page.label else ""
        return f"{sheet}{self.document.name}"

    def values(self, column: str) -> list[str]:
        """The cells of a column, "" where a row has none."""
        return [row.cells.get(column, "") for row in self.rows]

    def frame(self) -> "pd.DataFrame":
        """Its cells, (rows, columns): numbers and dates where all of a column are such."""
        import pandas as pd

        made = {name: _typed(self.values(name)) for name in self.columns}
        return pd.DataFrame(made, columns=self.columns)


def tables_of(document: Document, pages: Sequence[Page]) -> Iterator[Table]:
    """The tables of a document's pages, each run of rows with the same columns one."""
    offset = 0
    for page in pages:
        held: list[Row] = []
        for block in _BLOCK.finditer(page.text):
            rows = _rows(block.group(), offset + block.start())
            if held and rows and not _columns(rows) <= _columns(held):
                yield _table(document, page, held)
                held = []
            held = [*held, *rows]
        if held:
            yield _table(document, page, held)
        offset += len(page.text) + len(PAGE_SEPARATOR)


def passage_of(row: Row, passages: Sequence[Passage]) -> Passage | None:
    """The passage in which a row begins."""
    return next((one for one in passages if one.start <= row.start < one.end), None)


def number_of(text: str, *, european: bool = False) -> float | None:
    """The number that a cell holds; None for anything else."""
    bare = _ROUND.sub("", text)
    if not (_EU if european else _US).fullmatch(bare):
        return None
    if european:
        bare = bare.replace(".", "").replace(",", ".")
    return float(bare.replace(",", ""))


def _rows(block: str, start: int) -> list[Row]:
    rows: list[Row] = []
    at = start
    for line in block.split("\n"):
        cells = [cell.split(_NAMED, 1) for cell in line.split(CELLS)]
        if len(cells) < 2 or any(len(cell) < 2 or not cell[0].strip() for cell in cells):
            return []
        named = {name.strip(): value.strip() for name, value in cells}
        if len(named) < len(cells):
            return []
        rows.append(Row(cells=named, text=line, start=at))
        at += len(line) + 1
    return rows


def _columns(rows: Sequence[Row]) -> set[str]:
    return {name for row in rows for name in row.cells}


def _table(document: Document, page: Page, rows: Sequence[Row]) -> Table:
    kept = [row for row in rows if not any(map(_TOTAL.fullmatch, row.cells.values()))]
    return Table(document=document, page=page, rows=tuple(kept), totals=len(rows) - len(kept))


def _typed(cells: Sequence[str]) -> "pd.Series":
    import pandas as pd

    told = [cell for cell in cells if cell]
    if told and all(map(_DATE.fullmatch, told)):
        return pd.to_datetime(pd.Series([cell[:10] or None for cell in cells]), format="%Y-%m-%d")
    for european in (False, True):
        numbers = [number_of(cell, european=european) for cell in told]
        if told and None not in numbers and not _is_unsure(told):
            known = (number_of(cell, european=european) if cell else None for cell in cells)
            return pd.Series(list(known), dtype="float64")
    return pd.Series([cell or None for cell in cells], dtype="object")


def _is_unsure(told: Sequence[str]) -> bool:
    """Whether 1,234 may be one and a bit here as well as more than a thousand."""
    bare = [_ROUND.sub("", cell) for cell in told]
    parted = [cell for cell in bare if "," in cell or "." in cell]
    return bool(parted) and all(map(_UNSURE.fullmatch, parted)) and "," in "".join(parted)
