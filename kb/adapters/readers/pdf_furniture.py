"""Running heads, feet and page numbers: they stay in a page's text but are no elements."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from kb.adapters.readers.page_lines import Line, Sheet

MARGIN = 0.09
MIN_PAGES = 3
MIN_SHARE = 0.2
MIN_EDGE_SHARE = 0.05
EDGE_LINES = 3
MOSTLY = 0.8

Places = frozenset[tuple[int, int]]
"""Page number and index of the line."""

_LONE_NUMBER = re.compile(r"\W*(?:page )?(\d{1,5})(?: of \d+)?\W*", re.I | re.ASCII)
_HAS_WORD = re.compile(r"[^\W\d_]{2}")
_DIGITS = re.compile(r"\d+|\b[ivxlc]+\b")


def furniture(sheets: list[Sheet]) -> Places:
    """Where running heads and feet stand, and page numbers, also where a page ends early."""
    needed = max(MIN_PAGES, MIN_SHARE * len(sheets))
    rare = max(MIN_PAGES, MIN_EDGE_SHARE * len(sheets))
    found = (_running(sheets, needed), _page_numbers(sheets, needed), _at_edges(sheets, rare))
    return frozenset(place for places in found for place in places)


def _running(sheets: list[Sheet], needed: float) -> Iterator[tuple[int, int]]:
    """What recurs at the same place of page margins; the first page keeps it as text."""
    seen: defaultdict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for sheet in sheets:
        for index, line in enumerate(sheet.lines):
            if _in_margin(line, sheet):
                seen[_likeness(line)].append((sheet.number, index))
    for (text, _), places in seen.items():
        if len({page for page, _ in places}) >= needed:
            yield from places if text == "#" else places[1:]


def _page_numbers(sheets: list[Sheet], needed: float) -> Iterator[tuple[int, int]]:
    """First or last lines that are numbers which count with the pages."""
    seen: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for sheet in sheets:
        for index in {0, len(sheet.lines) - 1} if sheet.lines else ():
            found = _LONE_NUMBER.fullmatch(sheet.lines[index].text)
            if found:
                seen[int(found.group(1)) - sheet.number].append((sheet.number, index))
    for places in seen.values():
        if len(places) >= needed:
            yield from places


def _at_edges(sheets: list[Sheet], needed: float) -> Iterator[tuple[int, int]]:
    """What recurs as first or last lines, wherever pages end, and nearly nowhere else: heads
    and feet of parts of the document. The first page of each keeps it as text."""
    everywhere: Counter[str] = Counter()
    seen: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for sheet in sheets:
        everywhere.update(_name(line) for line in sheet.lines)
        if len(sheet.lines) <= 2 * EDGE_LINES:
            continue  # so short a page is all edges
        in_order = sorted(range(len(sheet.lines)), key=lambda index: sheet.lines[index].baseline)
        for index in {*in_order[:EDGE_LINES], *in_order[-EDGE_LINES:]}:
            line = sheet.lines[index]
            if line.upright and (not line.cells or _ends_in_number(line)):
                seen[_name(line)].append((sheet.number, index))
    for text, places in seen.items():
        pages = {page for page, _ in places}
        if len(pages) >= needed and len(places) >= MOSTLY * everywhere[text]:
            yield from places if not _HAS_WORD.search(text) else places[1:]


def _in_margin(line: Line, sheet: Sheet) -> bool:
    margin = MARGIN * sheet.height
    return line.upright and (line.bottom < margin or line.top > sheet.height - margin)


def _likeness(line: Line) -> tuple[str, int]:
    return _pattern(line), round(line.baseline / 6)


def _name(line: Line) -> str:
    """A line's text as it is, since chapters are numbered; page numbers are left out."""
    numbered = line.cells and _ends_in_number(line)
    return _pattern(line) if numbered or not _HAS_WORD.search(line.text) else line.text.lower()


def _ends_in_number(line: Line) -> bool:
    """Whether a page number may stand apart at one end of the line."""
    return any(_LONE_NUMBER.fullmatch(line.parts[end].text) for end in (0, -1))


def _pattern(line: Line) -> str:
    """A line's text, its numbers left out."""
    return _DIGITS.sub("#", line.text.lower())
