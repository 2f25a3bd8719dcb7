"""The words of a text, and which of them carry what it says."""

from collections.abc import Collection, Iterator
from functools import cache

import regex
from stop_words import LANGUAGE_MAPPING, get_stop_words

ENGLISH = "en"

_WORD = regex.compile(r"\d+(?:[.,]\d+)+|[\p{L}\p{N}\p{M}_]+")
_UNSPACED = regex.compile(
    r"(?P<pairs>[\p{Han}\p{Hiragana}\p{Katakana}]+)"
    r"|(?P<triples>[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+)"
    r"|(?P<spaced>[^\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+)"
)

STOP_WORDS = frozenset(
    """
    a about above after again all also am an and any are aren as at be because been before being
    below between both but by can cannot could couldn d did didn do does doesn doing don down
    during each few for from further give had hadn has hasn have haven having he her here hers
    him his how i if in into is isn it its itself just ll m me more most my no nor not now of off
    on once only or other our ours out over own please re s same she should shouldn show so some
    such t tell than that the their theirs them then there these they this those through to too
    under until up ve very was wasn we were weren what when where which while who whom why will
    with won would wouldn you your yours
    """.split()
)


def words(text: str) -> list[str]:
    """The text's words in lower case, in order.

    Where words are written without spaces between them, their overlapping pairs (Chinese,
    Japanese) or threes (Thai and its neighbours) of letters stand for them.

    Source: McNamee and Mayfield, "Character N-Gram Tokenization for European Language Text
    Retrieval" (2004), and the bigrams of search engines for Chinese and Japanese.
    """
    return [text[begin:end].lower() for begin, end in word_spans(text)]


def word_spans(text: str) -> Iterator[tuple[int, int]]:
    """Half-open character spans of the words, in order."""
    for match in _WORD.finditer(text):
        yield from _spaced(text, *match.span())


def _spaced(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    if text[begin:end].isascii():
        yield begin, end
        return
    for run in _UNSPACED.finditer(text, begin, end):
        length = len(run.group())
        size = 2 if run["pairs"] else 3 if run["triples"] else length
        # Overlapping stretches of so many letters; the run itself where it has no more.
        for at in range(run.start(), run.start() + max(1, length - size + 1)):
            yield at, min(at + size, run.end())


@cache
def stop_words(language: str) -> frozenset[str]:
    """The words that say little in this language (ISO 639-1); none where it is not known."""
    if language in ("", ENGLISH):
        return STOP_WORDS
    if language not in LANGUAGE_MAPPING:
        return frozenset()
    listed = map(words, get_stop_words(language))
    return frozenset(one[0] for one in listed if len(one) == 1)


def content_words(text: str, language: str = ENGLISH) -> list[str]:
    """The words without the stop-words; all of them where nothing else is left."""
    every = words(text)
    stop = stop_words(language)
    return [word for word in every if word not in stop] or every


def spoken(question: str, languages: Collection[str]) -> str:
    """The one of the languages that most of the question's words are stop-words of."""
    said = words(question)
    return max(
        sorted(languages, key=lambda language: (language not in ("", ENGLISH), language)),
        key=lambda language: sum(word in stop_words(language) for word in said),
        default=ENGLISH,
    )


def counted(count: int, thing: str) -> str:
    """1 page, 2 pages."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
