"""What many tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.adapters.embedding import EmbeddingProcess
from kb.bootstrap import App
from tests.open_apps import opened


@pytest.fixture(scope="session")
def real_embedder() -> Iterator[EmbeddingProcess]:
    """The bundled model, loaded once."""
    embedder = EmbeddingProcess("", threads=1)
    yield embedder
    embedder.close()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """An empty App with fakes for the models."""
    with opened(tmp_path / "home") as one:
        yield one
