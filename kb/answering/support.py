"""Whether passages bear out a sentence, and which of their own sentences do.

Each content word of the sentence must stand in up to three sentences of one passage, or be near
in meaning to a word there, and neighbouring words must be neighbours there; each of its numbers,
dates and units must stand there as well, and each of its names there, in the sentence before, or
in the title. What the passage denies must not be said, nor the other way round, nor the opposite
of a word of it, nor a name where it has another. Two facts of a passage exchanged are seen where
that parts their words.

Source: maximum similarity of token vectors as in Khattab and Zaharia, "ColBERT" (2020);
`python -m bench.grounding` measures the whole.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from kb.answering.name_forms import stands_in
from kb.answering.wording import (
    Word,
    has_opposite,
    has_replaced_name,
    is_denied_otherwise,
    kept_together,
    stemmed_words,
)
from kb.domain.conversations import How, Support
from kb.domain.embeddings import EmbeddedQuery, Vectors
from kb.domain.facts import Number, numbers
from kb.domain.sentences import statement_spans
from kb.domain.words import ENGLISH
from kb.ports import Embedder
from kb.retrieval.late_interaction import nearest_tokens

SUPPORTED, PARTIAL = 0.74, 0.25
"""Scores from which a sentence is borne out, or partly; `python -m bench.grounding` tells how
often that is right."""

UNLIKE, ALIKE = 0.3, 0.75
"""Cosines of token vectors: of words that have nothing in common, and of words for the same."""

OTHER_WORD = 0.9
"""What another word for the same counts, at most."""

TOGETHER = 3
"""So many sentences of a passage may bear out one sentence together."""

LEAST_GAIN = 0.9
"""How many words a further sentence must bring."""

SCATTERED = 0.5
"""What is lost where no neighbouring words of a sentence are neighbours in a passage."""

CONTRADICTED = 0.5
"""What is left of the score where a number, a name or a denial does not agree."""

MOST_CONTEXT = 200
"""Characters of what stands around a passage that another model reads."""

_BETWEEN_WORDS = r"(?:\s*\[\d[\d,\s]*\])*\s+"
"""White space, and reference marks such as [12] that quotes leave out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The verdict, its score (0..1), how it is borne out, and the characters it rests on.

    `passage` is the place of a passage among those given; start..end are characters of it.
    `facts_agree` where all numbers, dates, units and names of the sentence stand there.
    """

    support: Support
    score: float
    how: How
    passage: int
    start: int
    end: int
    facts_agree: bool = True


class Grounds:
    """Passages that sentences may rest on, each with the text around it: its title, its headings.

    `languages` (ISO 639-1) are those of the passages. Without an embedder other words for the
    same count for nothing.
    """

    def __init__(
        self,
        passages: Sequence[str],
        embedder: Embedder | None,
        *,
        contexts: Sequence[str] = (),
        languages: Sequence[str] = (),
    ) -> None:
        self._embedder = embedder
        around = contexts or [""] * len(passages)
        spoken = languages or [ENGLISH] * len(passages)
        self._passages = [_Passage(*told) for told in zip(passages, around, spoken, strict=True)]

    @property
    def texts(self) -> list[str]:
        """Those of the passages."""
        return [passage.text for passage in self._passages]

    def told(self, place: int) -> str:
        """A passage as another model reads it: what stands around it, and its text."""
        passage = self._passages[place]
        return "\n".join(filter(None, (passage.context[:MOST_CONTEXT], passage.text)))

    def check(self, statement: str, among: Collection[int] | None = None) -> Check:
        """By the passage that bears it out best, of those at these places, or of all.

        Raises ModelMissingError, ModelCrashedError.
        """
        return self.checks(statement, among)[0]

    def checks(self, statement: str, among: Collection[int] | None = None) -> list[Check]:
        """By each of the passages, the best first; by one alone where that has the very words.

        At least one. Raises ModelMissingError, ModelCrashedError.
        """
        places = range(len(self._passages)) if among is None else among
        for place in places:
            if literal := _find_literally(statement, self._passages[place].text):
                found = Check(
                    support=Support.SUPPORTED, score=1.0, how=How.QUOTED, passage=place,
                    start=literal[0], end=literal[1],
                )  # fmt: skip
                return [found]
        asked = self._embedder.embed_query_with_tokens(statement) if self._embedder else None
        checks = [
            self._passages[place].check(statement, asked, self._signs[place], place)
            for place in places
        ]
        return sorted(checks, key=lambda check: -check.score) or [_NOTHING]

    @cached_property
    def _signs(self) -> list[list[bytes]]:
        """Those of the token vectors of each passage's sentences; none without an embedder."""
        told = [sentence for passage in self._passages for sentence in passage.sentences]
        signs = iter(self._embedder.embed_with_tokens(told)[1] if self._embedder and told else [])
        return [list(islice(signs, len(passage.sentences))) for passage in self._passages]


_NOTHING = Check(
    support=Support.UNSUPPORTED, score=0.0, how=How.NOT_FOUND, passage=0, start=0, end=0
)


class _Passage:
    """A passage cut into sentences."""

    def __init__(self, text: str, context: str, language: str) -> None:
        self.text = text
        self.language = language
        self.spans = statement_spans(text)
        self.sentences = [text[begin:end] for begin, end in self.spans]
        self.context = context

    def check(
        self, statement: str, asked: EmbeddedQuery | None, signs: Sequence[bytes], place: int
    ) -> Check:
        """How far this passage bears the statement out, its sentences' tokens told by `signs`."""
        said, told = _distinct(statement, self.language), list(numbers(statement))
        near = nearest_tokens(asked.tokens, dict(enumerate(signs))) if asked else {}
        covers = self._covers(said, told, asked.spans if asked else (), near)
        telling = np.array([not word.is_name for word in said] + [False] * len(told))
        chosen, covered = _together(covers, telling)
        if not chosen:
            return replace(_NOTHING, passage=place)
        here, around = [self.sentences[number] for number in chosen], self._around(chosen)
        has_numbers = bool(covered[len(said) :].all())
        facts_agree = (
            has_numbers
            and all(
                stands_in(statement[word.begin : word.end], around, self.language)
                for word in said
                if word.is_name
            )
            and not has_replaced_name(statement, here, self.language)
        )
        agrees = (
            facts_agree
            and not is_denied_otherwise(statement, here, self.language)
            and not has_opposite(statement, here)
        )
        together = kept_together(statement, list(zip(chosen, here, strict=True)), self.language)
        score = float(covered.mean()) * (1 - SCATTERED * (1 - together))
        score *= 1.0 if agrees else CONTRADICTED
        support = _verdict(score)
        start, end = self._stretch(chosen)
        if support is Support.UNSUPPORTED:
            how = How.NOT_FOUND
        else:
            how = How.NUMBERS if told and has_numbers else How.PARAPHRASED
        return Check(
            support=support, score=score, how=how, passage=place, start=start, end=end,
            facts_agree=facts_agree,
        )  # fmt: skip

    def _covers(
        self,
        said: Sequence[Word],
        told: Sequence[Number],
        spans: Sequence[tuple[int, int]],
        near: Mapping[int, Vectors],
    ) -> NDArray[np.float64]:
        """How far (0..1) each sentence has each word and number said, (sentences, both)."""
        rows = np.zeros((len(self.sentences), len(said) + len(told)))
        for number, (bag, own) in enumerate(zip(self._bags, self._numbers, strict=True)):
            likeness, sentence = near.get(number), self.sentences[number]
            for at, word in enumerate(said):
                is_there = word.stem in bag or (
                    word.text[0].isupper() and stands_in(word.text, sentence, self.language)
                )
                rows[number, at] = 1.0 if is_there else _alike(word, spans, likeness)
            for at, value in enumerate(told, len(said)):
                rows[number, at] = any(value.agrees_with(other) for other in own)
        return rows

    def _around(self, chosen: Sequence[int]) -> str:
        """The chosen sentences, each with the one before it, which may name what it speaks of."""
        near = sorted({*chosen, *(max(0, number - 1) for number in chosen)})
        return " ".join((self.context, *(self.sentences[number] for number in near)))

    def _stretch(self, chosen: Sequence[int]) -> tuple[int, int]:
        """The characters of the chosen sentences where they lie together, else of the first."""
        first, last = min(chosen), max(chosen)
        if last - first + 1 == len(chosen):
            return self.spans[first][0], self.spans[last][1]
        return self.spans[chosen[0]]

    @cached_property
    def _bags(self) -> list[frozenset[str]]:
        return [
            frozenset(word.stem for word in stemmed_words(sentence, self.language))
            for sentence in self.sentences
        ]

    @cached_property
    def _numbers(self) -> list[list[Number]]:
        return [list(numbers(sentence)) for sentence in self.sentences]


def _distinct(statement: str, language: str) -> list[Word]:
    """The content words of a statement, each once, but for those that tell a number."""
    found: dict[str, Word] = {}
    for word in stemmed_words(statement, language):
        if not word.tells_number and (word.stem not in found or word.is_name):
            found[word.stem] = word
    return list(found.values())


def _alike(word: Word, spans: Sequence[tuple[int, int]], likeness: "Vectors | None") -> float:
    """How far (0..1) a sentence has another word for this one."""
    if likeness is None:
        return 0.0
    tokens = [at for at, (begin, end) in enumerate(spans) if word.begin <= begin < end <= word.end]
    if not tokens:
        return 0.0
    near = (float(likeness[tokens].mean()) - UNLIKE) / (ALIKE - UNLIKE)
    return OTHER_WORD * min(1.0, max(0.0, near))


def _together(
    covers: NDArray[np.float64], telling: NDArray[np.bool_]
) -> tuple[list[int], NDArray[np.float64]]:
    """The sentences that cover most together, the best first, and how far they do.

    A further sentence must bring words of those that are `telling`: a name or a number alone may
    stand in any of them.
    """
    covered = np.zeros(covers.shape[1])
    chosen: list[int] = []
    while len(chosen) < min(TOGETHER, len(covers)):
        gains = np.maximum(covers - covered, 0)
        gained = (gains[:, telling] if chosen else gains).sum(axis=1)
        best = int(gained.argmax())
        if gained[best] < (LEAST_GAIN if chosen else np.finfo(float).eps):
            break
        chosen.append(best)
        covered = np.maximum(covered, covers[best])
    return chosen, covered


def _verdict(score: float) -> Support:
    if score >= SUPPORTED:
        return Support.SUPPORTED
    return Support.PARTIAL if score >= PARTIAL else Support.UNSUPPORTED


def _find_literally(statement: str, passage: str) -> tuple[int, int] | None:
    said = statement.strip(" \"'“”‘’").rstrip(".").split()
    if not said:
        return None
    pattern = _BETWEEN_WORDS.join(map(re.escape, said))
    match = re.search(rf"(?<!\w){pattern}(?!\w)\.?", passage, re.IGNORECASE)
    return match.span() if match else None
