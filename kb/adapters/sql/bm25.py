"""Ranks the passages of one full-text table by the words of a question, in bounded time.

To score a passage takes FTS5 a microsecond or two, to go by one that has a word a twentieth of
that. So in a large table only the passages that may come out best are scored: those with one of
the rarest words, and some with two of the others.
Source: Turtle and Flood, "Query Evaluation: Strategies and Optimizations" (1995), for the thought
that common words alone bring no passage among the best.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection, Row, text

from kb.domain.documents import DocumentId

COLUMN_WEIGHTS = (2.0, 1.5, 1.0)
"""BM25 weights of title, heading path and text; `python -m bench.retrieval` measures them."""

SCORED, SHARE_SCORED = 10_000, 0.01
"""So many passages, or such a share of all, are scored for a question; `python -m bench.scale`
tells how long that takes, and how few of the best by every word it misses."""

COMMON = 0.15
"""A phrase that stands in more than this share of all passages is not asked for where others are
and not every passage is scored."""

PAIRED = 4
"""Of how many of the commoner phrases two make a passage worth scoring."""

ASKED = 32
"""How many phrases, the rarest, are asked for where not every passage is scored."""


def best(
    connection: Connection,
    table: str,
    phrases: Sequence[str],
    k: int,
    passages: int,
    *,
    scored: int = SCORED,
) -> Sequence[Row[Any]]:
    """(seq, score) of the k best of a table's `passages` for any of the phrases, best first."""
    most = max(scored, int(SHARE_SCORED * passages))
    if passages <= most:
        return _best(connection, table, phrases, k)
    common = int(COMMON * passages)
    held = counts(connection, table, phrases, common + 1)
    if sum(held.values()) <= most:
        return _best(connection, table, phrases, k)
    telling = [one for one in phrases if held[one] <= common] or phrases
    rarest = sorted(telling, key=lambda one: (held[one], one))[:ASKED]
    worth = list(_worth_scoring(rarest, held, most))
    within = " UNION ".join(
        f"SELECT rowid FROM (SELECT rowid FROM {table} WHERE {table} MATCH :worth{at} LIMIT {limit})"  # noqa: S608, E501
        for at, (_, limit) in enumerate(worth)
    )
    values = {f"worth{at}": expression for at, (expression, _) in enumerate(worth)}
    return _best(connection, table, rarest, k, f"AND +f.rowid IN ({within})", values)


def best_within(
    connection: Connection,
    table: str,
    phrases: Sequence[str],
    k: int,
    document_ids: Collection[DocumentId],
) -> Sequence[Row[Any]]:
    """(seq, score) of the k best passages of these documents for any of the phrases."""
    inside = "passages WHERE document_id IN (SELECT value FROM json_each(:documents))"
    # A document's rows lie together. The plus sign keeps SQLite from a search for each row.
    within = (
        f"AND f.rowid BETWEEN (SELECT min(seq) FROM {inside}) AND (SELECT max(seq) FROM {inside}) "  # noqa: S608
        f"AND +f.rowid IN (SELECT seq FROM {inside})"
    )
    return _best(
        connection, table, phrases, k, within, {"documents": json.dumps(sorted(document_ids))}
    )


def counts(
    connection: Connection, table: str, expressions: Collection[str], most: int
) -> dict[str, int]:
    """In how many passages each of the expressions is found, `most` at most."""
    counted = connection.execute(
        text(
            "SELECT value, (SELECT count(*) FROM "  # noqa: S608
            f"(SELECT 1 FROM {table} WHERE {table} MATCH value LIMIT :most)) AS held "
            "FROM json_each(:expressions)"
        ),
        {"expressions": json.dumps(list(expressions)), "most": most},
    )
    return {row.value: row.held for row in counted}


def _worth_scoring(
    rarest_first: Sequence[str], held: Mapping[str, int], most: int
) -> Iterator[tuple[str, int]]:
    """Expressions for the passages that may come out best, and how many of each to score."""
    phrases = list(dict.fromkeys(rarest_first))
    together = [total for total in accumulate(held[one] for one in phrases) if total <= most]
    rare, others = phrases[: len(together)], phrases[len(together) :][:PAIRED]
    if rare:
        yield " OR ".join(rare), most
    if len(others) > 1:
        pairs = (
            f"({one} AND ({' OR '.join(others[at:])}))" for at, one in enumerate(others[:-1], 1)
        )
        yield " OR ".join(pairs), most - together[-1] if together else most
    elif not rare:
        yield others[0], most


def _best(
    connection: Connection,
    table: str,
    phrases: Sequence[str],
    k: int,
    within: str = "",
    values: Mapping[str, object] | None = None,
) -> Sequence[Row[Any]]:
    weights = ", ".join(map(str, COLUMN_WEIGHTS))
    return connection.execute(
        text(
            f"SELECT f.rowid AS seq, -bm25({table}, {weights}) AS score FROM {table} AS f "  # noqa: S608
            f"WHERE {table} MATCH :expression {within} ORDER BY score DESC, seq LIMIT :k"
        ),
        {"expression": " OR ".join(phrases), "k": k, **(values or {})},
    ).all()
