"""Which rows at the top of a block name its columns."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

Row = dict[int, str]
Numbered = tuple[int, Row]

MAX_DEPTH = 4
MAX_LOOKED_AT = 200
MAX_NAME = 60
MAX_STACKED = 120
MOSTLY = 0.6

_NUMBER = re.compile(r"[-+(]?[^\w\s]?\s?\d[\d.,'’\s]*\s?(?:[%€$£)]|e[-+]?\d+)?", re.I)
_PERIOD = re.compile(r"(19|20)\d\d|\d{4}-\d\d-\d\d|[QH][1-4][ /-]?(19|20)?\d\d", re.I)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?|\d+:\d\d:\d\d|TRUE|FALSE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Merged cells, all ends included, from 0."""

    top: int
    left: int
    bottom: int
    right: int


Merged = Mapping[int, Sequence[Span]]
"""Merged cells by their top row."""


def is_number(text: str) -> bool:
    """Whether a cell holds a figure, a date or a truth value rather than words."""
    return bool(_NUMBER.fullmatch(text) or _MOMENT.fullmatch(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The names of columns, how many rows they take, and whether any is cut short."""

    names: Row
    depth: int
    is_cut: bool

    def fits(self, rows: Sequence[Numbered]) -> bool:
        """Whether rows after a gap may still be in these columns."""
        return all(row.keys() <= self.names.keys() | {min(self.names) - 1} for _, row in rows)


def header_of(rows: Sequence[Numbered], merged: Merged, *, is_table: bool) -> Header | None:
    """The names in the first rows of a block; None where they are rows like the others."""
    lead = list(takewhile(_may_name, islice(rows, MAX_DEPTH)))
    if not lead:
        return None
    bottom = max(range(len(lead)), key=lambda at: (len(lead[at][1]), -at))
    named = lead[bottom][1]
    below = [row for _, row in rows[bottom + 1 :][:MAX_LOOKED_AT] if len(row) > 1]
    if len(named) < 2 or not below or _is_form(named, below):
        return None
    if not (_contrasts(named, below) or _names_all(named, below, least=2 if is_table else 3)):
        return None
    names = _stacked(lead[: bottom + 1], merged)
    return Header(
        names={column: name[:MAX_STACKED] for column, name in names.items()},
        depth=bottom + 1,
        is_cut=any(len(name) > MAX_STACKED for name in names.values()),
    )


def _may_name(numbered: Numbered) -> bool:
    """Words and periods throughout."""
    return all(_PERIOD.fullmatch(cell) or not is_number(cell) for cell in numbered[1].values())


def _is_form(named: Row, below: Sequence[Row]) -> bool:
    """Whether labels with a colon go on below, each beside its value."""
    for column in [column for column, name in named.items() if name.endswith(":")]:
        cells = [row[column] for row in below if column in row]
        if sum(cell.endswith(":") for cell in cells) * 2 > len(cells):
            return True
    return False


def _contrasts(named: Row, below: Sequence[Row]) -> bool:
    """Whether figures stand under a name. Of two columns it takes more to tell them from a form."""
    columns = {column for row in below for column in row}
    if len(named) * 2 < len(columns):
        return False
    for column, name in named.items():
        cells = [row[column] for row in below if column in row]
        may_be_period = not _PERIOD.fullmatch(name)
        figures = (c for c in cells if is_number(c) and (may_be_period or not _PERIOD.fullmatch(c)))
        share = sum(1 for _ in figures) / max(1, len(cells))
        if (share == 1 and len(cells) >= 3) or (share >= MOSTLY and len(columns) > 2):
            return True
    return False


def _names_all(named: Row, below: Sequence[Row], least: int) -> bool:
    """Whether a row of words names every column, once each, and is not met again below."""
    columns = {column for row in below for column in row}
    return (
        len(named) >= least
        and columns <= named.keys()
        and len(set(named.values())) == len(named)
        and all(len(name) <= MAX_NAME for name in named.values())
        and not any(row.get(column) == name for column, name in named.items() for row in below)
    )


def _stacked(lead: Sequence[Numbered], merged: Merged) -> Row:
    """Names over several rows put together, those of a group over all its columns."""
    columns = lead[-1][1]
    parts: dict[int, list[str]] = {}
    for number, row in lead:
        spread = _merged_over(row, number, merged, last=max(columns))
        if row is not columns and spread == row:
            spread = _grouped_over(spread, columns)
        for column, name in spread.items():
            told = parts.setdefault(column, [])
            if name not in told:
                told.append(name)
    return {column: " ".join(told).rstrip(":") for column, told in sorted(parts.items())}


def _merged_over(row: Row, number: int, merged: Merged, last: int) -> Row:
    spread = dict(row)
    for span in merged.get(number, ()):
        if span.left in row:
            columns = range(span.left, min(span.right, last) + 1)
            spread |= dict.fromkeys(columns, row[span.left])
    return spread


def _grouped_over(row: Row, columns: Row) -> Row:
    """A name that is alone above the columns, or above those to the next gap, names them all."""
    groups = _runs([column for column in columns if column > min(columns.keys() | row.keys())])
    if len(row.keys() - {min(columns.keys() | row.keys())}) == 1:
        groups = [[column for group in groups for column in group]]
    spread = dict(row)
    for group in groups:
        names = {row[column] for column in group if column in row}
        if len(names) == 1:
            spread |= dict.fromkeys(group, names.pop())
    return spread


def _runs(columns: Sequence[int]) -> list[list[int]]:
    """Columns that stand side by side, together."""
    runs: list[list[int]] = []
    for column in columns:
        if runs and runs[-1][-1] == column - 1:
            runs[-1].append(column)
        else:
            runs.append([column])
    return runs
