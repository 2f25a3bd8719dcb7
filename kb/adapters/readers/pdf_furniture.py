"""Running heads, feet and page numbers: they stay in a page's text but are no elements."""

import re
from collections import defaultdict
from collections.abc import Iterator

from kb.adapters.readers.pdf_lines import Line, Sheet

MARGIN = 0.09
MIN_PAGES = 3
MIN_SHARE = 0.2

Places = frozenset[tuple[int, int]]
"""Page number and index of the line."""

_LONE_NUMBER = re.compile(r"\W*(?:page )?(\d{1,5})(?: of \d+)?\W*", re.I | re.ASCII)
_DIGITS = re.compile(r"\d+|\b[ivxlc]+\b")


def furniture(sheets: list[Sheet]) -> Places:
    """Where running heads and feet stand, and page numbers, also where a page ends early."""
    needed = max(MIN_PAGES, MIN_SHARE * len(sheets))
    return frozenset(_running(sheets, needed)) | frozenset(_page_numbers(sheets, needed))


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


def _in_margin(line: Line, sheet: Sheet) -> bool:
    margin = MARGIN * sheet.height
    return line.upright and (line.bottom < margin or line.top > sheet.height - margin)


def _likeness(line: Line) -> tuple[str, int]:
    return _DIGITS.sub("#", line.text.lower()), round(line.baseline / 6)
