"""How new documents are, as far as their names, their titles or the day they were added tell."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import PurePosixPath

from kb.domain.documents import Document
from kb.domain.names import name_words

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DATES = tuple(
    re.compile(rf"(?<![^\W_])(?:{told})(?![^\W_])", re.IGNORECASE)
    for told in (
        rf"{_YEAR}(?P<sep>[-_. ]?)(?P<month>0[1-9]|1[0-2])(?P=sep)(?P<day>0[1-9]|[12]\d|3[01])",
        rf"{_YEAR}[-_. ](?P<month>0[1-9]|1[0-2])",
        rf"(?P<month>(?:{'|'.join(_MONTHS)})[a-z]*)[-_. ,]*{_YEAR}",
        rf"(?:fy)?{_YEAR}",
    )
)
_VERSION = re.compile(
    r"(?<![^\W_])(?:v|ver|version|rev|revision)[-_. ]?(?P<number>\d{1,3}(?:\.\d{1,3})*)(?![^\W_])",
    re.IGNORECASE,
)
_OF_ANY_EDITION = frozenset(
    """
    final draft new old updated update copy revised version rev edition approved signed latest
    current previous archive
    """.split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A date or a version to sort by, the highest the newest, and how people write it."""

    order: tuple[int, ...]
    label: str


def named_date(document: Document) -> Edition | None:
    """The date in a document's name, else in its title: a day, a month or a year."""
    for text in _named(document):
        for pattern in _DATES:
            if match := pattern.search(text):
                return _dated(match.groupdict())
    return None


def named_version(document: Document) -> Edition | None:
    """The version in a document's name, else in its title, such as v2 or Rev. 1.3."""
    match = next(filter(None, map(_VERSION.search, _named(document))), None)
    if match is None:
        return None
    parts = tuple(map(int, match["number"].split(".")))
    return Edition(order=parts, label=f"version {match['number']}")


def added_on(document: Document) -> Edition:
    """The day the document was added."""
    day = document.created_at
    return Edition(order=(day.year, day.month, day.day), label=f"added {day:%-d %B %Y}")


def editions(documents: Sequence[Document]) -> list[Edition]:
    """Those of the documents by what tells most of all of them: dates, versions, days added."""
    for told in (named_date, named_version):
        known = [edition for edition in map(told, documents) if edition]
        if len(known) == len(documents):
            return known
    return [added_on(document) for document in documents]


def is_newer(one: Edition, other: Edition) -> bool:
    """Whether it is for certain: March 2024 is not known to be newer than 2024."""
    pairs = zip(one.order, other.order, strict=False)
    return next((a > b for a, b in pairs if a != b), False)


def subject_words(document: Document) -> frozenset[str]:
    """The words of its name but for dates, versions and the like: alike in two editions of one."""
    text, _ = _named(document)
    for pattern in (*_DATES, _VERSION):
        text = pattern.sub(" ", text)
    return name_words(text) - _OF_ANY_EDITION


def _named(document: Document) -> tuple[str, str]:
    path = PurePosixPath(document.name)
    return str(path.with_suffix("")) if path.name else document.name, document.title


def _dated(parts: dict[str, str]) -> Edition:
    month, day = parts.get("month", ""), parts.get("day", "")
    number = int(month) if month.isdigit() else len(
        list(takewhile(lambda name: name != month[:3].lower(), _MONTHS))
    ) + 1  # fmt: skip
    told = [parts["year"], *([f"{number:02}"] if month else []), *([day] if day else [])]
    return Edition(order=tuple(map(int, told)), label="-".join(told))
