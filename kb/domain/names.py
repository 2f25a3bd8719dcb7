"""The words that name documents: companies, products, years, periods."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from kb.domain.documents import DocumentId
from kb.domain.words import STOP_WORDS

YEAR = re.compile(r"(?:19|20)\d\d")

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Some words as the names of a knowledge base's documents that can be found.

    `bearers` are the documents that bear a word, `holding` how many passages have one that is no
    year in their text; `documents` and `passages` are all there are.
    """

    bearers: Mapping[str, frozenset[DocumentId]]
    holding: Mapping[str, int]
    documents: int
    passages: int


def name_words(text: str) -> frozenset[str]:
    """The words of a question, title or file name in lower case, years apart from the rest.

    So that `2023Q2`, `Q2 2023` and `FY2023` have the year in common.
    """
    told: set[str] = set()
    for word in _WORD.findall(text.lower()):
        parts = [word, *YEAR.findall(word), *YEAR.split(word)] if not word.isdigit() else [word]
        told.update(part for part in parts if part)
    return frozenset(told - STOP_WORDS)


def asked_names(question: str) -> frozenset[str]:
    """The words of a question that may name a document, and its pairs of words as one.

    So that "Best Buy" is found where a file's name is `BESTBUY_2023`.
    """
    said = _WORD.findall(question.lower())
    return name_words(question) | {first + second for first, second in pairwise(said)}


def is_year(word: str) -> bool:
    """Whether it is a year of these times."""
    return YEAR.fullmatch(word) is not None
