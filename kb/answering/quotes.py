"""Writes an answer out of the documents' own sentences, without a language model."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from kb.answering.citations import without_marks
from kb.domain.retrieval import Hit
from kb.domain.sentences import sentence_spans
from kb.domain.words import content_words
from kb.ports import Embedder, Vectors

PASSAGES = 6
SENTENCES = 5
FEWEST_WORDS = 4
LONGEST = 600
ALIKE = 0.9
"""Cosine from which two sentences say the same."""

NEAR_BEST = 0.6
"""Share of the best sentence's score that another one needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sentence:
    hit: Hit
    start: int
    text: str


def quote(question: str, hits: Sequence[Hit], embedder: Embedder) -> Iterator[str]:
    """The best sentences for the question, grouped by document, each with its mark [n]."""
    sentences = [s for hit in hits[:PASSAGES] for s in _sentences(hit)]
    if not sentences:
        return
    vectors = embedder.embed_passages([sentence.text for sentence in sentences])  # (n, d)
    scores = _scores(question, sentences, vectors @ embedder.embed_query(question))
    chosen = [sentences[i] for i in _choose(scores, vectors)]
    for name, group in _by_document(chosen).items():
        yield f"{name}:\n\n"
        for sentence in group:
            yield f"{sentence.text} [{sentence.hit.rank}]\n\n"


def _sentences(hit: Hit) -> list[_Sentence]:
    text = hit.passage.text
    spans = sentence_spans(text)
    found = [
        _Sentence(hit=hit, start=start, text=_on_one_line(text[start:end]))
        for start, end in spans
        if end - start <= LONGEST and len(text[start:end].split()) >= FEWEST_WORDS
    ]
    if found:
        return found
    return [_Sentence(hit=hit, start=0, text=_on_one_line(text[:LONGEST]))]


def _on_one_line(text: str) -> str:
    # A document's own [12] would be taken for a mark of ours.
    return " ".join(without_marks(text).split())


def _scores(question: str, sentences: Sequence[_Sentence], cosines: Vectors) -> list[float]:
    """Half meaning, half rare words of the question, with the passage's own score (0..1) added."""
    wanted = set(content_words(question))
    held = [wanted & set(content_words(sentence.text)) for sentence in sentences]
    frequency = Counter(word for words in held for word in words)
    weight = {word: log(1 + len(sentences) / (1 + frequency[word])) for word in wanted}
    total = sum(weight.values()) or 1.0
    return [
        0.5 * float(cosine)
        + 0.3 * sum(weight[word] for word in words) / total
        + 0.2 * sentence.hit.scores.fused
        for cosine, words, sentence in zip(cosines, held, sentences, strict=True)
    ]


def _choose(scores: Sequence[float], vectors: Vectors) -> list[int]:
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    chosen: list[int] = []
    for i in order:
        if len(chosen) == SENTENCES or scores[i] < NEAR_BEST * scores[order[0]]:
            break
        if not chosen or float(np.max(vectors[chosen] @ vectors[i])) < ALIKE:
            chosen.append(i)
    return chosen


def _by_document(chosen: Sequence[_Sentence]) -> dict[str, list[_Sentence]]:
    groups: dict[str, list[_Sentence]] = {}
    for sentence in chosen:
        groups.setdefault(sentence.hit.document.name, []).append(sentence)
    for group in groups.values():
        group.sort(key=lambda s: (s.hit.passage.ordinal, s.start))
    return groups
