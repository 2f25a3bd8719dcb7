"""What stand-ins for model servers share: a real HTTP server on loopback that can be watched."""

import json
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self

from tests.ollama_wire import JSON, Json

Routes = dict[tuple[str, str], Callable[[Json], None]]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: Json


@dataclass(kw_only=True)
class ModelDouble:
    """The server. `with` starts it on a free port and ends it; fields may change meanwhile."""

    chat_path: ClassVar[str]

    delay: float = 0.0
    """Seconds before each piece."""
    gated: bool = False
    """Hold every chat, as while a model loads, until `open_gate`."""
    requests: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._gate = threading.Event()
        self._over = threading.Event()
        self._hung_up = threading.Event()
        self._arrived = threading.Event()

    @property
    def address(self) -> str:
        """Where it listens, as http://127.0.0.1:PORT."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def chats(self) -> list[Asked]:
        """The requests for an answer, in order."""
        return [asked for asked in self.requests if asked.path == self.chat_path]

    def open_gate(self) -> None:
        """Let the held chats go on."""
        self._gate.set()

    def close_gate(self) -> None:
        """Hold every chat from now on, until `open_gate`."""
        self._gate.clear()
        self.gated = True

    def wait_for_chat(self, seconds: float = 10) -> bool:
        """Wait until a chat has come in."""
        return self._arrived.wait(seconds)

    def wait_for_hang_up(self, seconds: float = 10) -> bool:
        """Wait until a client has closed its connection before the answer's end."""
        return self._hung_up.wait(seconds)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """What answers a connection."""
        raise NotImplementedError

    def note(self, asked: Asked) -> None:
        """Keep what was asked."""
        self.requests.append(asked)
        if asked.path == self.chat_path:
            self._arrived.set()

    def hold(self, connection: socket.socket) -> bool:
        """Wait for the gate and the delay; False if the client hung up meanwhile."""
        return self.wait(connection, lambda: self.gated and not self._gate.is_set(), self.delay)

    def wait(self, connection: socket.socket, held: Callable[[], bool], seconds: float) -> bool:
        """Wait while it is held, then these seconds; False if the client hung up meanwhile."""
        while held() and not self._over.wait(0.01):
            if _is_closed(connection):
                self.hung_up()
                return False
        self._over.wait(seconds)
        return not self._over.is_set()

    def hung_up(self) -> None:
        """A write found no reader."""
        self._hung_up.set()


class Speaking(BaseHTTPRequestHandler):
    """Answers requests by the double's routes."""

    protocol_version = "HTTP/1.1"
    double: ClassVar[Any]

    def routes(self) -> Routes:
        """What is called for each method and path."""
        raise NotImplementedError

    def unknown(self, body: Json) -> None:
        """Answer for any other path."""
        raise NotImplementedError

    def refused(self) -> bool:
        """Whether the request was answered before it was looked at."""
        return False

    def handle(self) -> None:
        """Answer until the client hangs up, however it does."""
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        """Answer one request."""
        self._answer()

    def do_POST(self) -> None:
        """Answer one request."""
        self._answer()

    def do_DELETE(self) -> None:
        """Answer one request."""
        self._answer()

    def _answer(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = json.loads(self.rfile.read(length) or b"{}")
        self.double.note(
            Asked(method=self.command, path=self.path, headers=dict(self.headers), body=body)
        )
        try:
            if not self.refused():
                self.routes().get((self.command, self.path), self.unknown)(body)
        except OSError:
            self.double.hung_up()
            self.close_connection = True

    def stream(
        self, kind: str, chunks: Iterator[bytes], hold: Callable[[socket.socket], bool], ending: str
    ) -> None:
        """Send the chunks as they come, each held before; a `cut` ending leaves half of one."""
        self.send_head(200, {"content-type": kind, "transfer-encoding": "chunked"})
        for chunk in chunks:
            if not hold(self.connection):
                self.close_connection = True
                return
            self._send_chunk(chunk)
        self.wfile.write(b'20\r\n{"model":"' if ending == "cut" else b"0\r\n\r\n")
        self.close_connection = ending == "cut"

    def _send_chunk(self, data: bytes) -> None:
        if _is_closed(self.connection):
            raise BrokenPipeError
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def send_json(self, status: int, value: Json) -> None:
        """Send a whole answer."""
        self.send(status, JSON, json.dumps(value).encode())

    def send(self, status: int, kind: str | None, body: bytes) -> None:
        """Send a whole answer of some kind."""
        kinds = {"content-type": kind} if kind else {}
        self.send_head(status, {**kinds, "content-length": str(len(body))})
        self.wfile.write(body)

    def send_head(self, status: int, headers: dict[str, str]) -> None:
        """Send all that comes before the body."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the requests are kept."""


def _is_closed(connection: socket.socket) -> bool:
    """Whether the other side has hung up; a client that waits sends nothing."""
    readable, _, _ = select.select([connection], [], [], 0)
    try:
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True
