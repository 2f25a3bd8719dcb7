"""What tells whether the first hits of a question hold its answer.

One number each: how near the question's tokens come to a passage's and to its best sentence's,
which of its words are missing there and how rare those are, whether there is anything of the kind
that it asks for, which documents it names, and how far both searches agree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log

import numpy as np
from rapidfuzz import fuzz, process

from kb.domain.documents import DocumentId, PassageId
from kb.domain.embeddings import Vectors
from kb.domain.names import name_words
from kb.domain.retrieval import Hit, WordCounts
from kb.domain.sentences import sentence_spans
from kb.domain.stems import stems
from kb.domain.words import words
from kb.retrieval.asked import (
    AskedWord,
    Kind,
    Sought,
    asked_words,
    is_negated,
    may_answer,
    parts,
    sought,
)

LOOKED_AT = 5
"""How many of the first hits may hold the answer."""

COMPARED = 8
"""How many of the first hits both searches are compared on."""

BEST_SENTENCES = 2
"""How many sentences of a hit are looked at: those with most of the question's words."""

SENTENCES, LONGEST_SENTENCE = 40, 500
"""The first sentences of a passage, and the characters of one, that are looked at."""

LEAST_WEIGHT = 0.05
"""Of a word that stands in every passage; one that stands in none has a little over 1."""

MOST_NAMES, MOST_SENTENCES, MOST_MISSING = 3, 3, 2

FEWEST_LETTERS, ALIKE = 5, 80
"""Of a word that may be misspelt, and how like (0..100) what is meant must be."""

OF_HIT = (
    "late",
    "sentence_late",
    "least_token",
    "least_sentence_token",
    "widest_gap",
    "widest_sentence_gap",
    "names_missing",
    "nothing_of_kind",
)
OF_QUESTION = (
    "words",
    "names",
    "sentences",
    "negated",
    "asks_number",
    "asks_date",
    "numbers_missing",
    "named",
    "other_year",
    "margin",
    "agreement",
    "bm25",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """`of_hits` (hits, len(OF_HIT)) and `of_question` (len(OF_QUESTION),), in that order."""

    of_hits: Vectors
    of_question: Vectors


@dataclass(frozen=True, kw_only=True)
class Case:
    """A question and what was found for it.

    `language` is the question's; `spans` are its tokens' in the text; `counts` of its words;
    `named` how surely (0..1) it names documents; `other_year` whether it names a year that none
    of the documents with its other names bears.
    """

    question: str
    language: str
    hits: Sequence[Hit]
    spans: Sequence[tuple[int, int]]
    counts: WordCounts
    named: Mapping[DocumentId, float]
    other_year: bool

    def best_sentences(self) -> list[tuple[PassageId, str]]:
        """Of each hit the sentences that hold most of what is asked."""
        return [
            (hit.passage.id, sentence)
            for number, hit in enumerate(self._looked_at)
            for sentence in self._best_of(number)
        ]

    def signals(
        self, near: Mapping[PassageId, Vectors], near_sentences: Mapping[PassageId, Vectors]
    ) -> Signals:
        """The signals of the first hits.

        Both give for a passage the greatest cosine of each of the question's tokens, (tokens,),
        with a token of it, and of the nearest of its best sentences.
        """
        nothing = np.zeros(len(self.spans), np.float32)
        rows = [
            self._of_hit(number, near.get(id, nothing), near_sentences.get(id, nothing))
            for number, id in enumerate(hit.passage.id for hit in self._looked_at)
        ]
        return Signals(
            of_hits=np.array(rows, np.float32).reshape(-1, len(OF_HIT)),
            of_question=np.array(self._of_question(), np.float32),
        )

    def _of_hit(self, number: int, near: Vectors, near_sentence: Vectors) -> list[float]:
        weights = np.array([self._weight(word) for word in self._focus])
        missing = np.array([not self._held(word, number) for word in self._focus])
        in_passage, in_sentence = self._by_word(near), self._by_word(near_sentence)
        return [
            float(near.mean()) if near.size else 0.0,
            float(near_sentence.mean()) if near_sentence.size else 0.0,
            float(in_passage.min(initial=1.0)),
            float(in_sentence.min(initial=1.0)),
            float(((1 - in_passage) * weights * missing).max(initial=0.0)),
            float(((1 - in_sentence) * weights).max(initial=0.0)),
            min(MOST_MISSING, sum(self._weight(word) for word in self._names_missing(number))),
            float(not self._has_kind(number)),
        ]

    def _of_question(self) -> list[float]:
        names = [word for word in self._focus if word.kind is not Kind.WORD]
        numbers = [word for word in names if word.kind is Kind.NUMBER]
        held = range(len(self._looked_at))
        gone = [word for word in numbers if not any(self._held(word, number) for number in held)]
        first = self.hits[0]
        scores = [hit.scores.fused for hit in self.hits[:COMPARED]]
        return [
            log(1 + len(self._focus)),
            min(MOST_NAMES, len(names)),
            min(MOST_SENTENCES, len({word.sentence for word in self._asked})),
            float(is_negated(self.question)),
            float(self._sought is Sought.NUMBER),
            float(self._sought is Sought.DATE),
            min(MOST_MISSING, len(gone)),
            self.named.get(first.document.id, 0.0),
            float(self.other_year),
            scores[0] - scores[-1],
            _agreement(self.hits[:COMPARED]),
            self._bm25(),
        ]

    @cached_property
    def _looked_at(self) -> Sequence[Hit]:
        return self.hits[:LOOKED_AT]

    @cached_property
    def _sought(self) -> Sought:
        return sought(self.question)

    @cached_property
    def _asked(self) -> list[AskedWord]:
        return asked_words(self.question, self.language)

    @cached_property
    def _bags(self) -> list[frozenset[str]]:
        """The stems in each hit, its title, name and headings."""
        return [_bag(hit) for hit in self._looked_at]

    @cached_property
    def _stems(self) -> dict[tuple[str, str], str]:
        """Each asked word's stem by language, that of what is meant where it is misspelt."""
        found = {}
        for language in {hit.document.language for hit in self._looked_at}:
            known = frozenset().union(
                *(bag for bag, hit in self._bagged if hit.document.language == language)
            )
            for word in self._asked:
                (stem,) = stems([word.text], language)
                found[word.text, language] = self._meant(word, stem, known)
        return found

    @property
    def _bagged(self) -> list[tuple[frozenset[str], Hit]]:
        return list(zip(self._bags, self._looked_at, strict=True))

    def _meant(self, word: AskedWord, stem: str, known: frozenset[str]) -> str:
        misspelt = (
            word.kind is not Kind.NUMBER
            and len(word.text) >= FEWEST_LETTERS
            and not self.counts.holding.get(word.text)
            and stem not in known
        )
        if not misspelt:
            return stem
        nearest = process.extractOne(stem, known, scorer=fuzz.ratio, score_cutoff=ALIKE)
        return nearest[0] if nearest else stem

    @cached_property
    def _focus(self) -> list[AskedWord]:
        """The words, each once, of the sentence of the question that most is found of.

        The others often say only how to answer.
        """
        by_sentence: dict[int, dict[str, AskedWord]] = {}
        for word in self._asked:
            (stem,) = stems([word.text], self.language)
            by_sentence.setdefault(word.sentence, {}).setdefault(stem, word)
        told = [list(each.values()) for each in by_sentence.values()]
        long = [each for each in told if len(each) > 1] or told
        return max(
            long,
            key=lambda each: log(1 + len(each)) * max(self._shares(each), default=0.0),
            default=[],
        )

    def _shares(self, asked: Sequence[AskedWord]) -> list[float]:
        """The share of the words, by weight, that each hit has."""
        total = sum(map(self._weight, asked))
        return [
            sum(self._weight(word) for word in asked if self._held(word, number)) / total
            for number in range(len(self._looked_at))
        ]

    def _weight(self, word: AskedWord) -> float:
        """Its inverse document frequency, 0 to a little over 1, and the least weight."""
        return self._idf(word) / log(2 + self.counts.passages) + LEAST_WEIGHT

    def _idf(self, word: AskedWord) -> float:
        # Counts may be a moment older than the number of passages.
        holding = min(self.counts.holding.get(word.text, 0), self.counts.passages)
        return log(1 + (self.counts.passages - holding + 0.5) / (holding + 0.5))

    def _held(self, word: AskedWord, number: int) -> bool:
        language = self._looked_at[number].document.language
        return self._stems[word.text, language] in self._bags[number]

    def _names_missing(self, number: int) -> list[AskedWord]:
        names = [word for word in self._focus if word.kind is not Kind.WORD]
        return [word for word in names if not self._held(word, number)]

    def _has_kind(self, number: int) -> bool:
        if self._sought is Sought.ANYTHING:
            return True
        own = frozenset(words(self.question))
        return any(may_answer(sentence, self._sought, own) for sentence in self._best_of(number))

    def _best_of(self, number: int) -> list[str]:
        hit = self._looked_at[number]
        text, language = hit.passage.text, hit.document.language
        spans = sentence_spans(text)[:SENTENCES]
        sentences = [text[begin:end][:LONGEST_SENTENCE] for begin, end in spans]
        bags = [frozenset(stems(words(sentence), language)) for sentence in sentences]
        wanted = {self._stems[word.text, language]: self._weight(word) for word in self._focus}
        held = [sum(weight for stem, weight in wanted.items() if stem in bag) for bag in bags]
        best = sorted(range(len(sentences)), key=lambda place: -held[place])[:BEST_SENTENCES]
        return [sentences[place] for place in best]

    def _by_word(self, near: Vectors) -> Vectors:
        """How near each word of the focus comes, (words,): the mean over its tokens."""
        found = []
        for word in self._focus:
            tokens = [
                place
                for place, (begin, end) in enumerate(self.spans)
                if word.begin <= begin < end <= word.end
            ]
            found.append(float(near[tokens].mean()) if tokens else 0.0)
        return np.array(found, np.float32)

    def _bm25(self) -> float:
        """The best BM25 by what the rarest passage with all the words would have."""
        best = max(hit.scores.words or 0.0 for hit in self._looked_at)
        return best / (sum(map(self._idf, self._asked)) or 1.0)


def _bag(hit: Hit) -> frozenset[str]:
    document, passage = hit.document, hit.passage
    name = document.name.replace("_", " ")
    text = " ".join([document.title, name, *passage.heading_path, passage.text])
    told = {part for word in words(text) for part in (word, *parts(word))}
    told |= name_words(f"{document.title} {document.name}")
    return frozenset(stems(told, document.language))


def _agreement(hits: Sequence[Hit]) -> float:
    """The share of the three best that both searches have in common."""
    by_meaning = sorted(hits, key=lambda hit: -(hit.scores.dense or 0.0))[:3]
    by_words = sorted(hits, key=lambda hit: -(hit.scores.words or 0.0))[:3]
    both = {hit.passage.id for hit in by_meaning} & {hit.passage.id for hit in by_words}
    return len(both) / 3
