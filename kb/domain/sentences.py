"""Where the sentences of a text begin and end."""

import re

ABBREVIATIONS = frozenset(
    """
    mr mrs ms dr prof sr jr st vs etc eg ie e.g i.e cf al approx dept est inc ltd co corp u.s u.k
    bzw z.b d.h u.a
    """.split()
)

BEFORE_NUMBERS = frozenset(
    """
    no nos vol p pp fig figs eq eqs sec art ch ca nr abs
    jan feb mar apr jun jul aug sep sept oct nov dec
    """.split()
)
"""Abbreviations only where a number follows; else words or names that end a sentence."""

CELLS = " | "
"""Parts the cells of a row, as the readers write it."""

_LINE = re.compile(r"[^\n]*\S[^\n]*")
_CLOSERS = r"[\"'”’»)\]*_`]*"
_MARKS = r"(?:[^\S\n]*\[\d+(?:\s*,\s*\d+)*\])*"
_BULLET = r"(?:[-*+•–▪‣◦·]|\(?\d{1,3}[.)])"

_END = re.compile(
    rf"(?<![.!?…؟।])[.!?…؟।]++{_CLOSERS}{_MARKS}(?=\s)"
    rf"|[。！？]++[”’」』）]*{_MARKS}"
    r"|\n\s*\n"
    rf"|\n(?=[^\S\n]*{_BULLET}\s)"
)
_LAST_WORD = re.compile(rf"([\w.]+)\.+{_CLOSERS}{_MARKS}$")
_LIST_NUMBER = re.compile(r"\s*\(?(?:\d{1,3}\.)*\d{1,3}[.)]")
_NEXT = re.compile(r"\s*[\"'“‘«(\[*_`]*(\S)")
_LOOKED_BACK = 20


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Half-open character spans of the sentences, without surrounding white space.

    A sentence ends at a full stop, question or exclamation mark, with the citation marks
    that follow it, at an empty line, or where a list item begins; not after a common
    abbreviation, an initial or a list item's number, and not before a small letter.
    """
    spans, start = [], 0
    for match in _END.finditer(text):
        if _is_end(text, start, match):
            spans.append((start, match.end()))
            start = match.end()
    spans.append((start, len(text)))
    return [span for span in (_stripped(text, *span) for span in spans) if span[0] < span[1]]


def statement_spans(text: str) -> list[tuple[int, int]]:
    """The spans of the sentences, and of each row of a table, since a row is no part of one."""
    found: list[tuple[int, int]] = []
    for start, end in sentence_spans(text):
        if CELLS in text[start:end]:
            found.extend(row.span() for row in _LINE.finditer(text, start, end))
        else:
            found.append((start, end))
    return found


def _is_end(text: str, start: int, match: re.Match[str]) -> bool:
    if match.group()[0] in "\n。！？":
        return True
    following = _NEXT.match(text, match.end())
    if following and following.group(1).islower():
        return False
    if not match.group().startswith("."):
        return True
    if _LIST_NUMBER.fullmatch(text, start, match.end()):
        return False
    last = _LAST_WORD.search(text, max(start, match.start() - _LOOKED_BACK), match.end())
    return last is None or not _is_abbreviation(last.group(1), following)


def _is_abbreviation(word: str, following: re.Match[str] | None) -> bool:
    if word.lower() in BEFORE_NUMBERS:
        return following is not None and following.group(1).isdigit()
    is_initial = len(word) == 1 and word.isupper()
    return is_initial or word.lower() in ABBREVIATIONS


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    stretch = text[start:end]
    return start + len(stretch) - len(stretch.lstrip()), start + len(stretch.rstrip())
