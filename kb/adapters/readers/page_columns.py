"""Reading order of pages set in columns. Pure.

Files mostly hold columns one after the other; some, and all that OCR gives, hold them row by
row. A gutter is looked for that has running text on both sides, so that tables stay rows;
what crosses it (a title, a wide figure's caption) parts the page into bands.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

from kb.adapters.readers.page_lines import Line, in_rows

MIN_LINES = 4
MIN_WORDS = 3
"""Mean words of a column's lines; cells of tables have fewer."""
FULL = 0.7
MOSTLY_FULL = 0.4
"""Share of a column's lines that are nearly as long as its longest; there may be columns in it."""
MAX_PIECES = 3000


def in_reading_order(lines: Sequence[Line], *, rows_across: bool = False) -> list[Line]:
    """Lines column by column. `rows_across`: they come row by row, else only where it shows."""
    if not rows_across and sum(map(_is_across, lines)) < MIN_LINES:
        return list(lines)
    turned = [line for line in lines if not line.upright]
    pieces = [piece for line in lines if line.upright for piece in _pieces(line)]
    if len(pieces) > MAX_PIECES:
        return list(lines)
    if not rows_across and _gutter(pieces) is None:
        return list(lines)
    return turned + list(_ordered(pieces))


def _is_across(line: Line) -> bool:
    """Whether a line looks like two lines of running text beside each other."""
    return sum(len(cell.text.split()) >= MIN_WORDS for cell in line.cells) >= 2


def _pieces(line: Line) -> Iterator[Line]:
    for cell in line.parts:
        last = cell is line.parts[-1]
        yield replace(
            line,
            text=cell.text,
            left=cell.left,
            right=cell.right,
            broken=line.broken and last,
            cells=(),
        )


def _ordered(pieces: list[Line]) -> Iterator[Line]:
    gutter = _gutter(pieces)
    if gutter is None:
        yield from in_rows(pieces)
        return
    wide = sorted(
        (piece for piece in pieces if piece.left < gutter < piece.right), key=lambda one: one.top
    )
    rest = [piece for piece in pieces if not piece.left < gutter < piece.right]
    for crossing in [*in_rows(wide), None]:
        band = [piece for piece in rest if crossing is None or piece.top < crossing.top]
        rest = [piece for piece in rest if crossing is not None and piece.top >= crossing.top]
        yield from _ordered([piece for piece in band if piece.right <= gutter])
        yield from _ordered([piece for piece in band if piece.left >= gutter])
        if crossing:
            yield crossing


def _gutter(pieces: list[Line]) -> float | None:
    """Where columns meet: what the fewest pieces cross and has running text on both sides."""
    if len(pieces) < 2 * MIN_LINES:
        return None
    left, right = min(one.left for one in pieces), max(one.right for one in pieces)
    quarter = (right - left) / 4
    step = max(median(one.size for one in pieces) / 3, 1.0)
    places = {round(one.right / step) + 1 for one in pieces}
    found: list[tuple[int, float]] = []
    for place in sorted(places):
        at = place * step
        if left + quarter <= at <= right - quarter:
            one = [piece for piece in pieces if piece.right <= at]
            other = [piece for piece in pieces if piece.left >= at]
            crossing = len(pieces) - len(one) - len(other)
            if crossing < min(len(one), len(other)) and _is_column(one) and _is_column(other):
                found.append((crossing, at))
    return min(found)[1] if found else None


def _is_column(pieces: list[Line]) -> bool:
    if len(pieces) < MIN_LINES:
        return False
    words = sum(len(piece.text.split()) for piece in pieces)
    widths = sorted(piece.right - piece.left for piece in pieces)
    long = widths[int(0.9 * len(widths))]
    full = sum(width > FULL * long for width in widths)
    return words >= MIN_WORDS * len(pieces) and full >= MOSTLY_FULL * len(pieces)
