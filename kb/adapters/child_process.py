"""A module of ours in a process of its own, which answers one request after the other.

A request is one line of JSON on its standard input. A reply is frames on its standard output:
each its length as eight bytes, then its body. What it says on standard error is logged.
"""

import contextlib
import logging
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

import kb
from kb.domain import errors
from kb.domain.errors import QuireError

MAX_FRAME_BYTES = 512 * 1024 * 1024
SECONDS_TO_END = 5.0

_LENGTH = struct.Struct(">Q")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error of `kb.domain.errors` by its name."""

    kind: str
    what: str
    subject: str = ""
    advice: str = ""


class ChildProcess:
    """Starts at the first request, and anew after it has ended. Threads wait for each other."""

    def __init__(
        self, module: str, *arguments: str, environment: Callable[[], dict[str, str]]
    ) -> None:
        self._command = [sys.executable, "-m", module, *arguments]
        self._environment = environment
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The number of the process, None while there is none."""
        child = self._child
        return child.pid if child else None

    def start(self) -> None:
        """Begin without waiting for an answer."""
        with self._lock:
            self._running()

    def ask(
        self,
        line: bytes,
        *,
        frames: int = 1,
        seconds: float = threading.TIMEOUT_MAX,
        max_bytes: int = MAX_FRAME_BYTES,
    ) -> list[bytes]:
        """The frames that answer a line. A child that fails at it is ended.

        Raises EOFError if it ended first, TimeoutError, OverflowError for a frame too large.
        """
        with self._lock:
            child = self._running()
            timer = _KillTimer(child, seconds)
            try:
                with timer:
                    return _exchange(child, line, frames, max_bytes)
            except BaseException as error:
                # What it says later would be taken for the answer to another request.
                self._end()
                if timer.fired:
                    raise TimeoutError from error
                if isinstance(error, OSError):
                    raise EOFError from error
                raise

    def close(self) -> None:
        """End the process; the next request starts a new one."""
        child = self._child
        if child is not None:
            # Whoever waits for its answer holds the lock.
            child.kill()
        with self._lock:
            self._end()

    def rest(self) -> bool:
        """End the process unless someone waits for its answer; whether it has ended."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self._end()
        finally:
            self._lock.release()
        return True

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._end()
            self._child = self._started()
        return self._child

    def _started(self) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment(),
            cwd=package_root(),
        )
        threading.Thread(
            target=_log_lines, args=(child.stderr,), name="child-log", daemon=True
        ).start()
        return child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait(SECONDS_TO_END)
        for pipe in _pipes(child):
            # A request that was not sent whole is tried once more here, in vain.
            with contextlib.suppress(OSError):
                pipe.close()


class _KillTimer:
    """Kills a child that takes too long; killing ends its pipes, on every system alike."""

    def __init__(self, child: subprocess.Popen[bytes], seconds: float) -> None:
        self.fired = False
        self._child = child
        self._timer = threading.Timer(seconds, self._fire)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _fire(self) -> None:
        self.fired = True
        self._child.kill()


def package_root() -> Path:
    """The folder that holds the package `kb`."""
    return Path(str(kb.__file__)).resolve().parent.parent


def python_path(environment: Mapping[str, str]) -> str:
    """A PYTHONPATH by which a child finds the package from anywhere."""
    return os.pathsep.join(filter(None, [str(package_root()), environment.get("PYTHONPATH")]))


def take_stdout() -> BinaryIO:
    """The real standard output; whatever libraries print goes to standard error from now on."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return replies


def write_frame(stream: BinaryIO, body: bytes) -> None:
    """Send one frame."""
    stream.write(_LENGTH.pack(len(body)))
    stream.write(body)
    stream.flush()


def read_frame(stream: IO[bytes], max_bytes: int = MAX_FRAME_BYTES) -> bytes:
    """The next frame. Raises EOFError where the stream ends first, OverflowError."""
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    if length > max_bytes:
        raise OverflowError(f"a frame of {length} bytes")
    return _exactly(stream, length)


def as_failure(error: QuireError) -> Failure:
    """What a child tells of an error."""
    return Failure(
        kind=type(error).__name__, what=error.what, subject=error.subject, advice=error.advice
    )


def as_error(failure: Failure, otherwise: type[QuireError]) -> QuireError:
    """The error that a child named; `otherwise` where there is none of that name."""
    kind = getattr(errors, failure.kind, None)
    if not (isinstance(kind, type) and issubclass(kind, QuireError)):
        kind = otherwise
    return kind(failure.what, subject=failure.subject, advice=failure.advice)


def _exchange(
    child: subprocess.Popen[bytes], line: bytes, frames: int, max_bytes: int
) -> list[bytes]:
    stdin, stdout = _pipes(child)
    stdin.write(line)
    stdin.flush()
    return [read_frame(stdout, max_bytes) for _ in range(frames)]


def _pipes(child: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    return cast(IO[bytes], child.stdin), cast(IO[bytes], child.stdout)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    body = stream.read(size)
    if len(body) < size:
        raise EOFError
    return body


def _log_lines(stderr: IO[bytes]) -> None:
    """Drain the child's standard error, so that it never waits for us."""
    with stderr:
        for line in stderr:
            log.debug("%s", line.decode("utf-8", "replace").rstrip())
