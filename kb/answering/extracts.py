"""The most central sentences of sections, as they stand: a summary without a language model."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt

from kb.answering.centrality import DAMPING, Words, centralities, overlap, rarities
from kb.answering.quotes import ITEM, on_one_line
from kb.answering.sections import Section
from kb.domain.documents import Passage, PassageId
from kb.domain.sentences import CELLS, statement_spans
from kb.domain.stems import stems
from kb.domain.words import content_words

PAGE_CHARACTERS = 2_500
"""A page, where a document has none of its own, or very full or empty ones."""

PER_ROOT_PAGE = 3.0
FEWEST, MOST = 3, 30
"""A document of n pages is told in 3√n sentences, within these bounds: 5 for a letter of three
pages, 13 for twenty, 30 from a hundred on."""

MOST_SECTIONS = 15
LEAST_SECTION = 2_000
"""A document is told in so many sections, none much shorter than so many characters."""

ALIKE = 0.7
"""Share of words in common from which two sentences say the same."""

FEWEST_WORDS, LONGEST = 5, 400

COMPARED = 400
"""How many sentences of a section are compared with each other."""

LEAD = 2.0
"""What the first sentence of a passage counts beforehand: texts say first what they are about."""

ABOUT_DAMPING = 0.3
"""Where a subject is wanted, what the other sentences say counts for less than its words."""

UNNAMED = 0.05
"""What a sentence counts without any word of the subject."""

_STOPPED = re.compile(r"[.!…。！।][\"'”’»)\]*_`」』）]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """A sentence of a passage on one line."""

    passage: Passage
    text: str
    is_first: bool = False


def section_characters(total: int, sentences: int) -> int:
    """How long the sections are in which so many characters are told by so many sentences."""
    return max(LEAST_SECTION, total // min(MOST_SECTIONS, sentences))


def sentences_for(characters: int) -> int:
    """How many sentences tell a document of so many characters."""
    return min(MOST, max(FEWEST, round(PER_ROOT_PAGE * sqrt(characters / PAGE_CHARACTERS))))


class Extractor:
    """Chooses sentences of sections that are read together, none that says what another has said.

    `nearness` tells how near (0..1) each passage comes to what is looked for: the subject, where
    there is one, whose words then favour a sentence; else the middle of its section.
    """

    def __init__(
        self, parts: Sequence[Section], nearness: Mapping[PassageId, float], subject: str = ""
    ) -> None:
        self._parts = parts
        self._nearness = nearness
        self._subject = subject
        self._said: list[Words] = []

    def of(self, section: Section, count: int) -> list[Extract]:
        """The most central sentences of a section in their order."""
        sentences = self._naming(self._likely(section), section)
        said = [_words(one.text, section) for one in sentences]
        prior = [self._prior(*both, section) for both in zip(sentences, said, strict=True)]
        damping = ABOUT_DAMPING if self._subject else DAMPING
        scores = centralities(said, prior, self._rarity, damping)
        chosen: list[int] = []
        for at in sorted(range(len(sentences)), key=lambda i: (-scores[i], i)):
            if len(chosen) == count:
                break
            if all(overlap(said[at], other) < ALIKE for other in self._said):
                chosen.append(at)
                self._said.append(said[at])
        return [sentences[at] for at in sorted(chosen)]

    def _likely(self, section: Section) -> list[Extract]:
        """All sentences, or of very many those with the words that the document says most."""
        sentences = _sentences(section)
        if len(sentences) <= COMPARED:
            return sentences
        weights = [
            sum(self._rarity.get(word, 0.0) * self._frequency[word] for word in said)
            / sqrt(len(said) or 1)
            for said in (_words(one.text, section) for one in sentences)
        ]
        best = sorted(range(len(sentences)), key=lambda at: (-weights[at], at))[:COMPARED]
        return [sentences[at] for at in sorted(best)]

    def _naming(self, sentences: list[Extract], section: Section) -> list[Extract]:
        """Those with a word of the subject, where there are such."""
        wanted = _words(self._subject, section) if self._subject else frozenset()
        return [one for one in sentences if wanted & _words(one.text, section)] or sentences

    def _prior(self, one: Extract, said: Words, section: Section) -> float:
        near = max(0.0, self._nearness.get(one.passage.id, 0.0))
        if not self._subject:
            return near * (LEAD if one.is_first else 1.0)
        wanted = _words(self._subject, section)
        total = sum(self._rarity.get(word, 0.0) for word in wanted) or 1.0
        named = sum(self._rarity.get(word, 0.0) for word in wanted & said) / total
        return near * (UNNAMED + named)

    @cached_property
    def _frequency(self) -> Counter[str]:
        return Counter(
            word
            for section in self._parts
            for one in _sentences(section)
            for word in _words(one.text, section)
        )

    @cached_property
    def _rarity(self) -> dict[str, float]:
        count = sum(len(_sentences(section)) for section in self._parts)
        return rarities(self._frequency, count)


def _words(text: str, section: Section) -> Words:
    language = section.document.language
    return frozenset(stems(content_words(text, language), language))


def allotted(parts: Sequence[Section], sentences: int) -> list[int]:
    """How many of the sentences each section gets: one each, and the rest by their lengths."""
    left = max(0, sentences - len(parts))
    total = sum(part.characters for part in parts) or 1
    shares = [left * part.characters / total for part in parts]
    counts = [1 + int(share) for share in shares]
    rest = sorted(range(len(parts)), key=lambda at: (int(shares[at]) - shares[at], at))
    for at in rest[: max(0, max(sentences, len(parts)) - sum(counts))]:
        counts[at] += 1
    return counts


def _sentences(section: Section) -> list[Extract]:
    """What can stand alone: whole sentences, or rows and lines where there are none of those."""
    found = [one for passage in section.passages for one in _of(passage)]
    return [one for one in found if _is_sentence(one.text)] or found


def _of(passage: Passage) -> list[Extract]:
    found: list[Extract] = []
    for start, end in statement_spans(passage.text):
        # A document's own [12] would be taken for a mark of ours.
        said = ITEM.sub("", on_one_line(passage.text[start:end]), count=1)
        if len(said) <= LONGEST and len(said.split()) >= FEWEST_WORDS and said[-1] not in ":?？؟":
            found.append(Extract(passage=passage, text=said, is_first=not found))
    return found


def _is_sentence(text: str) -> bool:
    return _STOPPED.search(text) is not None and CELLS not in text and not text[0].islower()
