"""Judges whether what was found is likely to hold an answer at all.

Two things must be so: that the hits are about what is asked, and that they tell what is asked of
it. How likely each is comes from the signals by a logistic regression of its own; the product is
that there is an answer. `python -m bench.calibration` fits both on labelled questions.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from kb.domain.documents import EmbeddingSpaceId, PassageId
from kb.domain.embeddings import Vectors
from kb.domain.names import asked_names
from kb.domain.retrieval import ErrorRates, Hit, Judgement, Ranking, Strictness
from kb.domain.words import spoken
from kb.ports import Embedder, WordIndex
from kb.records import Records
from kb.retrieval.asked import asked_words
from kb.retrieval.late_interaction import nearest_tokens
from kb.retrieval.naming import is_of_other_year, naming
from kb.retrieval.signals import COMPARED, LOOKED_AT, Case, Signals

WEIGHTS_FILE = "evidence.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Of the regressions: `of_hits` (2, signals), `of_question` (2, signals), `bias` (2,)."""

    of_hits: Vectors
    of_question: Vectors
    bias: Vectors


@dataclass(frozen=True, kw_only=True)
class EvidenceJudge:
    """Says whether a ranking holds enough to answer, as strictly as is wanted now."""

    records: Records
    embedder: Embedder
    words: WordIndex
    strictness: Callable[[], Strictness]

    def judged(self, ranking: Ranking) -> Judgement:
        """Raises ModelMissingError, ModelCrashedError."""
        signals = self.signals(ranking)
        evidence = likelihood(signals, weights()) if signals else 0.0
        return Judgement(evidence=evidence, enough=evidence >= threshold(self.strictness()))

    def signals(self, ranking: Ranking) -> Signals | None:
        """What the first hits tell; None without any."""
        if not ranking.hits:
            return None
        # As they were found: Search brings a page's other passages later, a reranker reorders.
        hits = sorted(ranking.hits, key=lambda hit: (-hit.scores.fused, hit.rank))[:COMPARED]
        question, base_id = ranking.query.text, ranking.query.scope.knowledge_base_id
        asked = self.embedder.embed_query_with_tokens(question)
        language = spoken(question, {hit.document.language for hit in hits})
        names = self.words.names(base_id, asked_names(question))
        case = Case(
            question=question,
            language=language,
            hits=hits,
            spans=asked.spans,
            counts=self.words.counts(
                base_id, [word.text for word in asked_words(question, language)]
            ),
            named=naming(names, ranking.query.scope.document_ids),
            other_year=is_of_other_year(question, names, [hit.document for hit in hits]),
        )
        near = nearest_tokens(asked.tokens, self._signs(hits[:LOOKED_AT]))
        return case.signals(near, self._near_sentences(case, asked.tokens))

    def _signs(self, hits: Sequence[Hit]) -> dict[PassageId, bytes]:
        """The hits' tokens; of those still to be embedded they are made now."""
        with self.records.reading() as view:
            signs = view.documents.token_signs([hit.passage.id for hit in hits], self._space_id)
        missing = [hit for hit in hits if not signs.get(hit.passage.id)]
        texts = [f"{hit.document.title}\n{hit.passage.text}" for hit in missing]
        _, made = self.embedder.embed_with_tokens(texts)
        return {**signs, **dict(zip((hit.passage.id for hit in missing), made, strict=True))}

    def _near_sentences(self, case: Case, question: Vectors) -> dict[PassageId, Vectors]:
        """The nearness of the best sentence of each hit."""
        sentences = case.best_sentences()
        _, signs = self.embedder.embed_with_tokens([sentence for _, sentence in sentences])
        nearest: dict[PassageId, Vectors] = {}
        for (id, _), packed in zip(sentences, signs, strict=True):
            for near in nearest_tokens(question, {id: packed}).values():
                if id not in nearest or near.mean() > nearest[id].mean():
                    nearest[id] = near
        return nearest

    @property
    def _space_id(self) -> EmbeddingSpaceId:
        return self.embedder.space.id


def likelihood(signals: Signals, weights: Weights) -> float:
    """How likely (0..1) one of the hits, the likeliest, holds the answer."""
    of_hits = signals.of_hits @ weights.of_hits.T  # (hits, 2)
    logits = of_hits + signals.of_question @ weights.of_question.T + weights.bias
    return float(np.exp(-np.logaddexp(0, -logits).sum(axis=1)).max())


def threshold(strictness: Strictness) -> float:
    """The evidence (0..1) from which an answer is given."""
    return float(_calibrated()["thresholds"][strictness])


def error_rates(strictness: Strictness) -> ErrorRates:
    """How often that refuses, on the questions that it was calibrated on."""
    return ErrorRates(**_calibrated()["error_rates"][strictness])


@cache
def weights() -> Weights:
    """Those in use."""
    told: Mapping[str, Any] = _calibrated()["weights"]
    return Weights(**{name: np.array(values, np.float32) for name, values in told.items()})


@cache
def _calibrated() -> dict[str, Any]:
    text = resources.files("kb.retrieval").joinpath(WEIGHTS_FILE).read_text(encoding="utf-8")
    told: dict[str, Any] = json.loads(text)
    return told
