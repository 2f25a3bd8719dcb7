"""Words broken at a line's end: which lose their hyphen is learnt from the document itself."""

import re
from collections.abc import Iterator
from itertools import pairwise

from kb.adapters.readers.page_lines import Line, Sheet

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LAST_PART = re.compile(r"[^\W\d_]+$")
_FIRST_PART = re.compile(r"[^\W\d_]+")


class Hyphens:
    """Knows a document's words, and joins lines by them."""

    def __init__(self, sheets: list[Sheet]) -> None:
        breaks = list(_breaks(sheets))
        self._words = _vocabulary(sheets) if breaks else frozenset()
        known = [self._known(left, right) for left, right in breaks]
        self._joins_by_habit = known.count(True) > known.count(False)

    def join(self, lines: list[Line]) -> tuple[str, list[tuple[int, int]]]:
        """The lines' text, one a line, and the offsets of each."""
        text = ""
        spans: list[tuple[int, int]] = []
        before: Line | None = None
        for line in lines:
            text += self._between(before, line)
            spans.append((len(text), len(text) + len(line.text)))
            text += line.text
            before = line
        if before and before.broken:
            text += "-"
        return text, spans

    def _between(self, before: Line | None, line: Line) -> str:
        if before is None:
            return ""
        if not before.broken:
            return "\n"
        left, right = _LAST_PART.search(before.text), _FIRST_PART.match(line.text)
        if left is None or right is None:
            return "-"
        known = self._known(left.group(), right.group())
        return "" if (self._joins_by_habit if known is None else known) else "-"

    def _known(self, left: str, right: str) -> bool | None:
        """Whether the word is written as one elsewhere; None where the document does not say."""
        left, right = left.lower(), right.lower()
        if left + right in self._words:
            return True
        if f"{left}-{right}" in self._words or {left, right} <= self._words:
            return False
        return None


def _breaks(sheets: list[Sheet]) -> Iterator[tuple[str, str]]:
    for sheet in sheets:
        for one, other in pairwise(sheet.lines):
            if one.broken:
                left, right = _LAST_PART.search(one.text), _FIRST_PART.match(other.text)
                if left and right:
                    yield left.group(), right.group()


def _vocabulary(sheets: list[Sheet]) -> frozenset[str]:
    """Every word that no line's end cuts."""
    words: set[str] = set()
    for sheet in sheets:
        after_break = False
        for line in sheet.lines:
            found = _WORD.findall(line.text.lower())
            words.update(found[1 if after_break else 0 : -1 if line.broken else None])
            after_break = line.broken
    return frozenset(words)
