"""Connections to checked addresses, with an end in time and in bytes."""

import io
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Thread

from kb.adapters.web_addresses import IpAddress
from kb.domain.errors import LimitError

Resolve = Callable[[str, int], Sequence[str]]

MOST_TRIED_ADDRESSES = 4
SECONDS_TO_CONNECT = 5.0


class Line:
    """What http.client takes for a socket, with an end in time and in bytes received."""

    def __init__(self, connected: socket.socket, *, until: float, most_bytes: int) -> None:
        self._connected = connected
        self.until = until
        self.bytes_left = most_bytes

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        self._connected.settimeout(left(self.until))
        self._connected.sendall(data)

    def receive_into(self, buffer: memoryview) -> int:
        """What `recv_into` of a socket does."""
        self._connected.settimeout(left(self.until))
        count = self._connected.recv_into(buffer)
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise LimitError("The server sends more than a page may have.")
        return count

    def makefile(self, _: str) -> io.BufferedReader:
        """The bytes that come in."""
        return io.BufferedReader(_Incoming(self))

    def close(self) -> None:
        """Whoever made the connection ends it."""


class _Incoming(io.RawIOBase):
    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._line.receive_into(buffer)


def resolved(host: str, port: int) -> list[str]:
    """The addresses that this machine knows for a host. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def left(until: float) -> float:
    """Seconds that are left. Raises TimeoutError where there are none."""
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def within(seconds: float, ask: Callable[[], Sequence[str]]) -> Sequence[str]:
    """What the resolver says; the system's own may block for minutes. Raises TimeoutError."""
    answer: Future[Sequence[str]] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except Exception as error:  # noqa: BLE001 - handed to whoever waits
            answer.set_exception(error)

    Thread(target=run, name="web-resolve", daemon=True).start()
    return answer.result(seconds)


def connection(checked: Sequence[IpAddress], port: int, until: float) -> socket.socket:
    """A connection to the first address that takes one. Raises OSError."""
    failed: OSError = TimeoutError()
    for ip in checked[:MOST_TRIED_ADDRESSES]:
        try:
            return _connected(ip, port, min(SECONDS_TO_CONNECT, left(until)))
        except OSError as error:
            failed = error
    raise failed


def _connected(ip: IpAddress, port: int, seconds: float) -> socket.socket:
    connected = socket.socket(socket.AF_INET if ip.version == 4 else socket.AF_INET6)
    try:
        connected.settimeout(seconds)
        connected.connect((str(ip), port))
    except OSError:
        connected.close()
        raise
    return connected
