"""Word search: one FTS5 table per knowledge base, ranked by BM25.

A table each keeps word statistics apart, so that what one knowledge base holds never
changes the ranking in another. Row ids are the passages' `seq`.
Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009),
as implemented by SQLite FTS5.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select, text

from kb.adapters.sql import bm25
from kb.adapters.sql.errors import translated
from kb.adapters.sql.passages import FINDABLE
from kb.adapters.sql.tables import document_names, documents, passages
from kb.adapters.sql.word_forms import any_form, indexed, phrases
from kb.domain.documents import (
    Document,
    DocumentId,
    KnowledgeBaseId,
    Passage,
    PassageId,
)
from kb.domain.names import Names, is_year
from kb.domain.retrieval import WordCounts

HASH_BYTES = 16 * 1024**2


def create(connection: Connection, knowledge_base_id: KnowledgeBaseId) -> None:
    """Make the knowledge base's table."""
    connection.exec_driver_sql(
        f"CREATE VIRTUAL TABLE {table_name(knowledge_base_id)} USING fts5(title, heading, text, "
        "tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* Co M*'\")"
    )
    # Larger runs are written before they are merged: a third less time for many rows.
    table = table_name(knowledge_base_id)
    connection.exec_driver_sql(
        f"INSERT INTO {table}({table}, rank) VALUES('hashsize', {HASH_BYTES})"
    )


def drop(connection: Connection, knowledge_base_id: KnowledgeBaseId) -> None:
    """Forget the knowledge base's table."""
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table_name(knowledge_base_id)}")


def add(connection: Connection, document: Document, rows: Iterable[tuple[int, Passage]]) -> None:
    """Index (seq, passage) rows of one document."""
    title = indexed(document.title, document.language)
    values = [
        {
            "seq": seq,
            "title": title,
            "heading": indexed(" ".join(passage.heading_path), document.language),
            "text": indexed(passage.text, document.language),
        }
        for seq, passage in rows
    ]
    if values:
        connection.execute(
            text(
                f"INSERT INTO {table_name(document.knowledge_base_id)} "  # noqa: S608
                "(rowid, title, heading, text) VALUES (:seq, :title, :heading, :text)"
            ),
            values,
        )


def remove(connection: Connection, knowledge_base_id: KnowledgeBaseId, id: DocumentId) -> None:
    """Take a document's passages out; call it while they are still recorded."""
    connection.execute(
        text(
            f"DELETE FROM {table_name(knowledge_base_id)} "  # noqa: S608
            "WHERE rowid IN (SELECT seq FROM passages WHERE document_id = :id)"
        ),
        {"id": id},
    )


def clear(connection: Connection, knowledge_base_id: KnowledgeBaseId) -> None:
    """Make the table anew and empty, whatever state it is in."""
    drop(connection, knowledge_base_id)
    create(connection, knowledge_base_id)


def rows(connection: Connection, knowledge_base_id: KnowledgeBaseId) -> set[int]:
    """The row ids that are there; none where the table is missing."""
    if not exists(connection, knowledge_base_id):
        return set()
    listed = connection.execute(text(f"SELECT rowid FROM {table_name(knowledge_base_id)}"))  # noqa: S608
    return {row.rowid for row in listed}


def exists(connection: Connection, knowledge_base_id: KnowledgeBaseId) -> bool:
    """Whether the knowledge base has a table."""
    found = connection.execute(
        text("SELECT 1 FROM sqlite_master WHERE name = :name"),
        {"name": table_name(knowledge_base_id)},
    )
    return found.first() is not None


class SqlWordIndex:
    """Searches the full-text tables."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def search(
        self,
        knowledge_base_id: KnowledgeBaseId,
        text: str,
        k: int,
        document_ids: Collection[DocumentId] | None = None,
    ) -> list[tuple[PassageId, float]]:
        """The k best passages for any of the text's words, best first."""
        if k < 1:
            return []
        with translated(), self._engine.begin() as connection:
            # It may have been deleted while the question was on its way.
            if not exists(connection, knowledge_base_id):
                return []
            asked = phrases(text, languages(connection, knowledge_base_id))
            if not asked:
                return []
            table = table_name(knowledge_base_id)
            if document_ids is not None:
                best = bm25.best_within(connection, table, asked, k, document_ids)
            else:
                _, size = size_of(connection, knowledge_base_id)
                best = bm25.best(connection, table, asked, k, size)
            return _named(connection, best)

    def languages(self, knowledge_base_id: KnowledgeBaseId) -> dict[str, int]:
        """How many documents are in each language, "" where it is not known."""
        with translated(), self._engine.begin() as connection:
            return languages(connection, knowledge_base_id)

    def names(self, knowledge_base_id: KnowledgeBaseId, words: Collection[str]) -> Names:
        """Which findable documents bear these words in their names, and how common those are.

        A word that stands in more than half of all passages names none. A year does wherever it
        stands, so it is not counted.
        """
        with translated(), self._engine.begin() as connection:
            borne = connection.scalars(
                select(document_names.c.word).where(document_names.c.word.in_(words)).distinct()
            ).all()
            if not borne or not exists(connection, knowledge_base_id):
                return Names(bearers={}, holding={}, documents=0, passages=0)
            findable, size = size_of(connection, knowledge_base_id)
            counted_words = [word for word in borne if not is_year(word)]
            forms = _forms(connection, knowledge_base_id, counted_words)
            forms = {word: f"text : {form}" for word, form in forms.items()}
            table = table_name(knowledge_base_id)
            counted = bm25.counts(connection, table, set(forms.values()), size // 2 + 1)
            holding = {
                word: counted[form] for word, form in forms.items() if counted[form] <= size / 2
            }
            telling = [word for word in borne if is_year(word) or word in holding]
            return Names(
                bearers=_bearers(connection, knowledge_base_id, telling),
                holding=holding,
                documents=findable,
                passages=size,
            )

    def counts(self, knowledge_base_id: KnowledgeBaseId, words: Collection[str]) -> WordCounts:
        """How many passages hold each of the words, half of all at most, in any of its forms."""
        with translated(), self._engine.begin() as connection:
            if not exists(connection, knowledge_base_id):
                return WordCounts(passages=0, holding={})
            _, size = size_of(connection, knowledge_base_id)
            forms = _forms(connection, knowledge_base_id, words)
            table = table_name(knowledge_base_id)
            counted = bm25.counts(connection, table, set(forms.values()), size // 2 + 1)
            holding = {word: counted[form] for word, form in forms.items()}
            return WordCounts(passages=size, holding=holding)


def _forms(
    connection: Connection, knowledge_base_id: KnowledgeBaseId, words: Collection[str]
) -> dict[str, str]:
    """Expressions for the words in the languages of the documents."""
    spoken = languages(connection, knowledge_base_id)
    forms = ((word, any_form(word, spoken)) for word in words)
    return {word: f"({form})" for word, form in forms if form}


def _bearers(
    connection: Connection, knowledge_base_id: KnowledgeBaseId, words: Collection[str]
) -> dict[str, frozenset[DocumentId]]:
    found = connection.execute(
        select(document_names.c.word, document_names.c.document_id)
        .join(documents)
        .where(
            document_names.c.word.in_(words),
            documents.c.knowledge_base_id == knowledge_base_id,
            FINDABLE,
        )
    )
    bearers: dict[str, set[DocumentId]] = {}
    for row in found:
        bearers.setdefault(row.word, set()).add(DocumentId(row.document_id))
    return {word: frozenset(ids) for word, ids in bearers.items()}


def languages(connection: Connection, knowledge_base_id: KnowledgeBaseId) -> dict[str, int]:
    """How many of the knowledge base's documents are in each language, "" where it is unknown."""
    rows = connection.execute(
        select(documents.c.language, func.count())
        .where(documents.c.knowledge_base_id == knowledge_base_id)
        .group_by(documents.c.language)
    )
    return {row[0]: row[1] for row in rows}


def size_of(connection: Connection, knowledge_base_id: KnowledgeBaseId) -> tuple[int, int]:
    """How many documents can be found, and how many passages they have."""
    counted = connection.execute(
        select(func.count(), func.coalesce(func.sum(documents.c.passage_count), 0)).where(
            documents.c.knowledge_base_id == knowledge_base_id, FINDABLE
        )
    ).one()
    return counted[0], counted[1]


def _named(connection: Connection, scored: Sequence[Row[Any]]) -> list[tuple[PassageId, float]]:
    """The (seq, score) rows with the passages' ids in place of their numbers."""
    named = connection.execute(
        select(passages.c.seq, passages.c.id).where(passages.c.seq.in_([row.seq for row in scored]))
    )
    names = {row.seq: row.id for row in named}
    return [(PassageId(names[row.seq]), row.score) for row in scored if row.seq in names]


def table_name(knowledge_base_id: KnowledgeBaseId) -> str:
    """What the knowledge base's table is called. Raises ValueError for what is no id."""
    # Ids are ours, but a table name can't be a bound value: let nothing else through.
    if not knowledge_base_id.isalnum():
        raise ValueError(f"not an id: {knowledge_base_id!r}")
    return f"words_{knowledge_base_id}"
