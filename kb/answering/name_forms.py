"""Whether a name stands in a text, in whatever form."""

import re
from functools import lru_cache

from kb.domain.stems import stems
from kb.domain.words import ENGLISH, stop_words, words

SHORTEST_STEM, LONGEST_ENDING = 4, 3
"""Letters that two forms of a name have in common, and by which they differ: America, American."""

_CAPITALISED = re.compile(r"(?:[A-Z][\w-]+ ?(?:(?:of|the|and|for) )?){2,}")


def stands_in(name: str, text: str, language: str) -> bool:
    """Whether the name, another form of it or what it stands for is in the text."""
    told, told_stems = _told(text, language)
    small = name.lower()
    (stem,) = stems([small], language)
    begins = small[: max(SHORTEST_STEM, len(small) - LONGEST_ENDING)]
    return (
        stem in told_stems
        or small in initials(text)
        or (len(small) >= SHORTEST_STEM and any(word.startswith(begins) for word in told))
    )


@lru_cache(256)
def initials(text: str) -> frozenset[str]:
    """Of the names of several words in a text, in lower case: un for United Nations."""
    runs = (
        [word for word in match.group().split() if word.lower() not in stop_words(ENGLISH)]
        for match in _CAPITALISED.finditer(text)
    )
    return frozenset("".join(word[0] for word in run if word[0].isupper()).lower() for run in runs)


@lru_cache(256)
def _told(text: str, language: str) -> tuple[frozenset[str], frozenset[str]]:
    """The words of a text and their stems."""
    told = frozenset(words(text))
    return told, frozenset(stems(told, language))
