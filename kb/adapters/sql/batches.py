"""Statements over more ids than SQLite takes as bound values of one statement."""

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import Connection, Row, Select

AT_A_TIME = 5000


def in_batches(
    connection: Connection, ids: Collection[str], statement: Callable[[list[str]], Select[Any]]
) -> list[Row[Any]]:
    """The rows of a statement made for some of the ids at a time."""
    listed = list(ids)
    rows: list[Row[Any]] = []
    for first in range(0, len(listed), AT_A_TIME):
        rows.extend(connection.execute(statement(listed[first : first + AT_A_TIME])))
    return rows
