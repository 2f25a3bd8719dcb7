"""Orders the best passages by a model that reads the question and the passage together.

Source: Nogueira and Cho, "Passage Re-ranking with BERT" (2019).
"""

from collections.abc import Sequence
from dataclasses import replace

from kb.domain.retrieval import Hit
from kb.ports import Reranker
from kb.retrieval.late_interaction import RERANKED, reranked

MOST_LETTERS = 200
"""Of a title, and of a heading path: the model reads so many tokens, and the text comes last."""


def cross_encoded(reranker: Reranker, question: str, hits: Sequence[Hit]) -> list[Hit]:
    """The hits, the first of them by the reranker's scores and within the range they span.

    Raises ModelMissingError, ModelCrashedError.
    """
    first = hits[:RERANKED]
    scores = reranker.scores(question, [_text(hit) for hit in first]).tolist()
    told = {hit.passage.id: score for hit, score in zip(first, scores, strict=True)}
    fused = reranked({hit.passage.id: hit.scores.fused for hit in hits}, told, 1.0)
    moved = [
        replace(hit, scores=replace(hit.scores, fused=fused[id], rerank=told.get(id)))
        for hit in hits
        for id in [hit.passage.id]
    ]
    # Some models' scores are rounded: what scores alike keeps its order.
    return sorted(moved, key=lambda hit: -hit.scores.fused)


def _text(hit: Hit) -> str:
    """What the model reads of a passage: its document's title, its headings, its text."""
    title = hit.document.title or hit.document.name
    headings = " > ".join(hit.passage.heading_path)
    lines = (title[:MOST_LETTERS], headings[-MOST_LETTERS:], hit.passage.text)
    return "\n".join(line for line in lines if line)
