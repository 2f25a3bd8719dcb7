"""Tables as text (.csv, .tsv), whichever character parts their cells."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Literal

from kb.adapters.readers.plain import decode
from kb.adapters.readers.sheet_headers import Row
from kb.adapters.readers.sheets import CellBudget, Sheet, add_rows
from kb.adapters.readers.text import TextBuilder, one_line
from kb.domain.documents import ParsedDocument

Quoting = Literal[0, 3]
"""csv.QUOTE_MINIMAL or csv.QUOTE_NONE."""

DELIMITERS = ",\t;|"
MAX_BYTES = 100 * 1024**2
MAX_FIELD_CHARS = 4 * 1024**2
MAX_FIELD_LINES = 1000
SAMPLE_CHARS = 64 * 1024
SAMPLE_ROWS = 200
CUT_SHORT = f"Only the first {MAX_BYTES // 1024**2} MB were read; the rest is left out."
OPEN_QUOTE = "A quotation mark is never closed, so quotation marks were taken as they stand."

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def read(path: Path) -> ParsedDocument:
    """Rows with the names of their columns, as one page."""
    text, warnings = _text(path)
    budget = CellBudget()
    try:
        sheet = _sheet(text, csv.QUOTE_MINIMAL, budget)
    except csv.Error:
        budget = CellBudget()
        sheet = _sheet(text, csv.QUOTE_NONE, budget)
        warnings += (OPEN_QUOTE,)
    builder = TextBuilder()
    add_rows(builder, sheet, is_table=True)
    document = builder.document()
    return replace(document, warnings=document.warnings + warnings + budget.warnings())


def _text(path: Path) -> tuple[str, tuple[str, ...]]:
    """The file's text up to the last whole line of what may be read."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES)
        is_cut = bool(file.read(1))
    if is_cut:
        data = data[: data.rfind(b"\n") + 1] or data
    text = decode(data).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return text, (CUT_SHORT,) if is_cut else ()


def _sheet(text: str, quoting: Quoting, budget: CellBudget) -> Sheet:
    """All filled cells. Raises csv.Error where a quotation mark is never closed."""
    sheet = Sheet(name="")
    number = width = 0
    was_blank = False
    for cells in _rows(text, _delimiter(text[:SAMPLE_CHARS], quoting), quoting):
        row = _filled(cells)
        if not row:
            was_blank = True
            continue
        # Empty lines part two tables; between rows of one width they only space them out.
        number += 2 if was_blank and len(cells) != width else 1
        was_blank, width = False, len(cells)
        if not budget.take(len(row)):
            break
        sheet.rows[number] = row
    return sheet


def _filled(cells: list[str]) -> Row:
    texts = ((column, one_line(cell)) for column, cell in enumerate(cells))
    return {column: text for column, text in texts if text}


def _rows(text: str, delimiter: str, quoting: Quoting) -> Iterator[list[str]]:
    csv.field_size_limit(MAX_FIELD_CHARS if quoting == csv.QUOTE_MINIMAL else len(text) + 1)
    lines = (match[0] for match in _LINE.finditer(text))
    reader = csv.reader(lines, delimiter=delimiter, quoting=quoting, skipinitialspace=True)
    before = 0
    for row in reader:
        if reader.line_num - before > MAX_FIELD_LINES:
            raise csv.Error("A field goes on over very many lines.")
        before = reader.line_num
        yield row


def _delimiter(sample: str, quoting: Quoting) -> str:
    """The character that parts the most rows into the same number of cells."""

    def fit(delimiter: str) -> tuple[float, int]:
        try:
            rows = list(islice(_rows(sample, delimiter, quoting), SAMPLE_ROWS))
        except csv.Error:
            return 0.0, 0
        widths = Counter(len(row) for row in rows if row)
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        return (count / widths.total(), width) if width > 1 else (0.0, 0)

    return max(DELIMITERS, key=fit)
