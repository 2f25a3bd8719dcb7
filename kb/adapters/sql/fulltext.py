"""Word search: one FTS5 table per knowledge base, ranked by BM25.

A table each keeps word statistics apart, so that what one knowledge base holds never
changes the ranking in another. Row ids are the passages' `seq`.
Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009),
as implemented by SQLite FTS5.
"""

import json
from collections.abc import Collection, Iterable

from sqlalchemy import Connection, Engine, func, select, text

from kb.adapters.sql.errors import translated
from kb.adapters.sql.passages import FINDABLE
from kb.adapters.sql.tables import document_names, documents, passages
from kb.adapters.sql.word_forms import any_form, expression, indexed
from kb.domain.documents import (
    Document,
    DocumentId,
    KnowledgeBaseId,
    Passage,
    PassageId,
)
from kb.domain.names import Names
from kb.domain.retrieval import WordCounts

HASH_BYTES = 16 * 1024**2
COLUMN_WEIGHTS = (2.0, 1.5, 1.0)
"""BM25 weights of title, heading path and text; `python -m bench.retrieval` measures them."""

MOST_COUNTED = 50_000
"""How far the passages of a word are counted; to count on would take too long."""


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
            sought = expression(text, languages(connection, knowledge_base_id))
            return _search(connection, knowledge_base_id, sought, k, document_ids) if sought else []

    def languages(self, knowledge_base_id: KnowledgeBaseId) -> dict[str, int]:
        """How many documents are in each language, "" where it is not known."""
        with translated(), self._engine.begin() as connection:
            return languages(connection, knowledge_base_id)

    def names(self, knowledge_base_id: KnowledgeBaseId, words: Collection[str]) -> Names:
        """Which findable documents bear these words in their names, and how common those are."""
        findable = (documents.c.knowledge_base_id == knowledge_base_id) & FINDABLE
        with translated(), self._engine.begin() as connection:
            found = connection.execute(
                select(document_names.c.word, document_names.c.document_id)
                .join(documents)
                .where(document_names.c.word.in_(words), findable)
            )
            bearers: dict[str, set[DocumentId]] = {}
            for row in found:
                bearers.setdefault(row.word, set()).add(DocumentId(row.document_id))
            if not bearers:
                return Names(bearers={}, holding={}, documents=0, passages=0)
            count = connection.execute(
                select(func.count(), func.sum(documents.c.passage_count)).where(findable)
            ).one()
            return Names(
                bearers={word: frozenset(ids) for word, ids in bearers.items()},
                holding=_holding(connection, knowledge_base_id, bearers, "text"),
                documents=count[0],
                passages=count[1],
            )

    def counts(self, knowledge_base_id: KnowledgeBaseId, words: Collection[str]) -> WordCounts:
        """How many passages hold each of the words, MOST_COUNTED at most, in any of its forms."""
        findable = (documents.c.knowledge_base_id == knowledge_base_id) & FINDABLE
        with translated(), self._engine.begin() as connection:
            passages = connection.execute(
                select(func.coalesce(func.sum(documents.c.passage_count), 0)).where(findable)
            ).scalar_one()
            columns = "title heading text"
            holding = _holding(connection, knowledge_base_id, set(words), columns)
            return WordCounts(passages=passages, holding=holding)


def _holding(
    connection: Connection,
    knowledge_base_id: KnowledgeBaseId,
    words: Collection[str],
    columns: str,
) -> dict[str, int]:
    """How many passages have each of the words in these columns, MOST_COUNTED at most."""
    if not exists(connection, knowledge_base_id):
        return {}
    table = table_name(knowledge_base_id)
    spoken = languages(connection, knowledge_base_id)
    query = text(
        f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {table} MATCH :word LIMIT :most)"  # noqa: S608
    )
    forms = {word: any_form(word, spoken) for word in words}
    return {
        word: connection.execute(
            query, {"word": f"{{{columns}}} : ({form})", "most": MOST_COUNTED}
        ).scalar_one()
        for word, form in forms.items()
        if form
    }


def languages(connection: Connection, knowledge_base_id: KnowledgeBaseId) -> dict[str, int]:
    """How many of the knowledge base's documents are in each language, "" where it is unknown."""
    rows = connection.execute(
        select(documents.c.language, func.count())
        .where(documents.c.knowledge_base_id == knowledge_base_id)
        .group_by(documents.c.language)
    )
    return {row[0]: row[1] for row in rows}


def _search(
    connection: Connection,
    knowledge_base_id: KnowledgeBaseId,
    expression: str,
    k: int,
    document_ids: Collection[DocumentId] | None,
) -> list[tuple[PassageId, float]]:
    table = table_name(knowledge_base_id)
    weights = ", ".join(str(weight) for weight in COLUMN_WEIGHTS)
    within = ""
    values: dict[str, object] = {"expression": expression, "k": k}
    if document_ids is not None:
        within = (
            "AND f.rowid IN (SELECT seq FROM passages WHERE document_id IN "
            "(SELECT value FROM json_each(:documents)))"
        )
        values["documents"] = json.dumps(sorted(document_ids))
    best = connection.execute(
        text(
            f"SELECT f.rowid AS seq, -bm25({table}, {weights}) AS score FROM {table} AS f "  # noqa: S608
            f"WHERE {table} MATCH :expression {within} ORDER BY score DESC, seq LIMIT :k"
        ),
        values,
    ).all()
    named = connection.execute(
        select(passages.c.seq, passages.c.id).where(passages.c.seq.in_([row.seq for row in best]))
    )
    names = {row.seq: row.id for row in named}
    return [(PassageId(names[row.seq]), row.score) for row in best if row.seq in names]


def table_name(knowledge_base_id: KnowledgeBaseId) -> str:
    """What the knowledge base's table is called. Raises ValueError for what is no id."""
    # Ids are ours, but a table name can't be a bound value: let nothing else through.
    if not knowledge_base_id.isalnum():
        raise ValueError(f"not an id: {knowledge_base_id!r}")
    return f"words_{knowledge_base_id}"
