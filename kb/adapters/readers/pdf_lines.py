"""The lines of a PDF page, with their place and font, asked of PDFium line by line.

Asking for every character's box would be twenty times slower.
"""

import ctypes
import re
from collections.abc import Iterator
from itertools import pairwise
from math import hypot
from typing import TypeAlias
from unicodedata import category

import pypdfium2 as pdfium
from pypdfium2 import raw

from kb.adapters.readers.page_columns import in_reading_order
from kb.adapters.readers.page_lines import WIDE_GAP, Cell, Line, Sheet, joined, tidy_cells
from kb.adapters.readers.pdf_turn import Box, Turn, around
from kb.adapters.readers.text import one_line

BREAK = "\ufffe"
"""PDFium's sign for a hyphen at the end of a line whose word goes on in the next."""
MAX_CHARS_PER_PAGE = 1_000_000
BOLD_WEIGHT = 600
MAX_RECTS = 16
WIDE_GAP_LETTERS = 2.5
"""The same gap in widths of the line's average letter, for fonts that are drawn out."""
LOOSE = 0.62
"""Width of an average character, in font sizes, from which a line may hold wide gaps."""
SAMPLE = 100
GARBLED = 0.3
UNMAPPED = 0.7
FEW_SENSELESS = 0.03
"""Shares of characters from which a text layer is no text; see `is_garbled`."""
NO_LETTERS = frozenset(("Cc", "Co", "Cn"))

_Word: TypeAlias = tuple[int, int, Box, Box]
"""Start and end in the line's text, and the boxes of its first and last character."""

_SEGMENT_END = re.compile(r"\r\n|[\r\n\ufffe]")
_WORD = re.compile(r"\S+")
_BOLD_NAME = re.compile(rb"bold|black|heavy|semib|demi", re.I)
_LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", BREAK: None}
)


def read_sheet(page: pdfium.PdfPage, number: int, label: str) -> Sheet:
    """The lines of a page."""
    width, height = page.get_size()
    text_page = page.get_textpage()
    try:
        reader = _PageReader(page, text_page)
        garbled = reader.is_garbled()
        lines = () if garbled else tuple(in_reading_order(tuple(joined(reader.lines()))))
    finally:
        text_page.close()
    return Sheet(number=number, label=label, width=width, height=height, lines=lines)


class _PageReader:
    """Asks PDFium for the lines of one page."""

    def __init__(self, page: pdfium.PdfPage, text_page: pdfium.PdfTextPage) -> None:
        self._page = text_page.raw
        self._turn = Turn(page)
        self._count = min(raw.FPDFText_CountChars(self._page), MAX_CHARS_PER_PAGE)
        self._text = self._whole_text()
        self._sides = [ctypes.c_double() for _ in range(4)]
        self._refs = [ctypes.byref(side) for side in self._sides]
        self._char_refs = [self._refs[side] for side in (0, 2, 3, 1)]
        self._matrix = raw.FS_MATRIX()
        self._font = ctypes.create_string_buffer(128)
        self._flags = ctypes.c_int()
        self._x, self._y = ctypes.c_double(), ctypes.c_double()

    def is_garbled(self) -> bool:
        """Whether the text means nothing, as its fonts do not say which letters they draw.

        PDFium gives glyph numbers for letters then, some of which fall on control characters.
        Not told by its map errors alone: drawn fonts have them whose text is right.
        """
        every = range(0, len(self._text), max(1, len(self._text) // SAMPLE))
        sample = [index for index in every if not self._text[index].isspace()]
        senseless = sum(_is_senseless(self._text[index]) for index in sample)
        if senseless <= FEW_SENSELESS * len(sample):
            return False
        unmapped: int = sum(
            raw.FPDFText_HasUnicodeMapError(self._page, self._index(index)) == 1 for index in sample
        )
        return senseless > GARBLED * len(sample) or unmapped > UNMAPPED * len(sample)

    def lines(self) -> Iterator[Line]:
        for start, end, broken in _segments(self._text):
            line = self._line(self._text[start:end], start, end, broken)
            if line:
                yield line

    def _whole_text(self) -> str:
        """The page's text, one character for each of PDFium's where that can be had."""
        buffer = (ctypes.c_ushort * (2 * self._count + 2))()
        written = raw.FPDFText_GetText(self._page, 0, self._count, buffer)
        data = bytes(buffer)[: 2 * max(written - 1, 0)]
        text = data.decode("utf-16-le", "surrogatepass")
        if len(text) != self._count and len(data) == 2 * self._count:
            return "".join(map(chr, buffer[: self._count]))  # surrogates stay apart
        return text

    def _line(self, text: str, start: int, end: int, broken: bool) -> Line | None:
        shown = _shown(text)
        if not shown:
            return None
        first, last = self._index(start), self._index(end - 1)
        size, bold, upright = self._font_at(first)
        size_last, bold_last, _ = self._font_at(last)
        size = max(size, size_last)
        even = last - first == len(text) - 1
        rects = self._rects(first, last - first + 1, MAX_RECTS + 1 if even else last - first + 1)
        words = self._words(text, first) if even and self._may_be_parted(rects, text, size) else []
        many = len(rects) > MAX_RECTS and words
        box = around([box for word in words for box in word[2:]] if many else rects)
        if box is None:
            return None
        left, top, right, bottom = self._turn.box(*box)
        size = size or bottom - top
        return Line(
            text=shown,
            left=left,
            top=top,
            right=right,
            bottom=bottom,
            baseline=self._baseline(first, bottom),
            size=size,
            bold=bold and bold_last,
            upright=upright,
            broken=broken,
            cells=self._cells(text, words, size) if upright else (),
        )

    def _index(self, position: int) -> int:
        """PDFium's number of a character of the text."""
        index: int = raw.FPDFText_GetCharIndexFromTextIndex(self._page, position)
        return index if index >= 0 else min(position, self._count - 1)

    def _words(self, text: str, first: int) -> list[_Word]:
        """Where the words of a line begin and end, in its text and on the page."""
        words = []
        for found in _WORD.finditer(text):
            start, end = found.span()
            one = self._char_box(first + start)
            other = self._char_box(first + end - 1) if end - start > 1 else one
            words.append((start, end, one, other))
        return words

    def _char_box(self, index: int) -> Box:
        """Left, top, right, bottom in the file's coordinates."""
        left, top, right, bottom = self._sides
        raw.FPDFText_GetCharBox(self._page, index, *self._char_refs)
        return left.value, top.value, right.value, bottom.value

    def _rects(self, first: int, count: int, most: int) -> list[Box]:
        """PDFium's rectangles of a stretch, the first `most` of them."""
        rects = []
        left, top, right, bottom = self._sides
        for number in range(min(raw.FPDFText_CountRects(self._page, first, count), most)):
            raw.FPDFText_GetRect(self._page, number, *self._refs)
            rects.append((left.value, top.value, right.value, bottom.value))
        return rects

    def _may_be_parted(self, rects: list[Box], text: str, size: float) -> bool:
        """Whether the words must be measured one by one, which is slow: there are too many
        rectangles, wide gaps between them, or more room than the letters need."""
        if len(rects) > MAX_RECTS:
            return True
        spans = sorted(self._turn.span(box) for box in rects)
        wide = WIDE_GAP * size
        if any(other[0] - one[1] > wide for one, other in pairwise(spans)):
            return True
        return sum(right - left for left, right in spans) > LOOSE * size * len(text)

    def _cells(self, text: str, words: list[_Word], size: float) -> tuple[Cell, ...]:
        """The line's parts where wide gaps part it."""
        if not words:
            return ()
        spans = [self._turn.reach(one, other) for _, _, one, other in words]
        letter = sum(right - left for left, right in spans) / len(text)
        wide = max(WIDE_GAP * size, WIDE_GAP_LETTERS * letter)
        cuts = [
            number
            for number, (one, other) in enumerate(pairwise(spans), start=1)
            if other[0] - one[1] > wide
        ]
        if not cuts:
            return ()
        cells = []
        for first, last in pairwise([0, *cuts, len(words)]):
            part = _shown(text[words[first][0] : words[last - 1][1]])
            cells.append(Cell(text=part, left=spans[first][0], right=spans[last - 1][1]))
        return tidy_cells(cell for cell in cells if cell.text)

    def _font_at(self, index: int) -> tuple[float, bool, bool]:
        """Size in points, whether bold, whether it reads from left to right."""
        m = self._matrix
        if not raw.FPDFText_GetMatrix(self._page, index, m):
            return 0.0, False, True
        size = raw.FPDFText_GetFontSize(self._page, index) * hypot(m.c, m.d)
        bold = raw.FPDFText_GetFontWeight(self._page, index) >= BOLD_WEIGHT
        if not bold:
            raw.FPDFText_GetFontInfo(self._page, index, self._font, 128, self._flags)
            bold = _BOLD_NAME.search(self._font.value) is not None
        return size, bold, self._turn.upright(m.a, m.b)

    def _baseline(self, index: int, otherwise: float) -> float:
        if not raw.FPDFText_GetCharOrigin(self._page, index, self._x, self._y):
            return otherwise
        return self._turn.point(self._x.value, self._y.value)[1]


def _segments(text: str) -> Iterator[tuple[int, int, bool]]:
    """Start, end and whether a word is broken there, of what stands on one line each."""
    start = 0
    for found in _SEGMENT_END.finditer(text + "\n"):
        stretch = text[start : found.start()]
        if stretch.strip():
            before = len(stretch) - len(stretch.lstrip())
            yield start + before, start + len(stretch.rstrip()), found.group() == BREAK
        start = found.end()


def _is_senseless(sign: str) -> bool:
    return sign == "\ufffd" or (sign not in (BREAK, "\0") and category(sign) in NO_LETTERS)


def _shown(text: str) -> str:
    return one_line(_whole(text).translate(_LIGATURES))


def _whole(text: str) -> str:
    """Text whose surrogate pairs are characters again; lone ones are dropped."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
