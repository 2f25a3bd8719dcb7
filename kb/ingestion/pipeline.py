"""From a stored file to passages with vectors; nothing is kept here."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kb.domain.documents import (
    Document,
    EmbeddingSpace,
    Page,
    Passage,
)
from kb.domain.jobs import Progress
from kb.ingestion.detection import detect
from kb.ingestion.passages import HEADER_TOKENS, MAX_TOKENS, cut, embedded_texts
from kb.ports import Embedder, Reader, ReportProgress, Vectors

FEW_PASSAGES = 32
"""A document of no more is embedded at once by the model that waits for questions: starting
another one takes longer."""

FEW_AT_A_TIME = 8
"""Little enough that a question in between hardly waits."""

MANY_AT_A_TIME = 64
FEWEST_TOKENS = 32
"""A passage of a model with a tiny window: its end may go unread, but it is still a passage."""

SPECIAL_TOKENS = 4
"""Room for the marks that a model puts round a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """All that is published of a document; vectors are (n, dimension), a row a passage."""

    title: str
    media_type: str
    paged: bool
    language: str
    pages: tuple[Page, ...]
    passages: tuple[Passage, ...]
    vectors: Vectors
    space: EmbeddingSpace


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingestion:
    """Reads, cuts and embeds one document after the other.

    `bulk_embedder` is of the same space and takes documents of many passages.
    """

    reader: Reader
    embedder: Embedder
    bulk_embedder: Embedder

    def run(self, document: Document, path: Path, report: ReportProgress) -> Ingested:
        """Take one document in. Raises IngestionError, ModelError, and what `report` raises."""
        report(Progress(step="reading"))
        media_type = document.media_type or detect(path, document.name)
        parsed = self.reader.read(path, media_type, document.name)
        room = self.embedder.space.max_tokens - SPECIAL_TOKENS - HEADER_TOKENS
        count_tokens = self.embedder.count_tokens
        passages = cut(document.id, parsed, count_tokens, min(MAX_TOKENS, max(room, FEWEST_TOKENS)))
        title = parsed.title or title_from_name(document.name)
        texts = embedded_texts(title, passages, count_tokens)
        return Ingested(
            title=title,
            media_type=media_type,
            paged=parsed.paged,
            language=parsed.language,
            pages=parsed.pages,
            passages=tuple(passages),
            vectors=self._embed(texts, report),
            space=self.embedder.space,
        )

    def _embed(self, texts: Sequence[str], report: ReportProgress) -> Vectors:
        total = len(texts)
        rows = [np.zeros((0, self.embedder.space.dimension), dtype=np.float32)]
        few = total <= FEW_PASSAGES
        embedder = self.embedder if few else self.bulk_embedder
        at_a_time = FEW_AT_A_TIME if few else MANY_AT_A_TIME
        for first in range(0, total, at_a_time):
            report(Progress(step="embedding", done=first, total=total, unit="passages"))
            rows.append(embedder.embed_passages(texts[first : first + at_a_time]))
        return np.vstack(rows)


def title_from_name(name: str) -> str:
    """A file's name as a title: no folder, no ending, spaces for underscores."""
    return " ".join(Path(name).stem.replace("_", " ").replace("-", " ").split())
