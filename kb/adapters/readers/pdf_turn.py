"""From the coordinates of a PDF to places on its pages as they are seen."""

from math import isfinite
from typing import TypeAlias

import pypdfium2 as pdfium

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom."""


class Turn:
    """From the file's coordinates to the page as it is seen: cropped, turned, top left first."""

    def __init__(self, page: pdfium.PdfPage) -> None:
        self._left, self._bottom, self._right, self._top = page.get_bbox()
        self._rotation = page.get_rotation()
        self._width, self._height = page.get_size()

    def span(self, box: Box) -> tuple[float, float]:
        """Where a box begins and ends from left to right on the page."""
        one, other = self.point(box[0], box[1])[0], self.point(box[2], box[3])[0]
        return (one, other) if one <= other else (other, one)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """A place of the file on the page."""
        if self._rotation == 90:
            return y - self._bottom, x - self._left
        if self._rotation == 180:
            return self._right - x, y - self._bottom
        if self._rotation == 270:
            return self._top - y, self._right - x
        return x - self._left, self._top - y

    def reach(self, one: Box, other: Box) -> tuple[float, float]:
        """Where a word begins and ends, by the boxes of its first and last character."""
        if self._rotation == 0:
            return one[0] - self._left, other[2] - self._left
        return self.span(around([one, other]) or one)

    def box(
        self, left: float, top: float, right: float, bottom: float
    ) -> tuple[float, float, float, float]:
        """Left, top, right, bottom on the page, kept inside it."""
        x1, y1 = self.point(left, top)
        x2, y2 = self.point(right, bottom)
        within_x = [round(min(max(x, 0.0), self._width), 2) for x in sorted((x1, x2))]
        within_y = [round(min(max(y, 0.0), self._height), 2) for y in sorted((y1, y2))]
        return within_x[0], within_y[0], within_x[1], within_y[1]

    def upright(self, a: float, b: float) -> bool:
        """Whether text that runs along (a, b) in the file is seen as running to the right."""
        across, up = {0: (a, b), 90: (b, -a), 180: (-a, -b), 270: (-b, a)}[self._rotation]
        return across > 0 and abs(up) <= 0.1 * across


def around(boxes: list[Box]) -> Box | None:
    """What surrounds all boxes that have a place."""
    placed = [box for box in boxes if isfinite(sum(box))]
    if not placed:
        return None
    lefts, tops, rights, bottoms = zip(*placed, strict=True)
    return min(lefts), max(tops), max(rights), min(bottoms)
