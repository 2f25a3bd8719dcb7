"""Works on a data folder and is killed at a chosen point, as by `kill -9`.

`python -m tests.crash.crashing HOME POINT ACTION [ARGUMENT…]`; the point "never" is none, and
"commit N" is just before the Nth change of the records is kept.
"""

import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from kb.bootstrap import App
from kb.cli.main import main as command_line
from kb.ingestion.pipeline import Ingestion
from kb.settings import save_setting
from tests.fake_embedder import FakeEmbedder
from tests.fake_reader import FakeReader
from tests.open_apps import opened, work_off

# Name of the point: (the port, its method, whether the method works first).
POINTS = {
    "before the file is stored": ("files", "put", False),
    "after the file is stored": ("files", "put", True),
    "before the file is read": ("reader", "read", False),
    "after the file is read": ("reader", "read", True),
    "before passages are embedded": ("embedder", "embed_with_tokens", False),
    "after passages are embedded": ("embedder", "embed_with_tokens", True),
    "before OCR reads a page": ("reader", "ocr", False),
    "after OCR has read a page": ("reader", "ocr", True),
    "before vectors are indexed": ("vectors", "upsert", False),
    "after vectors are indexed": ("vectors", "upsert", True),
    "before vectors are deleted": ("vectors", "delete", False),
    "after vectors are deleted": ("vectors", "delete", True),
    "after the file is deleted": ("files", "remove", True),
    "before the collection is dropped": ("vectors", "drop", False),
}

SCANNED = {2: "The scanned bridge was built of oak."}
"""What OCR reads of every document's second page, where that is a picture."""


class Killed:
    """A port one of whose methods ends this process, before or after it has worked."""

    def __init__(self, port: Any, method: str, *, works: bool) -> None:
        self._port, self._method, self._works = port, method, works

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if name != self._method:
            return method

        def last(*values: Any, **named: Any) -> Any:
            # A file that breaks the process is told by its name; no other call has one.
            breaks = self._method != "read" or str(values[2]).startswith("bad")
            if breaks and not self._works:
                kill()
            given = method(*values, **named)
            if breaks:
                kill()
            return given

        return last


@dataclass
class KilledRecords:
    """Records that end this process just before they keep a change."""

    records: Any
    changes_left: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.records, name)

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """One change less."""
        with self.records.writing() as store:
            yield store
            self.changes_left -= 1
            if not self.changes_left:
                kill()


class Cut(io.BytesIO):
    """A stream in whose midst the process ends."""

    def read(self, size: int | None = -1) -> bytes:
        """Something, then never again."""
        if self.tell():
            kill()
        return super().read(1)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(app: App, point: str) -> None:
    """Let the point kill."""
    use_fakes(app)
    if point.startswith("commit "):
        app.records = cast(Any, KilledRecords(app.records, int(point.split()[1])))
    if point not in POINTS:
        return
    port, method, works = POINTS[point]
    ports: dict[str, Any] = {
        "files": app.files,
        "vectors": app.vectors,
        "reader": app.ingestion.reader,
        "embedder": app.ingestion.embedder,
    }
    ports[port] = Killed(ports[port], method, works=works)
    app.files = ports["files"]
    app.indexes = replace(app.indexes, files=ports["files"], vectors=ports["vectors"])
    embedder = ports["embedder"]
    app.ingestion = Ingestion(reader=ports["reader"], embedder=embedder, bulk_embedder=embedder)


def use_fakes(app: App) -> None:
    """Read texts whose pages may be pictures."""
    embedder = FakeEmbedder()
    reader = FakeReader(said=dict(SCANNED))
    app.ingestion = Ingestion(reader=reader, embedder=embedder, bulk_embedder=embedder)


def act(app: App, action: str, arguments: list[str]) -> None:
    """Do one thing as a person would, then all queued work."""
    workspace = app.workspace()
    base = workspace.knowledge_bases.first()
    if action == "add":
        for path in map(Path, arguments):
            workspace.documents.add(base.id, path.name, io.BytesIO(path.read_bytes()))
    elif action == "add cut":
        workspace.documents.add(base.id, "cut.txt", Cut(b"x" * 100))
    elif action == "remove":
        for listed in workspace.documents.listed(base.id):
            if listed.document.name in arguments:
                workspace.documents.remove(listed.document.id)
    elif action == "delete":
        workspace.knowledge_bases.delete(base.id)
    work_off(app)


def save(home: Path, value: str) -> None:
    """Change a setting and be killed just before the change takes its place."""

    def watch(event: str, details: tuple[Any, ...]) -> None:
        if event == "os.rename" and str(details[1]).endswith("settings.json"):
            kill()

    sys.addaudithook(watch)
    save_setting(home, "chat_model", value)


def main(home: Path, point: str, action: str, arguments: list[str]) -> int:
    if action == "nothing":
        return 0
    if action == "save":
        save(home, *arguments)
    if action == "command":
        return command_line(["--home", str(home), *arguments], embedder=FakeEmbedder())
    with opened(home) as app:
        app.indexes.mend()
        arm(app, point)
        act(app, action, arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]))
