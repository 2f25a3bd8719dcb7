"""A stand-in for Ollama: a real HTTP server on loopback that speaks the part of its API we use.

Written from Ollama's wire format (fields, statuses, error texts); tests compare its shapes with
recordings. Everything may be changed while it runs:

    with OllamaDouble() as server:
        server.address                     # http://127.0.0.1:PORT
        server.reply = ["Hello", " you."]  # or a function of the messages; see `reply` below
        server.trouble = BUSY              # the next chats are refused; from tests.ollama_wire
        server.requests[-1].body           # what was asked
        server.pulling.delay = 0.05        # a download that can be watched and cancelled
        server.pulling.held = True         # one that waits half way until this is False again
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from itertools import chain
from typing import ClassVar, Literal

from tests.model_double import Asked, ModelDouble, Routes, Speaking
from tests.ollama_pulling import Pulling
from tests.ollama_wire import (
    CREATED_AT,
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
    loaded_entry,
    model_entry,
    says,
    shown,
    tokens,
    window,
)

Reply = Sequence[str] | Callable[[Messages], list[str]]

__all__ = ["Asked", "OllamaDouble", "Reply", "reply"]


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
class OllamaDouble(ModelDouble):
    """The server. `with` starts it on a free port and ends it; fields may change meanwhile."""

    chat_path: ClassVar[str] = "/api/chat"

    models: Sequence[str | Json] = ("qwen3:4b",)
    reply: Reply = reply
    thinking: Sequence[str] = ()
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
    loaded: dict[str, int] = field(default_factory=dict)
    """The loaded models' windows; a chat loads its model."""
    trained_window: int | None = 32768
    """What /api/show tells of every model."""
    pulling: Pulling = field(default_factory=Pulling)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._changing = threading.Lock()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """What answers a connection."""
        return type("Handler", (_Handler,), {"double": self})

    def rows(self) -> list[Json]:
        """The rows of /api/tags."""
        return [model_entry(one) if isinstance(one, str) else one for one in self.models]

    def row(self, name: str) -> Json | None:
        """The row of the model that is meant by a name."""
        return next((row for row in self.rows() if _same(row["name"], name)), None)

    def install(self, name: str) -> None:
        """Have one model more."""
        with self._changing:
            if self.row(name) is None:
                self.models = [*self.models, name if ":" in name else f"{name}:latest"]

    def remove(self, name: str) -> bool:
        """Have one model less; False where there is none of that name."""
        with self._changing:
            gone = self.row(name)
            self.models = [row for row in self.rows() if row is not gone and row != gone]
        return gone is not None

    def refusal(self, asked: Json) -> Trouble | None:
        """Why this chat gets no answer, if so."""
        row = self.row(asked["model"])
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


class _Handler(Speaking):
    double: ClassVar[OllamaDouble]

    def routes(self) -> Routes:
        return {
            ("GET", "/"): self._root,
            ("GET", "/api/version"): self._version,
            ("GET", "/api/tags"): self._tags,
            ("GET", "/api/ps"): self._ps,
            ("POST", "/api/show"): self._show,
            ("POST", "/api/chat"): self._chat,
            ("POST", "/api/pull"): self._pull,
            ("DELETE", "/api/delete"): self._delete,
        }

    def refused(self) -> bool:
        if self.double.forbidden:
            self.send(403, None, b"")
        elif self.double.elsewhere:
            self.send(200, "text/html", b"<!DOCTYPE html><title>Welcome</title>")
        return self.double.forbidden or self.double.elsewhere

    def unknown(self, body: Json) -> None:
        self.send(404, "text/plain", b"404 page not found")

    def _root(self, _: Json) -> None:
        self.send(200, "text/plain; charset=utf-8", b"Ollama is running")

    def _version(self, _: Json) -> None:
        self.send_json(200, {"version": self.double.version})

    def _tags(self, _: Json) -> None:
        self.send_json(200, {"models": self.double.rows()})

    def _ps(self, _: Json) -> None:
        rows = [loaded_entry(name, window) for name, window in self.double.loaded.items()]
        self.send_json(200, {"models": rows})

    def _show(self, asked: Json) -> None:
        if self.double.row(asked["model"]) is None:
            self._refuse(MISSING, asked)
        else:
            self.send_json(200, shown(self.double.trained_window))

    def _chat(self, asked: Json) -> None:
        trouble = self.double.refusal(asked)
        if trouble is not None:
            self._refuse(trouble, asked)
        elif not asked["messages"]:
            self.send_json(200, next(self.double.lines(asked)))
        elif self.double.hold(self.connection):
            self.double.loaded[asked["model"]] = window(asked)
            lines = map(_line, self.double.lines(asked))
            self.stream(NDJSON, lines, self.double.hold, self.double.ending)
        else:
            self.close_connection = True

    def _pull(self, asked: Json) -> None:
        pulling = self.double.pulling
        lines = pulling.lines(asked["model"], self.double.install)
        self.stream(
            NDJSON,
            chain([pulling.first] * bool(pulling.first), map(_line, lines)),
            lambda connection: self.double.wait(connection, pulling.is_held, pulling.delay),
            "done",
        )

    def _delete(self, asked: Json) -> None:
        if self.double.remove(asked["model"]):
            self.send(200, None, b"")
        else:
            self._refuse(MISSING, asked)

    def _refuse(self, trouble: Trouble, asked: Json) -> None:
        error = trouble.error.format(model=asked["model"])
        self.send_json(trouble.status, {"error": error, **trouble.more})


def _line(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _same(name: str, asked: str) -> bool:
    return name.lower() in (asked.lower(), f"{asked.lower()}:latest")
