"""One command in a process of its own, which is killed from outside or whose writes fail.

Its embedder counts words in place of a model, and takes its time over it.
"""

import errno
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from kb.cli.main import main
from kb.ports import Vectors
from tests.fake_embedder import FakeEmbedder

SECONDS_PER_PASSAGE = 0.004
CHANGES = ("INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER")


class SlowEmbedder(FakeEmbedder):
    """Gives kills the time to come in the midst of embedding."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """As a model would, in time."""
        time.sleep(SECONDS_PER_PASSAGE * len(texts))
        return super().embed_passages(texts)


def command(log: Path, argv: list[str], fails: tuple[int, bool, bool] | None = None) -> None:
    """Run a command as the leader of a process group; what it says goes to `log`.

    `fails` is the number of the write that fails, whether all after it do, and whether the
    disk is then full or broken. The exit status is 77 where no write was left to fail.
    """
    os.setpgid(0, 0)
    with log.open("wb") as target:
        os.dup2(target.fileno(), 1)
        os.dup2(target.fileno(), 2)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if fails is None:
        status = main(argv, embedder=SlowEmbedder())
    else:
        writes = FailingWrites(*fails)
        writes.begin()
        status = main(argv, embedder=FakeEmbedder())
        if not writes.failed:
            status = 77
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


class FailingWrites:
    """Lets the Nth write fail, at the edges where Quire meets files, SQLite and Chroma.

    Not covered: writes of the reading process, and a part of a write within SQLite or Chroma.
    """

    def __init__(self, number: int, onwards: bool, full: bool) -> None:
        self.failed = False
        self._left, self._onwards, self._full = number, onwards, full

    def begin(self) -> None:
        """Count from now on."""
        os.fsync = self._before(os.fsync, self._os_error)
        os.replace = self._before(os.replace, self._os_error)
        event.listen(Engine, "before_cursor_execute", self._statement)
        event.listen(Engine, "commit", self._commit)
        from chromadb import Collection

        for name in ("upsert", "delete"):
            setattr(Collection, name, self._before(getattr(Collection, name), self._chroma_error))

    def _before(self, function: Any, error: Callable[[], Exception]) -> Any:
        def failing(*values: Any, **named: Any) -> Any:
            if self._is_due():
                raise error()
            return function(*values, **named)

        return failing

    def _is_due(self) -> bool:
        self._left -= 1
        due = self._left == 0 or (self._onwards and self._left < 0)
        self.failed = self.failed or due
        return due

    def _statement(self, _: Connection, __: Any, statement: str, *___: Any) -> None:
        if statement.lstrip().upper().startswith(CHANGES) and self._is_due():
            raise self._sql_error(statement)

    def _commit(self, connection: Connection) -> None:
        if connection.get_execution_options().get("writes") and self._is_due():
            raise self._sql_error("COMMIT")

    def _sql_error(self, statement: str) -> Exception:
        told = "database or disk is full" if self._full else "disk I/O error"
        return OperationalError(statement, {}, sqlite3.OperationalError(told))

    def _os_error(self) -> Exception:
        number = errno.ENOSPC if self._full else errno.EIO
        return OSError(number, os.strerror(number))

    def _chroma_error(self) -> Exception:
        from chromadb.errors import InternalError

        return InternalError("database or disk is full" if self._full else "disk I/O error")
