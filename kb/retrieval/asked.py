"""What a question asks about, word by word, and what kind of answer it wants."""

import re
from dataclasses import dataclass
from enum import StrEnum

from kb.domain.names import YEAR
from kb.domain.sentences import sentence_spans
from kb.domain.words import stop_words, word_spans

NOUNS_HAVE_CAPITALS = frozenset({"de"})

ASKING = frozenset({"get", "give", "many", "much", "often"})
"""What English asks with; in a few documents such words may be missing and seem rare."""


class Kind(StrEnum):
    """What a word is: a name has a capital within a sentence, a number has a digit."""

    WORD = "word"
    NAME = "name"
    NUMBER = "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedWord:
    """A content word in lower case, its half-open span, and its sentence's number."""

    text: str
    kind: Kind
    begin: int
    end: int
    sentence: int


class Sought(StrEnum):
    """The kind of answer that a question asks for."""

    ANYTHING = "anything"
    DATE = "date"
    NUMBER = "number"


_DATE = re.compile(
    r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|century|decade)\b|\bsince which\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\bhow (?:many|much|long|old|tall|far|often|large|big|high|fast|deep|heavy)\b|\bpercent"
    r"|\b(?:what|which) (?:number|amount|percentage|share|price|salary|temperature|time|value"
    r"|score|accuracy|population|phone|patent)\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"n['’]t\b|\b(?:not|never|non|cannot|without)\b", re.IGNORECASE)
_MONTH = re.compile(
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\b",
    re.IGNORECASE,
)
_DAY_OR_EARLY_YEAR = re.compile(r"1[0-8]\d\d|\d{1,2}(?:st|nd|rd|th)")
_NUMERAL = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand"
    r"|million|billion|half|third|quarter|once|twice|both|several|many|few)\b",
    re.IGNORECASE,
)


def asked_words(question: str, language: str) -> list[AskedWord]:
    """The content words in order; a year that is joined to letters stands apart from them."""
    asked = []
    for number, (start, stop) in enumerate(sentence_spans(question)):
        sentence = question[start:stop]
        for place, (begin, end) in enumerate(word_spans(sentence)):
            word = sentence[begin:end]
            is_letter = len(word) == 1 and word.isascii() and word.isalpha()
            if is_letter or word.lower() in stop_words(language) | ASKING:
                continue
            may_name = place > 0 and language not in NOUNS_HAVE_CAPITALS
            asked += [
                AskedWord(
                    text=part,
                    kind=_kind(part, may_name and word[0].isupper()),
                    begin=start + begin,
                    end=start + end,
                    sentence=number,
                )
                for part in parts(word.lower())
            ]
    return asked


def parts(word: str) -> list[str]:
    """A word, or the years in it and what else it says: `fy2022` says 2022, `2023q1` also q1."""
    years = [] if word.isdigit() else YEAR.findall(word)
    if not years:
        return [word]
    others = [part for part in YEAR.split(word) if len(part) > 2 or any(map(str.isdigit, part))]
    return [*years, *others]


def sought(question: str) -> Sought:
    """The kind of answer that the question asks for, as English says it."""
    if _DATE.search(question):
        return Sought.DATE
    return Sought.NUMBER if _NUMBER.search(question) else Sought.ANYTHING


def is_negated(question: str) -> bool:
    """Whether the question denies something, as English says it."""
    return _NEGATED.search(question) is not None


def may_answer(sentence: str, kind: Sought, asked: frozenset[str]) -> bool:
    """Whether a sentence has such a thing that the question's own words have not told."""
    told = {sentence[begin:end].lower() for begin, end in word_spans(sentence)} - asked
    if kind is Sought.NUMBER:
        return any(any(map(str.isdigit, word)) or _NUMERAL.fullmatch(word) for word in told)
    if kind is Sought.DATE:
        return any(
            YEAR.fullmatch(word) or _DAY_OR_EARLY_YEAR.fullmatch(word) or _MONTH.fullmatch(word)
            for word in told
        )
    return True


def _kind(word: str, has_capital: bool) -> Kind:
    if any(map(str.isdigit, word)):
        return Kind.NUMBER
    return Kind.NAME if has_capital else Kind.WORD
