"""Tables, where the cells of neighbouring lines stand under each other. Pure."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise

from kb.adapters.readers.page_lines import Cell, Line, in_rows
from kb.adapters.readers.text import table_row

MIN_ROWS = 2
MAX_GAP = 3.5
"""White space between rows, in font sizes."""
MAX_LONE = 3
"""Lines of one cell that may follow each other within a table: section names, long labels."""
MAX_HEAD = 8
ALIGNED = 0.6

_LABEL = re.compile(r"[\W_]|\(?(\d{1,3}|[A-Za-z]|[ivx]{1,5})[.)]|\d{1,3}")


def find_tables(lines: Sequence[Line], extras: Collection[int]) -> list[range]:
    """Which lines make up tables; those of `extras` belong to none."""
    found: list[range] = []
    index = 0
    while index < len(lines):
        end = _end(lines, index, extras) if _is_row(lines, index, extras) else index
        if end > index:
            floor = found[-1].stop if found else 0
            found.append(range(_start(lines, index, end, extras, floor), end))
        index = max(end, index + 1)
    return found


def table_rows(lines: Sequence[Line]) -> list[Line]:
    """The rows of a table as lines, their cells parted by bars, with empty ones where it shows."""
    rows = in_rows(lines)
    most = max(len(row.cells) for row in rows)
    widest = [row for row in rows if len(row.cells) == most]
    columns = _columns(widest) if len(widest) > 1 or widest == rows[:1] else []
    return [_row(row, columns) if row.cells else row for row in rows]


def _is_row(lines: Sequence[Line], index: int, extras: Collection[int]) -> bool:
    line = lines[index]
    if index in extras or not line.upright or not line.cells:
        return False
    return len(line.cells) > 2 or not _LABEL.fullmatch(line.cells[0].text)


def _end(lines: Sequence[Line], start: int, extras: Collection[int]) -> int:
    """Where the table that begins at a row ends; the start itself if it is none."""
    rows, end = [lines[start]], start + 1
    for index in range(start + 1, len(lines)):
        line, before = lines[index], lines[index - 1]
        if index in extras or not line.upright or not _follows(before, line):
            break
        if _is_row(lines, index, extras):
            rows.append(line)
            end = index + 1
        elif index - end >= MAX_LONE or not _may_be_within(line, rows):
            break
    return end if len(rows) >= MIN_ROWS and _are_aligned(rows) else start


def _follows(before: Line, line: Line) -> bool:
    size = max(before.size, line.size)
    return -0.6 * size <= line.top - before.bottom + 0.5 * size <= (MAX_GAP + 0.5) * size


def _may_be_within(line: Line, rows: list[Line]) -> bool:
    """Whether a line without cells is short enough for a table's section name or label."""
    left, right = min(row.left for row in rows), max(row.right for row in rows)
    return line.right - line.left <= 0.65 * (right - left)


def _start(lines: Sequence[Line], first: int, end: int, extras: Collection[int], floor: int) -> int:
    """Where the table's head begins: names of columns stand in lines of their own above it."""
    rows = [line for line in lines[first:end] if line.cells]
    second = min(row.cells[1].left for row in rows)
    start = first
    for index in range(first - 1, max(floor, first - MAX_HEAD) - 1, -1):
        line, after = lines[index], lines[start]
        near = abs(after.baseline - line.baseline) <= (MAX_GAP + 1) * line.size
        over = line.left >= second - 2 * line.size and line.right <= rows[0].right + line.size
        if index in extras or not line.upright or not near or not over:
            break
        start = index
    return start


def _are_aligned(rows: list[Line]) -> bool:
    """Whether most rows have an edge of a cell where another row has one."""
    edges = [_edges(row) for row in rows]
    near = 0.6 * rows[0].size
    aligned = sum(
        any(
            abs(edge - match) <= near
            for other, those in enumerate(edges)
            if other != number
            for edge in own
            for match in those
        )
        for number, own in enumerate(edges[:50])
    )
    return aligned >= ALIGNED * len(edges[:50])


def _edges(row: Line) -> list[float]:
    """Where cells begin and end; the end of a long last one says nothing: lines end there."""
    edges = [cell.left for cell in row.cells[1:]]
    edges += [cell.right for cell in row.cells[1:-1]]
    last = row.cells[-1]
    if last.right - last.left < 0.25 * (row.right - row.left):
        edges.append(last.right)
    return edges


def _columns(rows: list[Line]) -> list[tuple[float, float]]:
    """Left and right end of the columns, by the rows with the most cells; none if they differ."""
    columns = [(cell.left, cell.right) for cell in rows[0].cells]
    for row in rows[1:]:
        columns = [
            (min(left, cell.left), max(right, cell.right))
            for (left, right), cell in zip(columns, row.cells, strict=True)
        ]
    apart = all(one[1] <= other[0] for one, other in pairwise(columns))
    return columns if apart else []


def _row(row: Line, columns: list[tuple[float, float]]) -> Line:
    places = [_column(cell, columns) for cell in row.cells] if columns else []
    if not places or any(one >= other for one, other in pairwise(places)):
        return replace(row, text=table_row([cell.text for cell in row.cells]), broken=False)
    texts = [""] * (places[-1] + 1)
    for place, cell in zip(places, row.cells, strict=True):
        texts[place] = cell.text
    return replace(row, text=table_row(texts), broken=False)


def _column(cell: Cell, columns: list[tuple[float, float]]) -> int:
    """The column that a cell shares most with, or comes nearest to."""
    shared = [min(cell.right, right) - max(cell.left, left) for left, right in columns]
    return max(range(len(columns)), key=shared.__getitem__)
