"""Cells to text: a sheet's blocks, their header rows, and rows that tell their own columns."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from kb.adapters.readers.sheet_headers import Header, Row, Span, header_of, is_number
from kb.adapters.readers.text import EMPTY, TextBuilder, one_line
from kb.domain.documents import ElementKind, Page, ParsedDocument, TextSource

MAX_CELLS = 1_000_000
"""Of one file: more are an export for a database, which would take hours to embed."""
MAX_HEADING = 120
MOST_HEADINGS = 3
TOP_LEVEL = 2
LOWEST_LEVEL = 5
SEPARATOR = " | "

Aside = tuple[ElementKind, str]
"""What stands on a sheet outside its cells: a text box, a chart, a comment."""


@dataclass(slots=True, kw_only=True)
class Sheet:
    """What a sheet holds: its filled cells by row and column from 0, in order, and its asides."""

    name: str
    rows: dict[int, Row] = field(default_factory=dict)
    merged: list[Span] = field(default_factory=list)
    hidden: bool = False
    asides: list[Aside] = field(default_factory=list)


@dataclass(slots=True)
class CellBudget:
    """Counts the cells of a file, so that reading ends in time."""

    left: int = MAX_CELLS
    spent: bool = False

    def take(self, cells: int) -> bool:
        """Whether these may still be kept."""
        self.left -= cells
        self.spent = self.spent or self.left < 0
        return not self.spent

    def warnings(self) -> tuple[str, ...]:
        """What to tell people once the file is read."""
        left_out = f"Only the first {MAX_CELLS:,} cells were read; the rest is left out."
        return (left_out,) if self.spent else ()


def workbook(sheets: Iterable[Sheet], warnings: tuple[str, ...] = ()) -> ParsedDocument:
    """Each sheet as a page, named after it; empty ones too, since pages are cited by number."""
    pages: list[Page] = []
    elements = []
    for number, sheet in enumerate(sheets, 1):
        single = _page(sheet)
        text = single.pages[0].text
        source = TextSource.DIGITAL if text else TextSource.EMPTY
        pages.append(Page(number=number, text=text, label=sheet.name, text_source=source))
        elements += [replace(element, page=number) for element in single.elements]
    if not elements:
        warnings = (EMPTY, *warnings)
    return ParsedDocument(
        pages=tuple(pages), elements=tuple(elements), paged=True, warnings=warnings
    )


def _page(sheet: Sheet) -> ParsedDocument:
    builder = TextBuilder()
    if sheet.rows or sheet.asides:
        hidden = " (hidden sheet)" if sheet.hidden else ""
        builder.add(ElementKind.TITLE, one_line(sheet.name) + hidden, level=1)
    add_rows(builder, sheet)
    for kind, text in sheet.asides:
        builder.add(kind, text)
    return builder.document()


def add_rows(builder: TextBuilder, sheet: Sheet, *, is_table: bool = False) -> None:
    """Append a sheet's blocks; `is_table` where its first row most likely names the columns."""
    _fill_down(sheet)
    merged: dict[int, list[Span]] = {}
    for span in sheet.merged:
        merged.setdefault(span.top, []).append(span)
    header: Header | None = None
    level = TOP_LEVEL
    blocks = list(_joined(_blocks(sheet.rows)))
    for at, block in enumerate(blocks):
        lead, body = _split(block)
        own = header_of(body, merged, is_table=is_table)
        if own is None and header is not None and not header.fits(body):
            header = None
        is_text = not body and (len(lead) > MOST_HEADINGS or at == len(blocks) - 1)
        level = _add_lead(builder, lead, level, is_text=is_text)
        lines = []
        if own is not None:
            header = own
            named, body = body[: own.depth], body[own.depth :]
            if own.is_cut or not own.names.keys() <= _used(body):
                lines = [_line(row, None) for _, row in named]
        if body:
            lines += [_line(row, header) for _, row in body]
            builder.add(ElementKind.TABLE, "\n".join(lines))
            level = TOP_LEVEL + (own is None and header is not None)


def _used(rows: Sequence[tuple[int, Row]]) -> set[int]:
    """The columns whose names are told with some row."""
    return {column for _, row in rows if len(row) > 1 for column in row}


def _line(row: Row, header: Header | None) -> str:
    """`Team: Blues | Wins: 1`; a cell alone in its row is a heading of those below."""
    names = header.names if header and len(row) > 1 else {}
    told = []
    for column, value in row.items():
        name = names.get(column, "")
        told.append(f"{name}: {value}" if name and name != value else value)
    return SEPARATOR.join(told)


def _blocks(rows: dict[int, Row]) -> Iterator[list[tuple[int, Row]]]:
    """Rows that follow each other without an empty one between."""
    block: list[tuple[int, Row]] = []
    for number, row in rows.items():
        if block and number != block[-1][0] + 1:
            yield block
            block = []
        block.append((number, row))
    if block:
        yield block


def _joined(blocks: Iterable[list[tuple[int, Row]]]) -> Iterator[list[tuple[int, Row]]]:
    """A header parted from its figures by an empty row is put back to them."""
    waiting: list[tuple[int, Row]] = []
    for block in blocks:
        if waiting and not any(is_number(cell) for _, row in block for cell in row.values()):
            yield waiting
            waiting = []
        waiting += block
        if not _is_header_alone(waiting):
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _is_header_alone(block: Sequence[tuple[int, Row]]) -> bool:
    last = block[-1][1]
    texts = all(not is_number(cell) for _, row in block for cell in row.values())
    return texts and len(last) >= 3 and len(_split(block)[1]) <= 3


def _split(
    block: Sequence[tuple[int, Row]],
) -> tuple[list[tuple[int, Row]], list[tuple[int, Row]]]:
    """The rows of a single text that stand first, and the rest."""
    for at, (_, row) in enumerate(block):
        if len(row) > 1 or is_number(next(iter(row.values()))):
            return list(block[:at]), list(block[at:])
    return list(block), []


def _add_lead(
    builder: TextBuilder, lead: Sequence[tuple[int, Row]], level: int, *, is_text: bool
) -> int:
    """Titles, each under the one before, or running text; the level of the next title."""
    lines = [next(iter(row.values())) for _, row in lead]
    if is_text:
        builder.add(ElementKind.PARAGRAPH, "\n".join(lines))
        return level
    for line in lines:
        if len(line) <= MAX_HEADING and not line.endswith((".", ";", ",", "!", "?")):
            builder.add(ElementKind.TITLE, line, level=level)
            level = min(level + 1, LOWEST_LEVEL)
        else:
            builder.add(ElementKind.PARAGRAPH, line)
    return level


def _fill_down(sheet: Sheet) -> None:
    """Give the label of merged rows to each of them."""
    left = MAX_CELLS
    for span in sheet.merged:
        value = sheet.rows.get(span.top, {}).get(span.left)
        left -= span.bottom - span.top
        if not value or left < 0:
            continue
        for number in range(span.top + 1, span.bottom + 1):
            row = sheet.rows.get(number)
            if row and span.left not in row:
                sheet.rows[number] = dict(sorted({**row, span.left: value}.items()))
