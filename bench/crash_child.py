"""One command in a process of its own, which is killed from outside or whose writes fail.

Its embedder counts words in place of a model. Where writes fail, files are read in the same
process, and OCR reads the name of a file in each picture: thousands of runs are to end.
"""

import errno
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from kb.adapters.readers import sandbox
from kb.cli.main import main
from kb.domain.documents import Element, ElementKind, OcrPage, Page, TextSource
from kb.domain.embeddings import Vectors
from tests.fake_embedder import FakeEmbedder
from tests.open_apps import DirectReader

SECONDS_PER_PASSAGE = 0.004
NONE_FAILED = 77
CHANGES = ("INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER")


@dataclass
class QuickReader(DirectReader):
    """In the place of a reading process."""

    def links(self, page: bytes) -> tuple[str, ...]:  # noqa: ARG002
        """None."""
        return ()

    def page_picture(self, *_: object) -> bytes:
        """None."""
        return b""

    def ocr(self, path: Path, media_type: str, page: int, name: str) -> OcrPage:  # noqa: ARG002
        """The sha256 of the file, which is its name where it is kept."""
        text = f"Scanned report {path.name}"
        element = Element(kind=ElementKind.PARAGRAPH, page=page, start=0, end=len(text))
        read = Page(number=page, text=text, text_source=TextSource.OCR)
        return OcrPage(page=read, elements=(element,))


class SlowEmbedder(FakeEmbedder):
    """Gives kills the time to come in the midst of embedding."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """As a model would, in time."""
        time.sleep(SECONDS_PER_PASSAGE * len(texts))
        return super().embed_passages(texts)


def command(log: Path, argv: list[str], fails: "Failure | None" = None) -> None:
    """Run a command as the leader of a process group; what it says goes to `log`.

    The exit status is NONE_FAILED where no write was left to fail.
    """
    os.setpgid(0, 0)
    with log.open("wb") as target:
        os.dup2(target.fileno(), 1)
        os.dup2(target.fileno(), 2)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    status = failing(argv, fails) if fails else main(argv, embedder=SlowEmbedder())
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def failing(argv: list[str], fails: "Failure") -> int:
    """Run a command one of whose writes fails."""
    sandbox.ReadingProcess = lambda **_: QuickReader()  # type: ignore[assignment,misc]
    writes = FailingWrites(fails)
    writes.begin()
    status = main(argv, embedder=FakeEmbedder())
    return status if writes.failed or not fails.number else NONE_FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The number of the write that fails, none for 0; whether all after it fail as well, and
    whether the disk is then full or broken, or the process killed."""

    number: int = 0
    onwards: bool = False
    full: bool = False
    kills: bool = False


class FailingWrites:
    """Lets the Nth write fail, at the edges where Quire meets files, SQLite and Chroma.

    Not covered: writes of the reading process, and a part of a write within SQLite or Chroma.
    """

    def __init__(self, failure: Failure) -> None:
        self.failed = False
        self._failure = failure
        self._count = 0

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
        self._count += 1
        number = self._failure.number
        due = self._count == number or (self._failure.onwards and self._count > number)
        self.failed = self.failed or due
        if due and self._failure.kills:
            os.kill(os.getpid(), signal.SIGKILL)
        return due

    def _statement(self, _: Connection, __: Any, statement: str, *___: Any) -> None:
        if statement.lstrip().upper().startswith(CHANGES) and self._is_due():
            raise self._sql_error(statement)

    def _commit(self, connection: Connection) -> None:
        if connection.get_execution_options().get("writes") and self._is_due():
            raise self._sql_error("COMMIT")

    def _sql_error(self, statement: str) -> Exception:
        told = "database or disk is full" if self._failure.full else "disk I/O error"
        return OperationalError(statement, {}, sqlite3.OperationalError(told))

    def _os_error(self) -> Exception:
        number = errno.ENOSPC if self._failure.full else errno.EIO
        return OSError(number, os.strerror(number))

    def _chroma_error(self) -> Exception:
        from chromadb.errors import InternalError

        return InternalError("database or disk is full" if self._failure.full else "disk I/O error")
