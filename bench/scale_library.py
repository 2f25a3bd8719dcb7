"""A knowledge base of any size for `bench.scale`, made of real passages without embedding each.

Every passage is a real one changed: some of its words are drawn anew from all real words, a few
are invented, as rare words are in any large collection; its vector is the real one's, turned aside
at random; its token signs are the real one's own.
"""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from bench.scale_texts import invented
from kb.bootstrap import App
from kb.domain.documents import (
    Document,
    DocumentId,
    DocumentState,
    KnowledgeBase,
    Page,
    PageLedger,
    Passage,
    PassageId,
)
from kb.domain.embeddings import Vectors
from kb.domain.errors import NotFoundError

ASIDE = 0.8
"""Length of what is added to a unit vector at random; the cosine with it is 0.78 then."""

DRAWN_ANEW, INVENTED = 0.3, 0.05
"""Shares of a passage's words."""

LONGEST = 600
PASSAGES_A_PAGE = 3
NAMED_FROM = 8
"""Ingestion keeps names of documents of so many passages."""

YEARS = range(2000, 2025)
A_COMPANY = 5
"""Documents of one company, of a year each."""

LANGUAGES = {"en": 0.92, "": 0.03, "de": 0.05}
"""Shares of documents."""

AT_A_TIME = 20
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Real:
    """Real passages: their words, vectors (n, d) and token signs."""

    words: Sequence[Sequence[str]]
    vectors: Vectors
    signs: Sequence[bytes]


def real(app: App, texts: Sequence[str]) -> Real:
    """The texts, embedded."""
    vectors, signs = app.query_embedder.embed_with_tokens(texts)
    return Real(words=[text.split() for text in texts], vectors=vectors, signs=signs)


def filled(app: App, texts: Sequence[str], count: int) -> KnowledgeBase:
    """The knowledge base of so many passages; made, or made whole, where it is not there."""
    workspace = app.workspace()
    name = f"scale {count}"
    try:
        base = workspace.knowledge_bases.named(name)
    except NotFoundError:
        base = workspace.knowledge_bases.create(name)
    with app.records.writing() as records:
        records.knowledge_bases.set_space(base.id, app.query_embedder.space)
        there = records.documents.of(base.id)
    missing = count - sum(document.passage_count for document in there)
    if missing:
        _fill(app, base, real(app, texts), len(there), missing)
    app.indexes.mend()
    with app.records.reading() as view:
        return view.knowledge_bases.get(base.id)


def _fill(app: App, base: KnowledgeBase, source: Real, number: int, missing: int) -> None:
    space_id = app.query_embedder.space.id
    pool = np.array([word for words in source.words for word in words], dtype=object)
    while missing:
        with app.records.writing() as records:
            for _ in range(AT_A_TIME):
                rng = np.random.default_rng(number)
                size = min(missing, LONGEST, 1 + int(rng.lognormal(3.4, 1.0)))
                document, chosen = _document(base, number, size), rng.integers(len(source.words))
                of = [int(chosen + at) % len(source.words) for at in range(size)]
                texts = [_text(source.words[at], pool, document.title, rng) for at in of]
                pages, passages = _cut(document, texts)
                records.documents.add(replace(document, state=DocumentState.QUEUED))
                records.documents.store(
                    replace(document, page_count=len(pages)),
                    pages,
                    passages,
                    [hashlib.sha256(passage.id.encode()).digest() for passage in passages],
                    space_id,
                    _names(document.title) if size >= NAMED_FROM else (),
                )
                vectors = _turned_aside(source.vectors[of], rng)
                signs = [source.signs[at] for at in of]
                records.documents.add_vectors(passages, vectors, signs, space_id)
                number, missing = number + 1, missing - size
                if not missing:
                    break
        if number % 1000 < AT_A_TIME:
            print(f"{missing:,} passages to come", flush=True)


def _document(base: KnowledgeBase, number: int, size: int) -> Document:
    title = f"{invented(number // A_COMPANY).capitalize()} report {YEARS[number % len(YEARS)]}"
    id = hashlib.sha256(f"{base.id} {number}".encode()).hexdigest()
    return Document(
        id=DocumentId(id[:32]),
        knowledge_base_id=base.id,
        name=f"{title}.{number}.pdf",
        media_type="application/pdf",
        content_sha256=id,
        size_bytes=size,
        created_at=NOW,
        finished_at=NOW,
        title=title,
        passage_count=size,
        language=random.Random(number).choices([*LANGUAGES], [*LANGUAGES.values()])[0],
        state=DocumentState.READY,
        ledger=PageLedger(digital=1 + size // PASSAGES_A_PAGE),
    )


def _names(title: str) -> list[str]:
    company, _, year = title.lower().split()
    return [company, year]


def _text(words: Sequence[str], pool: np.ndarray, title: str, rng: np.random.Generator) -> str:
    text = np.array(words, dtype=object)
    anew, new = rng.random(len(text)) < DRAWN_ANEW, rng.random(len(text)) < INVENTED
    text[anew] = pool[rng.integers(len(pool), size=int(anew.sum()))]
    text[new] = [invented(int(rank)) for rank in rng.zipf(1.2, size=int(new.sum()))]
    if rng.random() < 0.3:
        text[0] = title.split(maxsplit=1)[0]
    return " ".join(text)


def _cut(document: Document, texts: Sequence[str]) -> tuple[list[Page], list[Passage]]:
    pages: list[Page] = []
    passages: list[Passage] = []
    page_begins = 0
    for first in range(0, len(texts), PASSAGES_A_PAGE):
        some = texts[first : first + PASSAGES_A_PAGE]
        page = Page(number=len(pages) + 1, text="\n".join(some))
        begins = page_begins
        for ordinal, text in enumerate(some, first):
            passages.append(_passage(document, ordinal, text, page.number, begins))
            begins += len(text) + 1
        pages.append(page)
        page_begins += len(page.text) + 2
    return pages, passages


def _passage(document: Document, ordinal: int, text: str, page: int, start: int) -> Passage:
    return Passage(
        id=PassageId(hashlib.sha256(f"{document.id} {ordinal}".encode()).hexdigest()[:32]),
        document_id=document.id,
        ordinal=ordinal,
        text=text,
        heading_path=(f"Part {page // 4}",),
        page_first=page,
        page_last=page,
        start=start,
        end=start + len(text),
        token_count=text.count(" ") + 1,
    )


def _turned_aside(vectors: Vectors, rng: np.random.Generator) -> Vectors:
    noise = rng.normal(size=vectors.shape) * ASIDE / np.sqrt(vectors.shape[1])
    turned = vectors + noise
    unit: Vectors = (turned / np.linalg.norm(turned, axis=1, keepdims=True)).astype(np.float32)
    return unit
