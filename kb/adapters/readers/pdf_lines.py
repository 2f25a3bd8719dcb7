"""The lines of a PDF page, with their place and font, asked of PDFium line by line.

Asking for every character's box would be twenty times slower.
"""

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import hypot, isfinite

import pypdfium2 as pdfium
from pypdfium2 import raw

from kb.adapters.readers.text import one_line

BREAK = "\ufffe"
"""PDFium's sign for a hyphen at the end of a line whose word goes on in the next."""
MAX_CHARS_PER_PAGE = 1_000_000
BOLD_WEIGHT = 600

_SEGMENT_END = re.compile(r"\r\n|[\r\n\ufffe]")
_BOLD_NAME = re.compile(rb"bold|black|heavy|semib|demi", re.I)
_LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", BREAK: None}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line as it stands on the page, in points from the top left."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One page's lines in the order of the file."""

    number: int
    label: str = ""
    width: float = 0.0
    height: float = 0.0
    lines: tuple[Line, ...] = ()
    readable: bool = True


def read_sheet(page: pdfium.PdfPage, number: int, label: str) -> Sheet:
    """The lines of a page."""
    width, height = page.get_size()
    text_page = page.get_textpage()
    try:
        lines = tuple(_joined(_PageReader(page, text_page).lines()))
    finally:
        text_page.close()
    return Sheet(number=number, label=label, width=width, height=height, lines=lines)


class _PageReader:
    """Asks PDFium for the lines of one page."""

    def __init__(self, page: pdfium.PdfPage, text_page: pdfium.PdfTextPage) -> None:
        self._text_page = text_page
        self._turn = _Turn(page)
        self._count = min(raw.FPDFText_CountChars(text_page), MAX_CHARS_PER_PAGE)
        self._sides = [ctypes.c_double() for _ in range(4)]
        self._matrix = raw.FS_MATRIX()
        self._font = ctypes.create_string_buffer(128)
        self._flags = ctypes.c_int()
        self._x, self._y = ctypes.c_double(), ctypes.c_double()

    def lines(self) -> Iterator[Line]:
        text = self._text()
        for start, end, broken in _segments(text):
            line = self._line(text[start:end], start, end)
            if line:
                yield replace(line, broken=broken)

    def _text(self) -> str:
        """The page's text, one character for each of PDFium's where that can be had."""
        buffer = (ctypes.c_ushort * (2 * self._count + 2))()
        written = raw.FPDFText_GetText(self._text_page, 0, self._count, buffer)
        data = bytes(buffer)[: 2 * max(written - 1, 0)]
        text = data.decode("utf-16-le", "surrogatepass")
        if len(text) != self._count and len(data) == 2 * self._count:
            return "".join(map(chr, buffer[: self._count]))  # surrogates stay apart
        return text

    def _line(self, text: str, start: int, end: int) -> Line | None:
        shown = one_line(_whole(text).translate(_LIGATURES))
        if not shown:
            return None
        first, last = self._index(start), self._index(end - 1)
        box = self._box(first, last - first + 1)
        if box is None:
            return None
        size, bold, upright = self._font_at(first)
        size_last, bold_last, _ = self._font_at(last)
        left, top, right, bottom = self._turn.box(*box)
        return Line(
            text=shown,
            left=left,
            top=top,
            right=right,
            bottom=bottom,
            baseline=self._baseline(first, bottom),
            size=max(size, size_last) or bottom - top,
            bold=bold and bold_last,
            upright=upright,
        )

    def _index(self, position: int) -> int:
        """PDFium's number of a character of the text."""
        index: int = raw.FPDFText_GetCharIndexFromTextIndex(self._text_page, position)
        return index if index >= 0 else min(position, self._count - 1)

    def _box(self, first: int, count: int) -> tuple[float, float, float, float] | None:
        """What surrounds all rectangles of a stretch: left, top, right, bottom of the file."""
        found = []
        for number in range(raw.FPDFText_CountRects(self._text_page, first, count)):
            raw.FPDFText_GetRect(self._text_page, number, *self._sides)
            sides = [side.value for side in self._sides]
            if all(map(isfinite, sides)):
                found.append(sides)
        if not found:
            return None
        lefts, tops, rights, bottoms = zip(*found, strict=True)
        return min(lefts), max(tops), max(rights), min(bottoms)

    def _font_at(self, index: int) -> tuple[float, bool, bool]:
        """Size in points, whether bold, whether it reads from left to right."""
        page, m = self._text_page, self._matrix
        if not raw.FPDFText_GetMatrix(page, index, m):
            return 0.0, False, True
        size = raw.FPDFText_GetFontSize(page, index) * hypot(m.c, m.d)
        bold = raw.FPDFText_GetFontWeight(page, index) >= BOLD_WEIGHT
        if not bold:
            raw.FPDFText_GetFontInfo(page, index, self._font, 128, self._flags)
            bold = _BOLD_NAME.search(self._font.value) is not None
        return size, bold, self._turn.upright(m.a, m.b)

    def _baseline(self, index: int, otherwise: float) -> float:
        if not raw.FPDFText_GetCharOrigin(self._text_page, index, self._x, self._y):
            return otherwise
        return self._turn.point(self._x.value, self._y.value)[1]


class _Turn:
    """From the file's coordinates to the page as it is seen: cropped, turned, top left first."""

    def __init__(self, page: pdfium.PdfPage) -> None:
        self._left, self._bottom, self._right, self._top = page.get_bbox()
        self._rotation = page.get_rotation()
        self._width, self._height = page.get_size()

    def point(self, x: float, y: float) -> tuple[float, float]:
        if self._rotation == 90:
            return y - self._bottom, x - self._left
        if self._rotation == 180:
            return self._right - x, y - self._bottom
        if self._rotation == 270:
            return self._top - y, self._right - x
        return x - self._left, self._top - y

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


def _segments(text: str) -> Iterator[tuple[int, int, bool]]:
    """Start, end and whether a word is broken there, of what stands on one line each."""
    start = 0
    for found in _SEGMENT_END.finditer(text + "\n"):
        stretch = text[start : found.start()]
        if stretch.strip():
            before = len(stretch) - len(stretch.lstrip())
            yield start + before, start + len(stretch.rstrip()), found.group() == BREAK
        start = found.end()


def _whole(text: str) -> str:
    """Text whose surrogate pairs are characters again; lone ones are dropped."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def _joined(lines: Iterator[Line]) -> Iterator[Line]:
    """Lines, with pieces that PDFium parted (indices, table cells) put together again."""
    held: Line | None = None
    for line in lines:
        if held is None:
            held = line
        elif _on_one_line(held, line):
            held = _together(held, line)
        else:
            yield held
            held = line
    if held is not None:
        yield held


def _on_one_line(one: Line, other: Line) -> bool:
    if one.broken or not (one.upright and other.upright):
        return False
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    low = min(one.bottom - one.top, other.bottom - other.top)
    return shared > 0.5 * low and other.left >= one.right - 0.3 * one.size


def _together(one: Line, other: Line) -> Line:
    space = " " if other.left - one.right > 0.15 * max(one.size, other.size) else ""
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
    )
