"""The words of a sentence that say something: what is denied of them, how they stand together."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from kb.answering.name_forms import initials, stands_in
from kb.domain.facts import is_of_number, without_dates
from kb.domain.stems import stems
from kb.domain.words import stop_words, word_spans

DENIED = 2
"""The words after a denial that it denies."""

DENIED_AT_MOST = 4
"""The words after a denial among which there may be those that it denies."""

APART = 100
"""Words that are taken to lie between two sentences that do not follow each other."""

DENIAL = re.compile(
    r"n['’]t\b|\b(?:not|never|no|none|neither|nor|cannot|without|nobody|nothing)\b", re.IGNORECASE
)
_PREFIX = re.compile(r"(?:un|non|in|im|ir|il|dis)(?=.{4})")
_ADJECTIVE = re.compile(r"(?:al|ent|ant|able|ible|ive|ate|ete|ect|ar|ous)(?:ly)?$")
_INSIDE = re.compile(r"\b(in|out-of)-(\w+)", re.IGNORECASE)
_EXTREMES = (
    ("minimum", "maximum"), ("increase", "decrease"), ("include", "exclude"), ("best", "worst"),
    ("lower", "upper"), ("lower", "higher"), ("largest", "smallest"), ("internal", "external"),
)  # fmt: skip
_OPPOSITES = {(a, b) for one, other in _EXTREMES for a, b in ((one, other), (other, one))}


@dataclass(frozen=True, slots=True)
class Word:
    """A word at characters begin..end by its stem."""

    text: str
    stem: str
    begin: int
    end: int
    is_name: bool

    @property
    def tells_number(self) -> bool:
        """Whether it tells a number, a month, or what is counted."""
        return is_of_number(self.text)

    @property
    def is_particular(self) -> bool:
        """Whether it is a number in digits, or begins with a capital as names do."""
        return self.text[0].isupper() or self.text[0].isdigit()


def stemmed_words(text: str, language: str) -> Iterator[Word]:
    """All but the stop-words, in their order."""
    for place, (begin, end) in enumerate(word_spans(text)):
        word = text[begin:end]
        if word.lower() in stop_words(language):
            continue
        (stem,) = stems([word.lower()], language)
        yield Word(word, stem, begin, end, is_name=place > 0 and word[0].isupper())


def is_denied_otherwise(statement: str, passages: Sequence[str], language: str) -> bool:
    """Whether one of both denies what the other says."""
    if denied := _denied(statement, language, DENIED):
        return denied.isdisjoint(_denied_in(passages, language, DENIED_AT_MOST))
    said = {word.stem for word in stemmed_words(statement, language)}
    return not said.isdisjoint(_denied_in(passages, language, DENIED))


def has_opposite(statement: str, passages: Sequence[str]) -> bool:
    """Whether the passages have the opposite of a word of a statement, and not that word."""
    said, told = _forms(statement), {form for passage in passages for form in _forms(passage)}
    return any(are_opposite(one, other) for one in said - told for other in told - said)


def has_replaced_name(statement: str, passages: Sequence[str], language: str) -> bool:
    """Whether a name or a number stands between words where the passages have another one.

    One beside which a statement has the same word on one side only counts where the passages' own
    name is not said at all: lists may be told in another order. Dates may be told in other forms,
    and are compared elsewhere.
    """
    said = list(stemmed_words(without_dates(statement), language))
    stems_said = {word.stem for word in said}
    after, before = _particulars_beside(passages, language)
    short = initials(" ".join(passages))
    for place, word in enumerate(said):
        if not (word.is_name or word.text[0].isdigit()) or word.text.lower() in short:
            continue
        follows = after.get(said[place - 1].stem, {}) if place else {}
        leads = before.get(said[place + 1].stem, {}) if place + 1 < len(said) else {}
        there = follows | leads
        if any(stands_in(word.text, other, language) for other in there.values()):
            continue
        if not (follows.keys().isdisjoint(leads) and there.keys() <= stems_said):
            return True
    return False


def _particulars_beside(
    passages: Sequence[str], language: str
) -> tuple[Mapping[str, dict[str, str]], Mapping[str, dict[str, str]]]:
    """The names and numbers after each stem and before it, by their own stems."""
    after: dict[str, dict[str, str]] = {}
    before: dict[str, dict[str, str]] = {}
    for passage in passages:
        for one, other in pairwise(stemmed_words(without_dates(passage), language)):
            if other.is_particular:
                after.setdefault(one.stem, {})[other.stem] = other.text
            if one.is_particular:
                before.setdefault(other.stem, {})[one.stem] = one.text
    return after, before


def are_opposite(one: str, other: str) -> bool:
    """Whether two words in small letters are opposites, such as formal and informal."""
    short, long = sorted((one, other), key=len)
    bare = _PREFIX.sub("", long, count=1)
    return (
        (one, other) in _OPPOSITES
        or long == f"out-of-{short.removeprefix('in-')}"
        or (bare != long and bare == short and _ADJECTIVE.search(bare) is not None)
    )


def kept_together(statement: str, passages: Sequence[tuple[int, str]], language: str) -> float:
    """The share (0..1) of a statement's neighbouring words that are neighbours there too.

    Words that the passages do not have are passed over. `passages` are sentences by their number;
    1 where there are no such neighbours.
    """
    places = _places(passages, language)
    met = [
        (place, word.stem)
        for place, word in enumerate(stemmed_words(statement, language))
        if word.stem in places
    ]
    near = {
        (one, other): min(abs(a - b) for a in places[one] for b in places[other])
        <= second - first + 1
        for (first, one), (second, other) in pairwise(met)
        if one != other
    }
    return sum(near.values()) / len(near) if near else 1.0


def _places(passages: Sequence[tuple[int, str]], language: str) -> Mapping[str, list[int]]:
    """Where each stem stands, counted in words."""
    places: dict[str, list[int]] = {}
    start, last = 0, -1
    for number, passage in sorted(passages):
        start += APART if number != last + 1 else 0
        words = list(stemmed_words(passage, language))
        for place, word in enumerate(words, start):
            places.setdefault(word.stem, []).append(place)
        start, last = start + len(words), number
    return places


def _denied_in(passages: Sequence[str], language: str, within: int) -> set[str]:
    return {stem for passage in passages for stem in _denied(passage, language, within)}


def _denied(text: str, language: str, within: int) -> set[str]:
    """The stems of so many words after each denial."""
    found: set[str] = set()
    for match in DENIAL.finditer(text):
        following = stemmed_words(text[match.end() :], language)
        found.update(word.stem for word in islice(following, within))
    return found


def _forms(text: str) -> set[str]:
    """The words in small letters; of in-network and its like what is inside, and what is not."""
    inside = {f"{match[1]}-{match[2]}".lower() for match in _INSIDE.finditer(text)}
    return {text[begin:end].lower() for begin, end in word_spans(text)} | inside
