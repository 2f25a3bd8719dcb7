"""What a document is called by in its file's name, its title and on its first page."""

import re
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from kb.domain.documents import PAGE_SEPARATOR, Page
from kb.domain.names import is_year, name_words

FEWEST_PASSAGES = 8
"""A shorter document is found by its text; only in a longer one must the page be chosen."""

ALWAYS = 0.98
"""Share of a proper name's places where it is written with a capital."""

FIRST_PAGE = 4_000
"""Characters of the first page that are looked at."""

_CAPITALS = re.compile(r"\b([^\W\d_]\w*)\s+(?=([^\W\d_]\w*))")
_PERIOD = re.compile(
    r"\b(?:ended|ending|fiscal|year|quarter)\W+(?:\w+\W+){0,4}?((?:19|20)\d\d)\b", re.IGNORECASE
)


def names(
    name: str, title: str, pages: Collection[Page], *, paged: bool, passages: int
) -> frozenset[str]:
    """Proper names, marks such as `10k` and `q2`, and years that stand for the document.

    A year is looked for on the first page where name and title have none and the document has
    pages, as reports have.
    """
    if passages < FEWEST_PASSAGES:
        return frozenset()
    text = PAGE_SEPARATOR.join(page.text for page in pages)
    told = name_words(Path(name).stem) | name_words(title)
    marks = {word for word in told if _is_mark(word) or is_year(word)}
    if paged and not any(map(is_year, marks)):
        first = next((page.text for page in pages if page.text), "")
        marks.update(_PERIOD.findall(first[:FIRST_PAGE]))
    return frozenset(marks | _proper(told, text) | _compounds(told, text))


def _is_mark(word: str) -> bool:
    return not word.isdigit() and any(map(str.isdigit, word))


def _proper(told: Collection[str], text: str) -> set[str]:
    """Those that the text always writes with capitals, parts of addresses not counted."""
    words = [word for word in told if word.isalpha()]
    if not words:
        return set()
    one_of = "|".join(map(re.escape, words))
    place = rf"(?<![\w./@-])(?:{one_of})(?![\w/@]|\.\w)"
    every: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    for match in re.finditer(place, text, re.IGNORECASE):
        word = match.group()
        every[word.lower()] += 1
        capital[word.lower()] += word[0].isupper()
    return {word for word, count in every.items() if count > 1 and capital[word] >= ALWAYS * count}


def _compounds(told: Collection[str], text: str) -> set[str]:
    """Those that are two words of the text with capitals as one, as file names write them."""
    pairs = (match.groups() for match in _CAPITALS.finditer(text))
    joined = ((a + b).lower() for a, b in pairs if a[0].isupper() and b[0].isupper())
    return {word for word in joined if word in told}
