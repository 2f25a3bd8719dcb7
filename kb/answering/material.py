"""What is read to answer a question that wants documents whole: sections, and what they cover."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from kb.answering.extracts import (
    Extractor,
    allotted,
    section_characters,
    sentences_for,
)
from kb.answering.sections import Section, sections
from kb.domain.access import Scope
from kb.domain.documents import FINDABLE, Document, DocumentState, Passage, PassageId
from kb.domain.embeddings import Vectors
from kb.domain.retrieval import Hit, Query
from kb.domain.stems import stems
from kb.domain.words import content_words, counted
from kb.records import Records
from kb.retrieval.fusion import trust
from kb.retrieval.retriever import HybridRetriever

WIDE = 500
"""How many passages are looked at for what they say of a subject."""

NEAR, TRUSTED = 0.45, 0.5
"""Cosine from which a passage speaks of a subject that it does not name, where the embedding
model reads its language so well (0..1); on northwind_hr 0.4 still brought what is not of it."""

MOST_ABOUT, MOST_TOLD = 4, 15
"""Sentences that tell what one document says of a subject, and how many documents are told."""

FEWEST_READ = 4
"""In how many sections, at least, a model reads a document that is not very short."""

SENTENCES_OF_ALL, FEWEST_OF_EACH = 40, 2
"""How many sentences several documents share, and how many each has at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Sections, how many sentences each may be told in, and a sentence on what was read."""

    sections: tuple[Section, ...]
    counts: tuple[int, ...]
    extractor: Extractor
    coverage: str
    by_document: bool

    def heading(self, section: Section) -> str:
        """What stands over what a section says."""
        return section.document.name if self.by_document else section.heading


def findable(records: Records, scope: Scope) -> list[Document]:
    """The documents that a question of this scope reaches, by name."""
    with records.reading() as view:
        documents = view.documents.of(scope.knowledge_base_id)
    return [
        one
        for one in documents
        if one.state in FINDABLE and (scope.document_ids is None or one.id in scope.document_ids)
    ]


def whole(
    records: Records, scope: Scope, documents: Sequence[Document], most: int | None
) -> Material:
    """All of the documents; sections of at most `most` characters, where a model reads them."""
    found: list[Section] = []
    counts: list[int] = []
    nearness: dict[PassageId, float] = {}
    for document in documents:
        passages, vectors = _read(records, scope, document)
        total = sum(len(passage.text) for passage in passages)
        share = max(FEWEST_OF_EACH, SENTENCES_OF_ALL // len(documents))
        count = min(sentences_for(total), share)
        length = section_characters(total, FEWEST_READ if most else count)
        parts = sections(document, passages, min(most or length, length))
        found += parts
        counts += allotted(parts, count)
        for part in parts:
            nearness |= _near_middle(part, vectors)
    return Material(
        sections=tuple(found),
        counts=tuple(counts),
        extractor=Extractor(found, nearness),
        coverage=_covered(documents, found),
        by_document=len(documents) > 1,
    )


def about(
    retriever: HybridRetriever,
    query: Query,
    subject: str,
    documents: Sequence[Document],
    most: int | None,
) -> Material:
    """Every passage that speaks of a subject, in its document's order, the nearest document first.

    `most` is as for `whole`. Raises EmbeddingSpaceError, ModelMissingError, ModelCrashedError.
    """
    retriever = retriever.model_copy(update={"page_once": False})
    ranking = retriever.rank(Query(text=subject, scope=query.scope), WIDE)
    hits = list(_speaking(subject, ranking.hits, near=_bar(retriever, query.scope, subject)))
    speaking = {hit.document.id: hit.document for hit in hits}
    found: list[Section] = []
    counts: list[int] = []
    for document in list(speaking.values())[:MOST_TOLD]:
        passages = [hit.passage for hit in hits if hit.document.id == document.id]
        passages.sort(key=lambda passage: passage.ordinal)
        parts = sections(document, passages, most or sum(len(one.text) for one in passages))
        found += parts
        counts += [min(MOST_ABOUT, 1 + round(sqrt(len(part.passages)))) for part in parts]
    return Material(
        sections=tuple(found),
        counts=tuple(counts),
        extractor=Extractor(found, {h.passage.id: h.scores.fused for h in hits}, subject),
        coverage=_looked_through(subject, documents, hits),
        by_document=True,
    )


def names(documents: Sequence[Document], last: str, most: int = 20) -> str:
    """The names of the documents as one says them, `last` before the last one."""
    told = [" ".join(one.name.split()) for one in documents[:most]]
    if len(documents) > most:
        told.append(counted(len(documents) - most, "other"))
    return f"{', '.join(told[:-1])} {last} {told[-1]}" if len(told) > 1 else "".join(told)


def _read(
    records: Records, scope: Scope, document: Document
) -> tuple[list[Passage], Mapping[PassageId, Vectors]]:
    """The document's passages, and the vectors of those that are embedded."""
    with records.reading() as view:
        space_id = view.knowledge_bases.get(scope.knowledge_base_id).embedding_space_id
        passages = view.documents.passages_of(document.id)
        if space_id is None:
            return passages, {}
        ids, rows = view.documents.vectors_of_documents([document.id], space_id)
    return passages, dict(zip(ids, rows, strict=True))


def _near_middle(section: Section, vectors: Mapping[PassageId, Vectors]) -> dict[PassageId, float]:
    """How near (0..1) each passage comes to the middle of the section."""
    rows = {one.id: vectors[one.id] for one in section.passages if one.id in vectors}
    if len(rows) < len(section.passages):
        return dict.fromkeys((one.id for one in section.passages), 1.0)
    middle = np.mean(list(rows.values()), axis=0)
    return {id: max(0.0, float(row @ middle)) for id, row in rows.items()}


def _bar(retriever: HybridRetriever, scope: Scope, subject: str) -> float:
    """The cosine from which a passage speaks of the subject; none does where that says little."""
    asked = retriever.embedder.embed_query_with_tokens(subject)
    languages = retriever.words.languages(scope.knowledge_base_id)
    trusted = trust(asked.letters_per_token, languages) >= TRUSTED
    return NEAR if trusted else np.inf


def _speaking(subject: str, hits: Collection[Hit], *, near: float) -> Iterator[Hit]:
    """Those that have all words of the subject, with their headings, or come as near."""
    for hit in hits:
        language = hit.document.language
        text = " ".join((hit.passage.text, *hit.passage.heading_path))
        wanted = set(stems(content_words(subject, language), language))
        named = wanted <= set(stems(content_words(text, language), language))
        if named or (hit.scores.dense is not None and hit.scores.dense >= near):
            yield hit


def _covered(documents: Sequence[Document], found: Sequence[Section]) -> str:
    of = names(documents, "and") if len(documents) == 1 else counted(len(documents), "document")
    told = f"Read {len(found):,} of {counted(len(found), 'section')} of {of}."
    return " ".join((told, *_unread(documents)))


def _looked_through(subject: str, documents: Sequence[Document], hits: Sequence[Hit]) -> str:
    speaking = {hit.document.id: hit.document for hit in hits}
    silent = [one for one in documents if one.id not in speaking]
    among = sum(one.passage_count for one in documents)
    told = [f"Looked through {counted(among, 'passage')} of {counted(len(documents), 'document')}."]
    if hits:
        verb = "speaks" if len(hits) == 1 else "speak"
        of = counted(len(speaking), "document")
        told.append(f"{counted(len(hits), 'passage')} of {of} {verb} of “{subject}”.")
    if len(hits) == WIDE:
        told.append(f"Only these {WIDE} were read, so there may be more.")
    if len(speaking) > MOST_TOLD:
        told.append(f"Also in {names(list(speaking.values())[MOST_TOLD:], 'and')}.")
    if silent and speaking:
        told.append(f"Nothing about it was found in {names(silent, 'and')}.")
    return " ".join((*told, *_unread(documents)))


def _unread(documents: Sequence[Document]) -> Iterator[str]:
    """Sentences on what of the documents could not be read, or not yet."""
    if waiting := sum(one.ledger.waiting for one in documents):
        yield f"Not read, as OCR has not come to them yet: {counted(waiting, 'page')}."
    if failed := sum(one.ledger.failed for one in documents):
        yield f"Not readable: {counted(failed, 'page')}."
    if taken_in := [one for one in documents if one.state is DocumentState.SEARCHABLE]:
        yield f"Still being taken in, so that there may be more: {names(taken_in, 'and')}."
