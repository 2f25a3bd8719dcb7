"""Statements over more ids than SQLite takes as bound values of one statement."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select

AT_A_TIME = 5000


def chunks(ids: Collection[str]) -> Iterator[list[str]]:
    """The ids, some at a time."""
    listed = list(ids)
    for first in range(0, len(listed), AT_A_TIME):
        yield listed[first : first + AT_A_TIME]


def in_batches(
    connection: Connection, ids: Collection[str], statement: Callable[[list[str]], Select[Any]]
) -> list[Row[Any]]:
    """The rows of a statement made for some of the ids at a time."""
    return [row for some in chunks(ids) for row in connection.execute(statement(some))]
