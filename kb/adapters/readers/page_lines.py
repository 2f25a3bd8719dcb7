"""The lines of a page with their places, wherever they come from. Pure.

Places are points (of a picture: pixels) from the top left.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

WIDE_GAP = 1.1
"""From this many font sizes on, white space within a line parts cells or columns, not words."""

_CURRENCY = frozenset("$€£¥₩₹")
_CLOSING = frozenset((")", "%", ")%"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A stretch of a line with wide gaps around it."""

    text: str
    left: float
    right: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line as it stands on the page; `cells` are its parts where wide gaps part it."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    baseline: float
    size: float
    bold: bool = False
    upright: bool = True
    broken: bool = False  # its last word goes on in the next line
    cells: tuple[Cell, ...] = ()

    @property
    def parts(self) -> tuple[Cell, ...]:
        """Its cells; a line without wide gaps is one."""
        return self.cells or (Cell(text=self.text, left=self.left, right=self.right),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One page's lines in reading order; `ocr_wanted` where its pictures hold more text."""

    number: int
    label: str = ""
    width: float = 0.0
    height: float = 0.0
    lines: tuple[Line, ...] = ()
    readable: bool = True
    ocr_wanted: bool = False


def joined(lines: Iterable[Line]) -> Iterator[Line]:
    """Lines, with pieces of one line that follow each other put together again."""
    held: Line | None = None
    for line in lines:
        if held is None:
            held = line
        elif on_one_line(held, line):
            held = together(held, line)
        else:
            yield held
            held = line
    if held is not None:
        yield held


def in_rows(pieces: Iterable[Line]) -> list[Line]:
    """Pieces from top to bottom, those of one row put together from left to right."""
    rows: list[list[Line]] = []
    for piece in sorted(pieces, key=lambda piece: (piece.top + piece.bottom, piece.left)):
        if rows and beside(rows[-1][0], piece):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    in_order = (piece for row in rows for piece in sorted(row, key=lambda piece: piece.left))
    return list(joined(in_order))


def on_one_line(one: Line, other: Line) -> bool:
    """Whether the second piece stands right of the first, on the same line."""
    if one.broken or not (one.upright and other.upright):
        return False
    return beside(one, other) and other.left >= one.right - 0.3 * one.size


def beside(one: Line, other: Line) -> bool:
    """Whether two lines share more than half of the lower one's height."""
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    return shared > 0.5 * min(one.bottom - one.top, other.bottom - other.top)


def together(one: Line, other: Line) -> Line:
    """Two pieces as one line."""
    gap, size = other.left - one.right, max(one.size, other.size)
    space = " " if gap > 0.15 * size else ""
    main = one if one.size >= other.size else other
    return replace(
        main,
        text=one.text + space + other.text,
        left=one.left,
        top=min(one.top, other.top),
        right=other.right,
        bottom=max(one.bottom, other.bottom),
        bold=one.bold and other.bold,
        broken=other.broken,
        cells=_cells_together(one, other, space, wide=gap > WIDE_GAP * size),
    )


def _cells_together(one: Line, other: Line, space: str, *, wide: bool) -> tuple[Cell, ...]:
    if wide:
        return tidy_cells([*one.parts, *other.parts])
    if not (one.cells or other.cells):
        return ()
    last, first = one.parts[-1], other.parts[0]
    middle = Cell(text=last.text + space + first.text, left=last.left, right=first.right)
    return tidy_cells([*one.parts[:-1], middle, *other.parts[1:]])


def tidy_cells(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Cells, with lone currency signs put before their figures and lone closing signs after."""
    made: list[Cell] = []
    for cell in cells:
        if made and (cell.text in _CLOSING or made[-1].text in _CURRENCY):
            before = made.pop()
            space = "" if cell.text in _CLOSING else " "
            text = before.text + space + cell.text
            made.append(Cell(text=text, left=before.left, right=cell.right))
        else:
            made.append(cell)
    return tuple(made) if len(made) > 1 else ()
