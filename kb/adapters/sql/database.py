"""Opens the database, brings its tables up to date, and hands out transactions."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text

from kb.adapters.sql.conversations import SqlConversations
from kb.adapters.sql.documents import SqlDocuments
from kb.adapters.sql.errors import translated
from kb.adapters.sql.jobs import SqlJobs
from kb.adapters.sql.knowledge_bases import SqlKnowledgeBases
from kb.adapters.sql.receipts import SqlReceipts
from kb.adapters.sql.sources import SqlSources
from kb.domain.errors import StorageError

BUSY_SECONDS = 30
CACHE_KB = 32_000
"""What a connection keeps of the file: with a million passages, the 2 MB that SQLite would keep
are read anew for each question (`python -m bench.scale`)."""

NEWEST = "0010"
"""The last revision in `migrations`."""


class SqlTransaction:
    """All stores over one connection."""

    def __init__(self, connection: Connection) -> None:
        self.knowledge_bases = SqlKnowledgeBases(connection)
        self.documents = SqlDocuments(connection)
        self.jobs = SqlJobs(connection)
        self.conversations = SqlConversations(connection)
        self.receipts = SqlReceipts(connection)
        self.sources = SqlSources(connection)


class SqlRecords:
    """The record store in one SQLite file (WAL, synchronous FULL)."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.engine = _engine(path)
        with translated():
            migrate(self.engine)

    @contextmanager
    def reading(self) -> Iterator[SqlTransaction]:
        """A consistent view; other readers and the writer go on."""
        with translated(), self.engine.begin() as connection:
            yield SqlTransaction(connection)

    @contextmanager
    def writing(self) -> Iterator[SqlTransaction]:
        """Changes that are kept together or not at all; one writer at a time."""
        with (
            translated(),
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield SqlTransaction(connection)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def migrate(engine: Engine, to: str = NEWEST) -> None:
    """Bring the tables to a revision. Raises StorageError where it is not known."""
    # Alembic takes longer to import than all else at a start, and has seldom anything to do.
    if _revision(engine) == to:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, to)
        except CommandError as error:
            raise StorageError(
                "The data folder was made by another version of Quire.",
                advice="Use that one, or a newer one.",
            ) from error


def _revision(engine: Engine) -> str | None:
    with engine.begin() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return None if revision is None else str(revision)


def _engine(path: Path) -> Engine:
    url = URL.create("sqlite", database=str(path))
    # The connection that was used last has the warmest cache.
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, pool_use_lifo=True)

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _: Any) -> None:
        # The driver's own transaction handling would begin late and commit early.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA cache_size=-{CACHE_KB}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer that begins as a reader could not wait for its turn later.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
