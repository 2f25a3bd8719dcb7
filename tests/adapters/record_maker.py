"""Domain values to store, with as little said as possible."""

import os
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from kb.adapters.sql.database import SqlRecords
from kb.domain.documents import (
    Document,
    DocumentId,
    DocumentState,
    EmbeddingSpace,
    EmbeddingSpaceId,
    KnowledgeBase,
    KnowledgeBaseId,
    Page,
    Passage,
    PassageId,
    TextBox,
)
from kb.domain.embeddings import Vectors
from kb.domain.jobs import Job, JobId, JobKind, JobState, Progress

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SPACE = EmbeddingSpace(
    id=EmbeddingSpaceId("space"),
    model="fake",
    revision="1",
    dimension=4,
    max_tokens=256,
    query_prompt="",
    passage_prompt="",
)


def new_id() -> str:
    return uuid.uuid4().hex


def kept_base(records: SqlRecords, name: str = "Bridges", owner: str = "alice") -> KnowledgeBase:
    """A new knowledge base, in the space above."""
    base = KnowledgeBase(
        id=KnowledgeBaseId(new_id()),
        name=name,
        owner_id=owner,
        embedding_space_id=None,
        created_at=NOW,
    )
    with records.writing() as store:
        store.knowledge_bases.add(base)
        store.knowledge_bases.set_space(base.id, SPACE)
    return base


def a_document(base: KnowledgeBase, name: str = "bridge.txt") -> Document:
    return Document(
        id=DocumentId(new_id()),
        knowledge_base_id=base.id,
        name=name,
        media_type="text/plain",
        content_sha256=new_id(),
        size_bytes=7,
        created_at=NOW,
        title="The bridge",
    )


def passages_of(document: Document, texts: Sequence[str]) -> list[Passage]:
    return [
        Passage(
            id=PassageId(new_id()),
            document_id=document.id,
            ordinal=ordinal,
            text=text,
            heading_path=("Chapter é", "Part"),
            page_first=1,
            page_last=1,
            start=0,
            end=len(text),
            token_count=3,
            boxes=(TextBox(page=1, start=0, end=2, left=0.5, top=1, right=2, bottom=3),),
        )
        for ordinal, text in enumerate(texts)
    ]


def some_signs(count: int) -> list[bytes]:
    """Distinct signs of two tokens each."""
    return [bytes([number + 1, 255 - number]) for number in range(count)]


def some_vectors(count: int, dimension: int = 4, seed: int = 1) -> Vectors:
    rows = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def embedded(texts: Sequence[str]) -> list[bytes]:
    """Stands for the sha256 of what is embedded: another one each time, so nothing is shared."""
    return [os.urandom(32) for _ in texts]


def published(
    records: SqlRecords,
    base: KnowledgeBase,
    texts: Sequence[str],
    name: str = "bridge.txt",
    *,
    language: str = "",
    names: Sequence[str] = (),
) -> tuple[Document, list[Passage], Vectors]:
    """A document that is ready, with its passages and their vectors."""
    document = a_document(base, name)
    passages, vectors = passages_of(document, texts), some_vectors(len(texts))
    ready = Document(
        **{
            **{field: getattr(document, field) for field in document.__slots__},
            "state": DocumentState.READY,
            "passage_count": len(texts),
            "language": language,
        }
    )
    with records.writing() as store:
        store.documents.add(document)
        page = Page(number=1, text=" ".join(texts))
        store.documents.store(ready, [page], passages, embedded(texts), SPACE.id, names)
        store.documents.add_vectors(passages, vectors, some_signs(len(texts)), SPACE.id)
    return ready, passages, vectors


def a_job(subject_id: str = "document") -> Job:
    return Job(
        id=JobId(new_id()),
        kind=JobKind.READ,
        subject_id=subject_id,
        state=JobState.QUEUED,
        attempt=0,
        progress=Progress(step="waiting"),
        lease_until=None,
    )
