"""Reads files in a child process, so that a file which breaks its parser breaks nothing else."""

import base64
import binascii
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Thread, Timer
from typing import IO

from pydantic import ValidationError

import kb
from kb.adapters.readers.frames import (
    MAX_FRAME_BYTES,
    REPLY,
    REQUEST,
    Failure,
    Reply,
    Request,
    read_frame,
)
from kb.domain import errors
from kb.domain.documents import ParsedDocument
from kb.domain.errors import LimitError, QuireError, ReaderCrashedError

CHILD_MODULE = "kb.adapters.readers.child"
KEPT_VARIABLES = frozenset(
    {"PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TEMP", "TMP", "VIRTUAL_ENV"}
    | {"SYSTEMROOT", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONWARNINGS"}
)
SECONDS_TO_END = 5.0

logger = logging.getLogger(__name__)


class ReadingProcess:
    """A Reader whose parsers run in a process of their own, kept for many files.

    One file at a time: callers from other threads wait.
    """

    def __init__(
        self,
        *,
        seconds: float = 600.0,
        max_reply_bytes: int = MAX_FRAME_BYTES,
        child_module: str = CHILD_MODULE,
    ) -> None:
        self._seconds = seconds
        self._max_reply_bytes = max_reply_bytes
        self._child_module = child_module
        self._lock = Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def read(self, path: Path, media_type: str, name: str) -> ParsedDocument:
        """Read one file. Raises IngestionError."""
        request = Request(path=str(path.absolute()), media_type=media_type, name=printable(name))
        with _told_of(name):
            document = self._ask(request).document
            if document is None or not is_sound(document):
                raise ReaderCrashedError("The reader gave back something that is no document.")
            return document

    def page_picture(self, path: Path, page: int, scale: float = 1.0) -> bytes:
        """PNG of a page of a PDF, at most 4000 pixels a side. Raises IngestionError."""
        request = Request(op="picture", path=str(path.absolute()), page=page, scale=scale)
        picture = self._ask(request).picture
        if picture is None:
            raise ReaderCrashedError("The reader gave back no picture.")
        try:
            return base64.b64decode(picture, validate=True)
        except binascii.Error as error:
            raise ReaderCrashedError("The reader gave back no picture.") from error

    @property
    def pid(self) -> int | None:
        """The number of the process, None while there is none."""
        return self._child.pid if self._child else None

    def close(self) -> None:
        """End the process; the next file starts a new one."""
        child = self._child
        if child is not None:
            # Whoever waits for its answer holds the lock.
            child.kill()
        with self._lock:
            self._end()

    def _ask(self, request: Request) -> Reply:
        line = REQUEST.dump_json(request, ensure_ascii=True) + b"\n"
        with self._lock:
            body = self._exchange(line)
        try:
            reply = REPLY.validate_json(body)
        except ValidationError as error:
            raise ReaderCrashedError("The reader gave back something unreadable.") from error
        if reply.error:
            raise as_error(reply.error)
        return reply

    def _exchange(self, line: bytes) -> bytes:
        """Send a request and wait for its frame; a child that fails at it is ended."""
        child = self._running()
        timer = _KillTimer(child, self._seconds)
        try:
            with timer:
                body = self._talk(child, line)
        except LimitError:
            self._end()
            raise
        if body is not None:
            return body
        self._end()
        if timer.fired:
            raise LimitError(f"Reading the file took longer than {_span(self._seconds)}.")
        raise ReaderCrashedError("The reader broke down over the file.")

    def _talk(self, child: subprocess.Popen[bytes], line: bytes) -> bytes | None:
        stdin, stdout = _pipes(child)
        try:
            stdin.write(line)
            stdin.flush()
            return read_frame(stdout, self._max_reply_bytes)  # type: ignore[arg-type]
        except OSError:
            return None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._end()
            self._child = start_child(self._child_module)
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait(SECONDS_TO_END)
        for pipe in _pipes(child):
            _close(pipe)


class _KillTimer:
    """Kills a child that takes too long; killing ends its pipes, on every system alike."""

    def __init__(self, child: subprocess.Popen[bytes], seconds: float) -> None:
        self.fired = False
        self._child = child
        self._timer = Timer(seconds, self._fire)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _fire(self) -> None:
        self.fired = True
        self._child.kill()


def start_child(module: str) -> subprocess.Popen[bytes]:
    """A child process that waits for requests; what it writes to stderr is logged."""
    child = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=child_environment(os.environ),
        cwd=package_root(),
    )
    Thread(target=_log_lines, args=(child.stderr,), name="reader-log", daemon=True).start()
    return child


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What the child may know of ours: no keys and no settings, and nothing phones home."""
    kept = {name: value for name, value in environment.items() if name in KEPT_VARIABLES}
    extra = environment.get("PYTHONPATH")
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, [str(package_root()), extra]))
    return kept | {
        "DO_NOT_TRACK": "1",
        "SCARF_NO_ANALYTICS": "1",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONIOENCODING": "utf-8",
    }


def package_root() -> Path:
    """The folder that holds the package `kb`."""
    return Path(str(kb.__file__)).resolve().parent.parent


def is_sound(document: ParsedDocument) -> bool:
    """Whether pages count from 1 and every element and box lies inside its page's text."""
    if [page.number for page in document.pages] != list(range(1, len(document.pages) + 1)):
        return False
    lengths = [len(page.text) for page in document.pages]
    spans = [(e.page, e.start, e.end) for e in document.elements]
    spans += [(b.page, b.start, b.end) for e in document.elements for b in e.boxes]
    return all(
        1 <= page <= len(lengths) and 0 <= start <= end <= lengths[page - 1]
        for page, start, end in spans
    )


def as_error(failure: Failure) -> QuireError:
    """The error that the child named; an unknown name is a crash."""
    kind = getattr(errors, failure.kind, None)
    if not (isinstance(kind, type) and issubclass(kind, QuireError)):
        kind = ReaderCrashedError
    return kind(failure.what, subject=failure.subject, advice=failure.advice)


def printable(name: str) -> str:
    """A name that can be sent as UTF-8, whatever the file system gave."""
    return name.encode("utf-8", "replace").decode("utf-8")


@contextmanager
def _told_of(name: str) -> Iterator[None]:
    """Put the file's name into errors that lack one."""
    try:
        yield
    except QuireError as error:
        error.subject = name
        raise


def _pipes(child: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if child.stdin is None or child.stdout is None:
        raise ReaderCrashedError("The reader could not be started.")
    return child.stdin, child.stdout


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:
        logger.debug("A pipe to the reader was closed already.")


def _log_lines(stderr: IO[bytes]) -> None:
    """Drain the child's stderr, so that it never waits for us."""
    with stderr:
        for line in stderr:
            logger.debug("reader: %s", line.decode("utf-8", "replace").rstrip())


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:g} seconds"
