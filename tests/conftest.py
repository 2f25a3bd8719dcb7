"""What many tests share."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.adapters.embedding import EmbeddingProcess
from kb.bootstrap import App
from tests.connections.watch import is_here, on_connection
from tests.open_apps import opened

_gone_to: list[str] = []


def _forbid(event: str, host: str) -> None:
    if is_here(host):
        return
    if host.endswith(".invalid"):
        # Nobody ever has such a name, so it need not be asked for.
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    _gone_to.append(f"{event} {host}")
    raise ConnectionRefusedError(f"A test may not reach {host}.")


on_connection(_forbid)


@pytest.fixture(autouse=True)
def stays_here() -> Iterator[None]:
    """Fail a test that tries to reach beyond this machine."""
    _gone_to.clear()
    yield
    assert not _gone_to


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
