"""Ranks the passages of one full-text table by the words of a question, in bounded time.

To score a passage takes FTS5 a microsecond or two, to go by one that has a word a twentieth of
that. So in a large table only the passages that may come out best are scored: those with one of
the rarest words, and those with two of the others.
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

SCORED, SHARE_SCORED = 10_000, 0.02
"""So many passages, or such a share of all, are scored for a question's rare words, and at most as
many for its others; `python -m bench.scale` tells the time, and what is missed."""

PAIRED = 8
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
    half = passages // 2
    held = counts(connection, table, phrases, half + 1)
    if sum(held.values()) <= most:
        return _best(connection, table, phrases, k)
    # FTS5 gives next to nothing for a phrase that stands in more than half of all.
    telling = [one for one in phrases if held[one] <= half] or phrases
    rarest = sorted(telling, key=lambda one: (held[one], one))[:ASKED]
    worth = {f"worth{at}": one for at, one in enumerate(_worth_scoring(rarest, held, most))}
    within = " UNION ".join(
        f"SELECT rowid FROM (SELECT rowid FROM {table} WHERE {table} MATCH :{name} LIMIT :most)"  # noqa: S608
        for name in worth
    )
    return _best(
        connection, table, rarest, k, f"AND +f.rowid IN ({within})", {**worth, "most": most}
    )


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
) -> Iterator[str]:
    """Expressions for the passages that may come out best."""
    phrases = list(dict.fromkeys(rarest_first))
    together = accumulate(held[one] for one in phrases)
    rare = max(1, sum(total <= most for total in together))
    yield " OR ".join(phrases[:rare])
    others = phrases[rare : rare + PAIRED]
    if len(others) > 1:
        yield " OR ".join(
            f"({one} AND ({' OR '.join(others[at:])}))" for at, one in enumerate(others[:-1], 1)
        )


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
