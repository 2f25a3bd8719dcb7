"""A stand-in for Ollama: a real HTTP server on loopback that speaks the part of its API we use.

Written from Ollama's wire format (fields, statuses, error texts); tests compare its shapes with
recordings. Everything may be changed while it runs:

    with OllamaDouble() as server:
        server.address                     # http://127.0.0.1:PORT
        server.reply = ["Hello", " you."]  # or a function of the messages; see `reply` below
        server.trouble = BUSY              # the next chats are refused; from tests.ollama_wire
        server.requests[-1].body           # what was asked
"""

import json
import re
import select
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self

from tests.ollama_wire import (
    CREATED_AT,
    JSON,
    MISSING,
    NDJSON,
    NO_THINKING,
    NOT_CHAT,
    TOO_LONG,
    UNAUTHORIZED,
    Json,
    Messages,
    Trouble,
    counts,
    model_entry,
    says,
    tokens,
    window,
)

Reply = Sequence[str] | Callable[[Messages], list[str]]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: Json


def reply(messages: Messages) -> list[str]:
    """The first sentence of passage [1] in the last message, cited; in pieces of a word."""
    question = messages[-1]["content"] if messages else ""
    passage = re.search(r"^\[1\](.*?)(?=^\[\d+\]|^\s*$|\Z)", question, re.MULTILINE | re.DOTALL)
    if passage is None:
        return ["I", " do", " not", " know."]
    lines = [line.strip() for line in passage[1].strip().splitlines()]
    # Of several lines the first is the document's name.
    text = " ".join(lines[1:] or lines)
    sentence = re.split(r"(?<=[.!?])\s", text)[0].rstrip(".!?")
    return [*re.findall(r"\s*\S+", sentence), " [1]", "."]


@dataclass(kw_only=True)
class OllamaDouble:
    """The server. `with` starts it on a free port and ends it; fields may change meanwhile."""

    models: Sequence[str | Json] = ("qwen3:4b",)
    reply: Reply = reply
    thinking: Sequence[str] = ()
    delay: float = 0.0
    """Seconds before each piece."""
    gated: bool = False
    """Hold every chat, as while a model loads, until `open_gate`."""
    ending: Literal["done", "silent", "error", "cut"] = "done"
    """How the stream ends: with its last line, without one, with a line of an error, in a line."""
    stop_reason: str = "an error was encountered while running the model: CUDA error"
    trouble: Trouble | None = None
    elsewhere: bool = False
    """Answer as some other web server, with HTML."""
    forbidden: bool = False
    """Refuse the host name: 403 with nothing else, everywhere."""
    refuses_long: bool = False
    """Answer 400 to a prompt beyond num_ctx; else it is cut and answered without a sign."""
    version: str = "0.31.2"
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
        return [asked for asked in self.requests if asked.path == "/api/chat"]

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
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
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

    def rows(self) -> list[Json]:
        """The rows of /api/tags."""
        return [model_entry(one) if isinstance(one, str) else one for one in self.models]

    def refusal(self, asked: Json) -> Trouble | None:
        """Why this chat gets no answer, if so."""
        row = next((row for row in self.rows() if _same(row["name"], asked["model"])), None)
        if self.trouble or row is None:
            return self.trouble or MISSING
        if row.get("remote_host"):
            return UNAUTHORIZED
        if row["capabilities"] == ["embedding"]:
            return NOT_CHAT
        if asked.get("think") and "thinking" not in row["capabilities"]:
            return NO_THINKING
        too_long = tokens(asked["messages"]) > window(asked)
        return TOO_LONG if too_long and self.refuses_long else None

    def lines(self, asked: Json) -> Iterator[Json]:
        """The lines of the answer to a chat."""
        start = {"model": asked["model"], "created_at": CREATED_AT}
        if not asked["messages"]:
            yield {**start, "message": says(""), "done": True, "done_reason": "load"}
            return
        room = asked.get("options", {}).get("num_predict", -1)
        said = [*({"thinking": thought} for thought in self.thinking), *self._contents(asked)]
        kept = said if room < 0 else said[:room]
        for message in kept:
            yield {**start, "message": says("") | message, "done": False}
        if self.ending == "error":
            yield {"error": self.stop_reason}
        elif self.ending == "done":
            ended = {"done": True, "done_reason": "stop" if kept == said else "length"}
            yield {**start, "message": says(""), **ended, **counts(asked, len(kept))}

    def _contents(self, asked: Json) -> list[Json]:
        pieces = self.reply(asked["messages"]) if callable(self.reply) else self.reply
        return [{"content": piece} for piece in pieces]

    def note(self, asked: Asked) -> None:
        """Keep what was asked."""
        self.requests.append(asked)
        if asked.path == "/api/chat":
            self._arrived.set()

    def hold(self, connection: socket.socket) -> bool:
        """Wait for the gate and the delay; False if the client hung up meanwhile."""
        while self.gated and not self._gate.wait(0.01):
            if _is_closed(connection):
                self._hung_up.set()
                return False
        self._over.wait(self.delay)
        return not self._over.is_set()

    def hung_up(self) -> None:
        """A write found no reader."""
        self._hung_up.set()


def _handler(double: OllamaDouble) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve({"/api/version": self._version, "/api/tags": self._tags, "/": self._root})

        def do_POST(self) -> None:
            self._serve({"/api/chat": self._chat})

        def _serve(self, routes: dict[str, Callable[[Json], None]]) -> None:
            length = int(self.headers.get("content-length", 0))
            body = json.loads(self.rfile.read(length) or b"{}")
            double.note(
                Asked(method=self.command, path=self.path, headers=dict(self.headers), body=body)
            )
            if double.forbidden:
                self._send(403, None, b"")
            elif double.elsewhere:
                self._send(200, "text/html", b"<!DOCTYPE html><title>Welcome</title>")
            else:
                routes.get(self.path, self._unknown)(body)

        def _version(self, _: Json) -> None:
            self._send_json(200, {"version": double.version})

        def _tags(self, _: Json) -> None:
            self._send_json(200, {"models": double.rows()})

        def _root(self, _: Json) -> None:
            self._send(200, "text/plain; charset=utf-8", b"Ollama is running")

        def _unknown(self, _: Json) -> None:
            self._send(404, "text/plain", b"404 page not found")

        def _chat(self, asked: Json) -> None:
            trouble = double.refusal(asked)
            if trouble is not None:
                error = trouble.error.format(model=asked["model"])
                self._send_json(trouble.status, {"error": error, **trouble.more})
            elif not asked["messages"]:
                self._send_json(200, next(double.lines(asked)))
            elif double.hold(self.connection):
                self._stream(asked)
            else:
                self.close_connection = True

        def _stream(self, asked: Json) -> None:
            try:
                self._send_head(200, {"content-type": NDJSON, "transfer-encoding": "chunked"})
                for line in double.lines(asked):
                    if not double.hold(self.connection):
                        self.close_connection = True
                        return
                    self._send_chunk(json.dumps(line, ensure_ascii=False).encode() + b"\n")
                self._send_end()
            except OSError:
                double.hung_up()
                self.close_connection = True

        def _send_end(self) -> None:
            if double.ending == "cut":
                self.wfile.write(b'20\r\n{"model":"')
                self.close_connection = True
            else:
                self.wfile.write(b"0\r\n\r\n")

        def _send_chunk(self, data: bytes) -> None:
            if _is_closed(self.connection):
                raise BrokenPipeError
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

        def _send_json(self, status: int, value: Json) -> None:
            self._send(status, JSON, json.dumps(value).encode())

        def _send(self, status: int, kind: str | None, body: bytes) -> None:
            kinds = {"content-type": kind} if kind else {}
            self._send_head(status, {**kinds, "content-length": str(len(body))})
            self.wfile.write(body)

        def _send_head(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: the requests are kept."""

    return Handler


def _same(name: str, asked: str) -> bool:
    return name.lower() in (asked.lower(), f"{asked.lower()}:latest")


def _is_closed(connection: socket.socket) -> bool:
    """Whether the other side has hung up; a client that waits sends nothing."""
    readable, _, _ = select.select([connection], [], [], 0)
    try:
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True
