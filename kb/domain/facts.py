"""The numbers of a text, with their units and dates, in one form however they are written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from text_to_num import alpha2digit

from kb.domain.words import ENGLISH

MONTH = "month of a year"
"""The unit of a month in a date."""

_SPELLED_IN = frozenset({"en", "fr", "es", "pt", "de", "nl", "it"})
"""Languages whose number words are understood."""

_UNITS = {
    "percent": "% percent percentage",
    "dollar": "$ usd dollar dollars",
    "euro": "€ eur euro euros",
    "pound": "£ gbp",
    "cent": "cent cents",
    "kilometre": "km kilometre kilometres kilometer kilometers",
    "metre": "m metre metres meter meters",
    "centimetre": "cm centimetre centimetres centimeter centimeters",
    "millimetre": "mm millimetre millimetres millimeter millimeters",
    "mile": "mi mile miles",
    "foot": "ft foot feet",
    "inch": "inch inches",
    "kilogram": "kg kilogram kilograms kilo kilos",
    "gram": "g gram grams",
    "tonne": "t tonne tonnes ton tons",
    "litre": "l litre litres liter liters",
    "second": "s sec second seconds",
    "minute": "min minute minutes",
    "hour": "h hr hrs hour hours",
    "day": "day days",
    "week": "week weeks",
    "month": "month months",
    "year": "year years",
    "decade": "decade decades",
    "century": "century centuries",
    "celsius": "°c celsius",
    "fahrenheit": "°f fahrenheit",
}
_UNIT_OF = {word: unit for unit, told in _UNITS.items() for word in told.split(" ")}
_SCALES = {
    "thousand": 3, "k": 3, "million": 6, "mn": 6, "billion": 9, "bn": 9, "trillion": 12,
}  # fmt: skip
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun",
            "july jul", "august aug", "september sep sept", "october oct", "november nov",
            "december dec",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = re.compile(rf"\b({'|'.join(sorted(_MONTHS, key=len, reverse=True))})\b\.?", re.IGNORECASE)
_DATE = re.compile(
    rf"\b\d{{4}}-\d\d-\d\d\b"
    rf"|\b(?:\d{{1,2}}\s+)?(?:{'|'.join(name.title() for name in _MONTHS)})\b\.?"
    rf"(?:\s+\d{{1,2}}\b)?(?:,?\s+\d{{4}}\b)?"
)
_ISO_DATE = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b")
_NUMBER = re.compile(
    r"(?P<sign>[$€£])?\s?(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?P<part>\.\d+)?"
    r"(?:st|nd|rd|th)?(?:[\s-]?(?P<unit>%|°[CF]|[A-Za-z]+))?",
    re.IGNORECASE,
)
_SCALED = re.compile(
    rf"(\d{{1,3}}(?:,\d{{3}})+|\d+)(\.\d+)?[\s-]?({'|'.join(_SCALES)})\b", re.IGNORECASE
)
_PER_CENT = re.compile(r"per\s+cent\b", re.IGNORECASE)
_DECADE = re.compile(r"(?<=\d)s\b")


@dataclass(frozen=True, slots=True)
class Number:
    """A number's value; its unit by name, MONTH in a date, "" where none is told."""

    value: Decimal
    unit: str

    def agrees_with(self, other: "Number") -> bool:
        """Whether both are the same as far as is told."""
        return self.value == other.value and (
            self.unit == other.unit or not self.unit or not other.unit
        )


def numbers(text: str, language: str = ENGLISH) -> Iterator[Number]:
    """The numbers in digits and in words, months by their names."""
    text = _PER_CENT.sub("%", _ISO_DATE.sub(_in_parts, text))
    for match in _MONTH.finditer(text):
        # The verb and the march begin with a small letter.
        if match.group(1)[0].isupper():
            yield Number(Decimal(_MONTHS[match.group(1).lower()]), MONTH)
    told = _SCALED.sub(_whole, _DECADE.sub("", text))
    if language in _SPELLED_IN or not language:
        told = alpha2digit(told, language or ENGLISH)
    for match in _NUMBER.finditer(told):
        value = Decimal(match["whole"].replace(",", "") + (match["part"] or ""))
        sign = _UNIT_OF.get(match["sign"] or "", "")
        yield Number(value.normalize(), sign or _UNIT_OF.get((match["unit"] or "").lower(), ""))


@lru_cache(10_000)
def is_of_number(word: str) -> bool:
    """Whether a word tells a number, a month, or what is counted."""
    small = word.lower()
    is_spelled = alpha2digit(small, ENGLISH) != small
    is_month = small in _MONTHS and word[0].isupper()
    return is_spelled or is_month or small in (*_UNIT_OF, "per") or word[0].isdigit()


def without_dates(text: str) -> str:
    """A text without its dates of which a month is told."""
    return _DATE.sub("", text)


def _in_parts(date: re.Match[str]) -> str:
    year, month, day = date.groups()
    names = [name for name, number in _MONTHS.items() if number == int(month)]
    return f"{int(day)} {names[0].title()} {year}" if names else date.group()


def _whole(scaled: re.Match[str]) -> str:
    """3.5 million as 3500000."""
    whole, part, scale = scaled.groups()
    value = Decimal(whole.replace(",", "") + (part or "")).scaleb(_SCALES[scale.lower()])
    return f"{value.normalize():f}"
