"""Where pages of a PDF hold text as pictures, for OCR to read.

A page without text is one such place, if anything is drawn on it. On others it is each
large picture that has no text layer of its own, unless it looks like a photo: pictures of
text and tables have one plain colour as their ground, photos have not.
"""

import ctypes
import mmap
import re
from collections.abc import Iterator
from math import isfinite
from pathlib import Path

import pypdfium2 as pdfium
from PIL import Image
from pypdfium2 import raw

from kb.adapters.readers.page_lines import Sheet
from kb.adapters.readers.pdf_turn import Box, Turn

LARGE = 0.08
"""Share of the page from which a picture may hold a table; logos are smaller."""
MIN_SIDE = 24.0
"""Points; what is lower or narrower is a line or an ornament."""
OWN_TEXT = 200
"""Characters within a picture from which it has a text layer, or is but a background."""
PLAIN = 0.4
LEVELS = 24
"""A picture has a plain ground if so great a share of it lies within so many of 256 levels."""
LOOK_SIDE = 160
MAX_OBJECTS = 20_000
MAX_PICTURES = 500
MAX_DEPTH = 4

_PICTURE = re.compile(rb"/Subtype\s*/Image\b")
_Matrix = tuple[float, float, float, float, float, float]


def may_hold_pictures(path: Path) -> bool:
    """Whether a file has any picture object; asking each page's contents would be slow."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return _PICTURE.search(content) is not None


def unread_areas(page: pdfium.PdfPage, sheet: Sheet) -> list[Box]:
    """The places on a page whose text is not in its text layer, in points from the top left."""
    whole = (0.0, 0.0, sheet.width, sheet.height)
    if not sheet.lines:
        return [whole] if _plain_share(page, whole, sheet, levels=16) < 1.0 else []
    areas = [area for area in _large(_pictures(page), sheet) if not _has_text(area, sheet)]
    return [area for area in areas if _plain_share(page, area, sheet, levels=LEVELS) >= PLAIN]


def _large(pictures: list[Box], sheet: Sheet) -> list[Box]:
    smallest = LARGE * sheet.width * sheet.height
    return [
        (left, top, right, bottom)
        for left, top, right, bottom in _without_seams(pictures)
        if (right - left) * (bottom - top) >= smallest
        and min(right - left, bottom - top) >= MIN_SIDE
    ]


def _without_seams(pictures: list[Box]) -> list[Box]:
    """Pictures, with strips that touch each other (scanners make such) put together."""
    made: list[Box] = []
    for box in sorted(pictures, key=lambda box: (box[1], box[0])):
        for number, other in enumerate(made):
            if _touch(box, other):
                sides = zip(box, other, (min, min, max, max), strict=True)
                left, top, right, bottom = (pick(one, two) for one, two, pick in sides)
                made[number] = (left, top, right, bottom)
                break
        else:
            made.append(box)
    return made


def _touch(one: Box, other: Box) -> bool:
    return (
        one[0] <= other[2] + 1
        and other[0] <= one[2] + 1
        and one[1] <= other[3] + 1
        and other[1] <= one[3] + 1
    )


def _has_text(area: Box, sheet: Sheet) -> bool:
    left, top, right, bottom = area
    inside = (
        len(line.text)
        for line in sheet.lines
        if left <= (line.left + line.right) / 2 <= right
        and top <= (line.top + line.bottom) / 2 <= bottom
    )
    return sum(inside) >= OWN_TEXT


def _plain_share(page: pdfium.PdfPage, area: Box, sheet: Sheet, *, levels: int) -> float:
    """The largest share of an area that is about equally bright, seen at a small scale."""
    left, top, right, bottom = area
    scale = min(1.0, LOOK_SIDE / max(right - left, bottom - top, 1.0))
    counts: list[int] = drawn(page, sheet, area, scale).convert("L").histogram()
    most = max(sum(counts[first : first + levels]) for first in range(257 - levels))
    return most / max(sum(counts), 1)


def drawn(page: pdfium.PdfPage, sheet: Sheet, area: Box, scale: float) -> Image.Image:
    """An area of a page as a picture of `scale` pixels a point."""
    left, top, right, bottom = area
    crop = (left, sheet.height - bottom, sheet.width - right, top)
    bitmap = page.render(scale=scale, crop=crop, may_draw_forms=False)
    image: Image.Image = bitmap.to_pil()
    return image


def _pictures(page: pdfium.PdfPage) -> list[Box]:
    """Where pictures stand on a page."""
    turn = Turn(page)
    found = []
    for left, bottom, right, top in _placed(page.raw, form=False, matrices=()):
        box = turn.box(left, top, right, bottom)
        if box[2] > box[0] and box[3] > box[1]:
            found.append(box)
        if len(found) >= MAX_PICTURES:
            break
    return found


def _placed(parent: object, *, form: bool, matrices: tuple[_Matrix, ...]) -> Iterator[Box]:
    """Left, bottom, right, top of each picture in the file's coordinates."""
    count = raw.FPDFFormObj_CountObjects if form else raw.FPDFPage_CountObjects
    get = raw.FPDFFormObj_GetObject if form else raw.FPDFPage_GetObject
    for index in range(min(count(parent), MAX_OBJECTS)):
        item = get(parent, index)
        kind = raw.FPDFPageObj_GetType(item)
        if kind == raw.FPDF_PAGEOBJ_IMAGE:
            yield from _bounds(item, matrices)
        elif kind == raw.FPDF_PAGEOBJ_FORM and len(matrices) < MAX_DEPTH:
            yield from _placed(item, form=True, matrices=(_matrix(item), *matrices))


def _matrix(item: object) -> _Matrix:
    matrix = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(item, matrix)
    return matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f


def _bounds(item: object, matrices: tuple[_Matrix, ...]) -> Iterator[Box]:
    sides = [ctypes.c_float() for _ in range(4)]
    if not raw.FPDFPageObj_GetBounds(item, *sides):
        return
    left, bottom, right, top = (side.value for side in sides)
    corners = [(left, bottom), (left, top), (right, bottom), (right, top)]
    for a, b, c, d, e, f in matrices:
        corners = [(a * x + c * y + e, b * x + d * y + f) for x, y in corners]
    xs, ys = zip(*corners, strict=True)
    box = (min(xs), min(ys), max(xs), max(ys))
    if all(map(isfinite, box)):
        yield box
