"""What an exact query or a regular expression matches in a text, within a limit of time.

Source: the `regex` module, whose searches can be timed out and let other threads run.
"""

import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import prod
from time import monotonic

import regex

from kb.domain.errors import InvalidInputError
from kb.domain.exact import Exact, PatternQuery
from kb.domain.words import STOP_WORDS

LONGEST_PATTERN = 500
MOST_GROUPS = 20
MOST_REPEATED = 100_000
"""How many copies of its parts a pattern may be compiled to."""

STRETCH = 200_000
"""Characters searched as one by a regular expression: what it remembers grows with them."""

TOKENS_ASKED = 4
"""How many words of a query choose the pages to look at; the longest are the rarest."""

_WORD = r"[\p{L}\p{N}\p{M}_]"
_NO_WORD = r"[^\p{L}\p{N}\p{M}_]"
# Written without spaces between words, or with endings that people leave out.
_UNSPACED = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
)
_PIECE = regex.compile(rf"(?P<word>{_WORD}+)|(?P<space>\s+)|(?P<sign>.)", regex.DOTALL)
_TOKEN = regex.compile(r"[\p{L}\p{N}\p{M}]+")
_INDEXED_ALIKE = regex.compile(r"[\p{Latin}\p{Greek}\p{Cyrillic}0-9]+")
_MARKS = regex.compile("[\u0300-\u036f]")
_ANY_MARKS = "[\u0300-\u036f]*+"
_ALIKE = ("'’‘′", "-‐‑‒–—−")
_MINIMUM = regex.compile(r"\{(\d+)")


@dataclass(slots=True)
class Deadline:
    """A moment after which nothing more is looked at."""

    at: float

    @property
    def left(self) -> float:
        """Seconds until then."""
        return self.at - monotonic()

    def check(self) -> float:
        """Seconds until then. Raises TimeoutError where it is over."""
        if self.left <= 0:
            raise TimeoutError
        return self.left


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """Finds spans in a page's text; `tokens` stand in the word index on each page that has any."""

    place: "regex.Pattern[str]"
    needed: "tuple[regex.Pattern[str], ...]" = ()
    excluded: "tuple[regex.Pattern[str], ...]" = ()
    tokens: tuple[str, ...] = ()
    stretch: int = STRETCH

    def spans(self, text: str, deadline: Deadline) -> Iterator[tuple[int, int]]:
        """Half-open spans in order, none of them empty. Raises TimeoutError, MemoryError."""
        if not all(self._holds(one, text, deadline) for one in self.needed):
            return
        if any(self._holds(one, text, deadline) for one in self.excluded):
            return
        for start, end in _stretches(text, self.stretch):
            for match in self.place.finditer(
                text, start, end, concurrent=True, timeout=deadline.check()
            ):
                if match.start() < match.end():
                    yield match.span()

    @staticmethod
    def _holds(one: "regex.Pattern[str]", text: str, deadline: Deadline) -> bool:
        return one.search(text, concurrent=True, timeout=deadline.check()) is not None


def matcher(query: Exact) -> Matcher:
    """What finds the query's places. Raises InvalidInputError for a pattern that cannot be used."""
    if isinstance(query, PatternQuery):
        return Matcher(place=_compiled(query.pattern))
    by_length = sorted(query.wanted, key=len, reverse=True)
    return Matcher(
        place=regex.compile("|".join(map(_term, by_length))),
        needed=_each(query.wanted) if len(query.wanted) > 1 else (),
        excluded=_each(query.excluded),
        tokens=_tokens(query.wanted),
        # What is made here remembers nothing of the text.
        stretch=sys.maxsize,
    )


def _each(terms: tuple[str, ...]) -> "tuple[regex.Pattern[str], ...]":
    return tuple(regex.compile(_term(term)) for term in terms)


def _term(term: str) -> str:
    """A pattern for these words in this order, with any space and signs between them.

    Signs that stand in the term must stand in the text. Case and the accents on Latin letters do
    not matter, and a word is a whole one, but in scripts without spaces.
    """
    folded = _MARKS.sub("", unicodedata.normalize("NFD", term).strip())
    folded = unicodedata.normalize("NFC", folded)
    pieces = list(_PIECE.finditer(folded))
    made = []
    for at, piece in enumerate(pieces):
        if piece["word"]:
            made.append("".join(map(_letter, piece["word"])))
        elif piece["sign"]:
            made.append(_sign(piece["sign"]))
        else:
            between_words = pieces[at - 1]["word"] and pieces[at + 1]["word"]
            made.append(rf"{_NO_WORD}++" if between_words else r"\s*+")
    begins = rf"(?<!{_WORD})" if _is_bound(folded[:1]) else ""
    ends = rf"(?!{_WORD})" if _is_bound(folded[-1:]) else ""
    return f"{begins}{''.join(made)}{ends}"


def _is_bound(letter: str) -> bool:
    return bool(regex.match(_WORD, letter)) and not _UNSPACED.match(letter)


def _letter(letter: str) -> str:
    alike = {letter, letter.lower(), letter.upper(), *_accented().get(letter.lower(), ())}
    one = "".join(regex.escape(each) for each in sorted(alike) if len(each) == 1)
    return f"[{one}]{_ANY_MARKS}"


def _sign(sign: str) -> str:
    alike = next((signs for signs in _ALIKE if sign in signs), sign)
    one = "[" + "".join(regex.escape(each) for each in alike) + "]"
    # A compound may be broken over two lines.
    return rf"{one}\n?" if sign in _ALIKE[1] else one


@cache
def _accented() -> dict[str, list[str]]:
    """The letters that are an ASCII letter with accents, by that letter, as the word index has it.

    Others, as in Greek and Cyrillic, are letters of their own there.
    """
    letters: dict[str, list[str]] = {}
    # SQLite leaves U+01E0 and U+01E1 as they are.
    for code in (*range(0xC0, 0x1E0), *range(0x1E2, 0x250), *range(0x1E00, 0x1F00)):
        base = _MARKS.sub("", unicodedata.normalize("NFD", chr(code))).lower()
        if len(base) == 1 and base.isascii():
            letters.setdefault(base, []).append(chr(code))
    return letters


def _tokens(terms: tuple[str, ...]) -> tuple[str, ...]:
    """Words of the terms that the word index is sure to hold as words of their own."""
    found = {
        token.lower()
        for term in terms
        for token in _TOKEN.findall(unicodedata.normalize("NFC", term))
        if _INDEXED_ALIKE.fullmatch(token)
    }
    telling = found - STOP_WORDS or found
    return tuple(sorted(telling, key=lambda token: (-len(token), token))[:TOKENS_ASKED])


def _compiled(pattern: str) -> "regex.Pattern[str]":
    if len(pattern) > LONGEST_PATTERN:
        raise _bad(f"it is longer than {LONGEST_PATTERN} characters")
    if _copies(pattern) > MOST_REPEATED:
        raise _bad("it repeats its parts too often")
    try:
        made = regex.compile(pattern, regex.IGNORECASE | regex.MULTILINE)
    except (regex.error, ValueError, OverflowError, RecursionError) as error:
        raise _bad(str(error)) from error
    if made.groups > MOST_GROUPS:
        raise _bad(f"it has more than {MOST_GROUPS} groups; write (?:…) for those not needed")
    return made


def _copies(pattern: str) -> int:
    """At most how many copies of a part are compiled, were all the repeats nested.

    Each repeat is compiled as its least number of copies and the rest.
    """
    written = "".join(pattern.split())
    least = (int(count[:7]) + 1 for count in _MINIMUM.findall(written))
    return prod(least) << written.count("+")


def _bad(why: str) -> InvalidInputError:
    return InvalidInputError(f"This regular expression cannot be used: {why}.")


def _stretches(text: str, size: int) -> Iterator[tuple[int, int]]:
    """Spans of at most `size` characters that end with a line where one ends in their last half."""
    start = 0
    while len(text) - start > size:
        line = text.rfind("\n", start + size // 2, start + size)
        end = line + 1 if line >= 0 else start + size
        yield start, end
        start = end
    yield start, len(text)
