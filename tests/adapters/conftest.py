"""Fixtures of several tests of adapters."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.adapters.sql.database import SqlRecords
from kb.domain.documents import KnowledgeBase
from tests.adapters.record_maker import kept_base


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecords]:
    one = SqlRecords(tmp_path / "quire.sqlite")
    yield one
    one.close()


@pytest.fixture
def base(records: SqlRecords) -> KnowledgeBase:
    return kept_base(records)
