"""A PDF's outline (bookmarks): which titles stand on which page, and at what level."""

import re
from itertools import islice

import pypdfium2 as pdfium

MAX_ENTRIES = 20_000
MAX_LEVEL = 6

_NUMBER = re.compile(r"^[\d.\s]+")
_NO_LETTER = re.compile(r"[\W_]+")

Outline = dict[tuple[int, str], int]
"""Page number and `likeness` of a title to its level from 1."""


def outline_of(pdf: pdfium.PdfDocument) -> Outline:
    """The outline's titles; of one told twice on a page the first."""
    found: Outline = {}
    for entry in islice(pdf.get_toc(max_depth=MAX_LEVEL), MAX_ENTRIES):
        target = entry.get_dest()
        index = target.get_index() if target else None
        title = likeness(entry.get_title())
        if index is not None and title:
            found.setdefault((index + 1, title), entry.level + 1)
    return found


def likeness(title: str) -> str:
    """A title without what outlines leave out: numbers before it, spaces, signs, capitals."""
    return _NO_LETTER.sub("", _NUMBER.sub("", title)).casefold()
