"""Running heads, feet and page numbers: they stay in a page's text but are no elements."""

import re
from collections import defaultdict

from kb.adapters.readers.pdf_lines import Line, Sheet

MARGIN = 0.09
MIN_PAGES = 3
MIN_SHARE = 0.2

Places = frozenset[tuple[int, int]]
"""Page number and index of the line."""

_DIGITS = re.compile(r"\d+|\b[ivxlc]+\b")


def furniture(sheets: list[Sheet]) -> Places:
    """Where the lines are that recur at the same place of page margins.

    The first page that shows it keeps it as text.
    """
    seen: defaultdict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for sheet in sheets:
        for index, line in enumerate(sheet.lines):
            if _in_margin(line, sheet):
                seen[_likeness(line)].append((sheet.number, index))
    needed = max(MIN_PAGES, MIN_SHARE * len(sheets))
    found: set[tuple[int, int]] = set()
    for (text, _), places in seen.items():
        if len({page for page, _ in places}) >= needed:
            found.update(places if text == "#" else places[1:])
    return frozenset(found)


def _in_margin(line: Line, sheet: Sheet) -> bool:
    margin = MARGIN * sheet.height
    return line.upright and (line.bottom < margin or line.top > sheet.height - margin)


def _likeness(line: Line) -> tuple[str, int]:
    return _DIGITS.sub("#", line.text.lower()), round(line.baseline / 6)
