"""Turns what SQLite raises into our errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from kb.domain.errors import DiskFullError, StorageError


@contextmanager
def translated() -> Iterator[None]:
    """Raise DiskFullError or StorageError in place of a database error."""
    try:
        yield
    except DBAPIError as error:
        if "full" in str(error.orig):
            raise DiskFullError(
                "The disk is full, so nothing was changed.", advice="Free some space and try again."
            ) from error
        raise StorageError(
            f"The record store did not serve: {error.orig}.",
            advice="Check the data folder and its disk.",
        ) from error
