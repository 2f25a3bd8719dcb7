"""Whether two sentences make the same statement, or one that differs in a single point.

Only sentences of the same words in the same order are compared, apart from stop-words and light
verbs: a word more may mean something else ("part-time"), and a false contradiction is worse than
one that is not seen.
Not covered: the same statement in other words.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from kb.answering.wording import DENIAL
from kb.domain.facts import Number, numbers
from kb.domain.stems import stems
from kb.domain.words import ENGLISH, stop_words, word_spans

FEWEST_WORDS = 3
"""Of a statement, besides its figures and names."""

_LIGHT = frozenset(
    """
    get gets receive receives given granted entitled offered currently now also must shall may
    """.split()
)
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*(?:st|nd|rd|th)?|[^\W\d_]+")
_AFTER = re.compile(r"\s?(?:%|[^\W\d_]+)")
_SIGN = re.compile(r"[$€£]\s?$")
_IS_THE = re.compile(r"\s+(?:is|are)\s+(?:the|our|your)\b", re.IGNORECASE)


class Kind(StrEnum):
    """What a part of a sentence is."""

    WORD = "word"
    FIGURE = "figure"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A word, a whole figure or a whole name at characters start..end, in the form compared."""

    kind: Kind
    form: tuple[object, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A sentence by its parts, and whether it denies something."""

    text: str
    parts: tuple[Part, ...]
    denies: bool

    @property
    def names(self) -> frozenset[tuple[object, ...]]:
        """The names in it."""
        return frozenset(part.form for part in self.parts if part.kind is Kind.NAME)

    @property
    def is_telling(self) -> bool:
        """Whether it has words enough to be compared."""
        return sum(part.kind is Kind.WORD for part in self.parts) >= FEWEST_WORDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What each of two statements says where they differ; a name, a figure, or all of a denial."""

    kind: Kind
    first: str
    second: str


def statement(text: str, language: str = ENGLISH) -> Statement:
    """A sentence as it is compared."""
    return Statement(
        text=text,
        parts=tuple(_merged(list(_parts(text, language)))),
        denies=DENIAL.search(text) is not None,
    )


def is_same(one: Statement, other: Statement) -> bool:
    """Whether both say the same in the same words."""
    forms = [[part.form for part in each.parts] for each in (one, other)]
    return forms[0] == forms[1] and one.denies == other.denies


def difference(one: Statement, other: Statement) -> Difference | None:
    """The single point in which statements of the same words differ; None for any others."""
    if len(one.parts) != len(other.parts):
        return None
    pairs = list(zip(one.parts, other.parts, strict=True))
    apart = [place for place, (a, b) in enumerate(pairs) if a.form != b.form]
    if one.denies != other.denies:
        return None if apart else Difference(
            kind=Kind.WORD, first=f"“{one.text}”", second=f"“{other.text}”"
        )  # fmt: skip
    if len(apart) != 1 or _units(one) != _units(other):
        return None
    a, b = pairs[apart[0]]
    if a.kind is b.kind is Kind.FIGURE:
        told = (_figure(one.text, a), _figure(other.text, b))
        return Difference(kind=Kind.FIGURE, first=told[0], second=told[1])
    if a.kind is b.kind is Kind.NAME and _tells_who(one, apart[0]) and _tells_who(other, apart[0]):
        first, second = one.text[a.start : a.end], other.text[b.start : b.end]
        return Difference(kind=Kind.NAME, first=first, second=second)
    return None


def _units(said: Statement) -> list[str]:
    return sorted(number.unit for number in numbers(said.text))


def _tells_who(said: Statement, place: int) -> bool:
    """Whether a name is what is told; else it may be of whom something else is told."""
    if place == 0:
        return _IS_THE.match(said.text, said.parts[0].end) is not None
    return place == len(said.parts) - 1


def _figure(text: str, part: Part) -> str:
    """With its sign, or with the word that follows: $25, 25 days."""
    if sign := _SIGN.search(text[: part.start]):
        return text[sign.start() : part.end]
    after = _AFTER.match(text, part.end)
    unit = after.group() if after else ""
    if unit.strip() != "%" and unit.strip().lower() in stop_words(ENGLISH):
        unit = ""
    return text[part.start : part.end] + unit


def _parts(text: str, language: str) -> Iterator[Part]:
    stop = stop_words(language)
    for start, end in word_spans(text):
        word = text[start:end]
        small = word.lower()
        if figure := _value(word):
            yield Part(kind=Kind.FIGURE, form=figure, start=start, end=end)
        elif small not in stop and small not in _LIGHT and not DENIAL.fullmatch(small):
            kind = Kind.NAME if word[0].isupper() else Kind.WORD
            yield Part(kind=kind, form=tuple(stems([small], language)), start=start, end=end)


@lru_cache(10_000)
def _value(word: str) -> tuple[Number, ...]:
    return tuple(numbers(word)) if _FIGURE.fullmatch(word) else ()


def _merged(parts: Sequence[Part]) -> Iterator[Part]:
    """Figures that follow each other as one, names as well; the first word may be no name."""
    runs: list[list[Part]] = []
    for part in parts:
        if runs and part.kind is not Kind.WORD and runs[-1][-1].kind is part.kind:
            runs[-1].append(part)
        else:
            runs.append([part])
    for place, run in enumerate(runs):
        form = tuple(each for part in run for each in part.form)
        whole = replace(run[0], form=form, end=run[-1].end)
        is_first_word = place == 0 and len(run) == 1 and run[0].kind is Kind.NAME
        yield replace(whole, kind=Kind.WORD) if is_first_word else whole
