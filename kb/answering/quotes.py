"""Writes an answer out of the documents' own sentences, without a language model."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import log

from kb.answering.citations import without_marks
from kb.answering.coherence import Said, contradicts, newest_first, said_by
from kb.answering.prompts import unmarked
from kb.domain.embeddings import Vectors
from kb.domain.retrieval import Hit
from kb.domain.sentences import CELLS, statement_spans
from kb.domain.words import content_words
from kb.ports import Embedder

PASSAGES = 6
SENTENCES = 5
COMPARED = 24
"""How many sentences are compared by meaning; the others share too few words to be the best."""

FEWEST_WORDS = 4
MOST_HEADING_WORDS = 14
LONGEST = 600

MEANING, WORDS, PASSAGE = 0.4, 0.2, 0.4
"""Shares of a sentence's score; measured by `python -m bench.quotes`, as the next ones are."""

ALIKE = 0.9
"""Cosine from which two sentences say the same."""

NEAR_BEST = 0.6
"""Share of the best sentence's score that another one needs."""

ITEM = re.compile(r"^(?:[-*+•–▪‣◦·]|\(?\d{1,3}[.)])\s+")
"""A list item's bullet or number, where a sentence begins with it."""

_STOPPED = re.compile(r"[.!…:。！।][\"'”’»)\]*_`」』）]*$")
_ASKED = re.compile(r"[?？؟][\"'”’»)\]*_`」』）]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sentence:
    """A sentence of a passage; one that introduces a list has its items."""

    hit: Hit
    start: int
    text: str
    is_item: bool = False
    items: tuple[str, ...] = ()

    @property
    def is_row(self) -> bool:
        """Whether it is a row of a table."""
        return CELLS in self.text

    @property
    def whole(self) -> str:
        """With its items, as one text."""
        return " ".join((self.text, *self.items))


def quote(question: str, hits: Sequence[Hit], embedder: Embedder) -> Iterator[str]:
    """The best sentences for the question, grouped by document, each with its mark [n]."""
    found = [sentence for hit in hits[:PASSAGES] for sentence in _sentences(hit)]
    sentences = _likely(question, _rows_asked_for(question, found))
    if not sentences:
        return
    vectors = embedder.embed_passages([sentence.whole for sentence in sentences])  # (n, d)
    cosines = vectors @ embedder.embed_query(question)
    shares = _shares(question, sentences)
    scores = [
        MEANING * float(cosine) + share for cosine, share in zip(cosines, shares, strict=True)
    ]
    chosen = [sentences[i] for i in _choose(scores, vectors, sentences)]
    for group in _newest_first(list(_by_document(chosen).values())):
        yield unmarked(group[0].hit.document.name) + ":\n\n"
        for sentence in group:
            yield _written(sentence)


def _written(sentence: _Sentence) -> str:
    mark = f"[{sentence.hit.rank}]"
    items = "".join(f"- {item} {mark}\n" for item in sentence.items)
    return f"{sentence.text} {mark}\n\n" + (f"{items}\n" if items else "")


def _sentences(hit: Hit) -> list[_Sentence]:
    """What can be quoted of a passage: no headings, no questions, and lists under their lead."""
    text = hit.passage.text
    found: list[_Sentence] = []
    for start, end in statement_spans(text):
        said = on_one_line(text[start:end])
        if _is_item(said) and found and _takes_item(found[-1], said):
            led = found[-1]
            found[-1] = replace(led, items=(*led.items, ITEM.sub("", said, count=1)))
        elif end - start <= LONGEST:
            bare = ITEM.sub("", said, count=1)
            found.append(_Sentence(hit=hit, start=start, text=bare, is_item=bare != said))
    quotable = [one for one in found if _is_quotable(one)]
    if quotable or not text.strip():
        return quotable
    return [_Sentence(hit=hit, start=0, text=on_one_line(text[:LONGEST]))]


def _is_item(said: str) -> bool:
    return ITEM.match(said) is not None


def _takes_item(led: _Sentence, item: str) -> bool:
    return led.text.endswith(":") and len(led.whole) + len(item) <= LONGEST


def _is_quotable(one: _Sentence) -> bool:
    words = len(one.whole.split())
    if words < FEWEST_WORDS or _ASKED.search(one.text):
        return False
    if one.text.endswith(":"):
        return bool(one.items)
    stopped = _STOPPED.search(one.text) is not None
    return stopped or one.is_row or words > MOST_HEADING_WORDS or one.is_item


def on_one_line(text: str) -> str:
    """As it is quoted."""
    # A document's own [12] would be taken for a mark of ours.
    return " ".join(without_marks(text).split())


def _rows_asked_for(question: str, sentences: Sequence[_Sentence]) -> list[_Sentence]:
    """Without the rows that name nothing of the question where another of their document does.

    A table says the same of everything it lists, so by meaning all its rows are near.
    """
    wanted = set(content_words(question))
    named = [not wanted.isdisjoint(content_words(one.text)) for one in sentences]
    telling = {
        one.hit.document.id
        for one, names in zip(sentences, named, strict=True)
        if names and one.is_row
    }
    return [
        one
        for one, names in zip(sentences, named, strict=True)
        if names or not one.is_row or one.hit.document.id not in telling
    ]


def _likely(question: str, sentences: Sequence[_Sentence]) -> list[_Sentence]:
    """Those with most words of the question, in the best passages."""
    shares = _shares(question, sentences)
    best = sorted(range(len(sentences)), key=lambda i: -shares[i])[:COMPARED]
    return [sentences[i] for i in sorted(best)]


def _shares(question: str, sentences: Sequence[_Sentence]) -> list[float]:
    """What the rare words of the question and the passage's own score (0..1) add."""
    wanted = set(content_words(question))
    held = [wanted & set(content_words(sentence.whole)) for sentence in sentences]
    frequency = Counter(word for words in held for word in words)
    weight = {word: log(1 + len(sentences) / (1 + frequency[word])) for word in wanted}
    total = sum(weight.values()) or 1.0
    return [
        WORDS * sum(weight[word] for word in words) / total + PASSAGE * sentence.hit.scores.fused
        for words, sentence in zip(held, sentences, strict=True)
    ]


def _choose(scores: Sequence[float], vectors: Vectors, sentences: Sequence[_Sentence]) -> list[int]:
    """The best, each once; the nearly same of another document only where it differs."""
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    chosen: list[int] = []
    for i in order:
        if len(chosen) == SENTENCES or scores[i] < NEAR_BEST * scores[order[0]]:
            break
        near = [each for each in chosen if float(vectors[each] @ vectors[i]) >= ALIKE]
        if not near or any(_contradict(sentences[i], sentences[each]) for each in near):
            chosen.append(i)
    return chosen


def _by_document(chosen: Sequence[_Sentence]) -> dict[str, list[_Sentence]]:
    groups: dict[str, list[_Sentence]] = {}
    for sentence in chosen:
        groups.setdefault(sentence.hit.document.name, []).append(sentence)
    for group in groups.values():
        group.sort(key=lambda s: (s.hit.passage.ordinal, s.start))
    return groups


def _newest_first(groups: list[list[_Sentence]]) -> list[list[_Sentence]]:
    """Of the documents that contradict each other the newest first; others keep their places."""
    disputed = [
        place
        for place, group in enumerate(groups)
        if any(
            _contradict(one, other)
            for others in groups
            if others is not group
            for one in group
            for other in others
        )
    ]
    by_passage = {groups[place][0].hit.passage.id: groups[place] for place in disputed}
    ordered, _ = newest_first([groups[place][0].hit for place in disputed])
    placed = list(groups)
    for place, (hit, _) in zip(disputed, ordered, strict=True):
        placed[place] = by_passage[hit.passage.id]
    return placed


def _contradict(one: _Sentence, other: _Sentence) -> bool:
    return any(contradicts(a, b) for a in _said(one) for b in _said(other))


def _said(sentence: _Sentence) -> list[Said]:
    return said_by(sentence.hit, sentence.text)
