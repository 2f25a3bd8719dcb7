"""Where the sentences of a text begin and end."""

import re

ABBREVIATIONS = frozenset(
    """
    mr mrs ms dr prof sr jr st vs etc eg ie e.g i.e cf al fig figs eq eqs no nos vol pp p ca approx
    dept est inc ltd co corp u.s u.k jan feb mar apr jun jul aug sep sept oct nov dec art sec ch
    bzw z.b d.h u.a usw nr abs
    """.split()
)

_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?:\s*\[\d+\])*(?=\s)|[。！？]+[”’」』）]*|\n\s*\n")
_LAST_WORD = re.compile(r"([\w.]+)\.+[\"'”’)\]]*(?:\s*\[\d+\])*$")
_NEXT = re.compile(r"\s*[\"'“‘(\[]*(\S)")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Half-open character spans of the sentences, without surrounding white space.

    A sentence ends at a full stop, question or exclamation mark, with the citation marks
    that follow it, or at an empty line; not after a common abbreviation, an initial, or
    before a small letter.
    """
    spans, start = [], 0
    for match in _END.finditer(text):
        if _is_end(text, start, match):
            spans.append((start, match.end()))
            start = match.end()
    spans.append((start, len(text)))
    return [span for span in (_stripped(text, *span) for span in spans) if span[0] < span[1]]


def _is_end(text: str, start: int, match: re.Match[str]) -> bool:
    if not match.group().lstrip().startswith("."):
        return True
    following = _NEXT.match(text, match.end())
    if following and following.group(1).islower():
        return False
    last = _LAST_WORD.search(text, max(start, match.start() - 20), match.end())
    if last is None:
        return True
    word = last.group(1).lower()
    is_initial = len(word) == 1 and word.isalpha()
    return not (is_initial or word in ABBREVIATIONS)


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    stretch = text[start:end]
    return start + len(stretch) - len(stretch.lstrip()), start + len(stretch.rstrip())
