"""A stand-in for OpenAI-compatible servers: llama.cpp, vLLM, LM Studio, each as it speaks.

A real HTTP server on loopback. Written from recordings; tests compare its shapes with them:

    with OpenAIDouble() as server:
        server.address                  # http://127.0.0.1:PORT
        server.loading = True           # 503 "Loading model" everywhere, until this is False
        server.refusal = (400, {...})   # the next chats are refused
        server.ending = "cut"           # how an answer ends
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import ClassVar, Literal

from tests.model_double import ModelDouble, Routes, Speaking
from tests.ollama_wire import Json, tokens

MODEL = "/models/SmolLM2-135M-Instruct.Q4_1.gguf"
SSE = "text/event-stream"

LOADING = (503, {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}})
NOT_FOUND = (404, {"error": {"message": "File Not Found", "type": "not_found_error", "code": 404}})
LLAMA_TOO_LONG = (
    400,
    {
        "error": {
            "code": 400,
            "message": "request (6031 tokens) exceeds the available context size (4096 tokens), "
            "try increasing it",
            "type": "exceed_context_size_error",
            "n_prompt_tokens": 6031,
            "n_ctx": 4096,
        }
    },
)
VLLM_TOO_LONG = (
    400,
    {
        "error": {
            "message": "You passed 1015 input tokens and requested 10 output tokens. However, the "
            "model's context length is only 1024 tokens, resulting in a maximum input length of "
            "1014 tokens. Please reduce the length of the input prompt. (parameter=input_tokens, "
            "value=1015)",
            "type": "BadRequestError",
            "param": "input_tokens",
            "code": 400,
        }
    },
)


def llama_row(id: str = MODEL, window: int = 4096) -> Json:
    """A row of llama.cpp's list."""
    meta = {"n_ctx": window, "n_ctx_train": 8192, "n_params": 134515008, "size": 96576768}
    return {"id": id, "object": "model", "created": 1, "owned_by": "llamacpp", "meta": meta}


def vllm_row(id: str, window: int) -> Json:
    """A row of vLLM's list."""
    row = {"id": id, "object": "model", "created": 1, "owned_by": "vllm"}
    return {**row, "root": id, "parent": None, "max_model_len": window, "permission": []}


def studio_row(id: str) -> Json:
    """A row of LM Studio's list."""
    return {"id": id, "object": "model", "owned_by": "organization_owner"}


@dataclass(kw_only=True)
class OpenAIDouble(ModelDouble):
    """The server. `with` starts it on a free port and ends it; fields may change meanwhile."""

    chat_path: ClassVar[str] = "/v1/chat/completions"

    rows: Sequence[object] = ()
    """Of its list; one model of llama.cpp where none are given."""
    slot_window: int | None = None
    """The window that /props tells, as llama.cpp does."""
    reply: Sequence[str] = ("The", " pump", " is", " red", " [1]", ".")
    thoughts: Sequence[str] = ()
    finish_reason: str = "stop"
    ending: Literal["done", "no done", "silent", "error", "cut"] = "done"
    """With [DONE], after its reason without, before any reason, by an error, inside an event."""
    error: object = ""
    loading: bool = False
    loading_looks: int = 0
    """How many more requests find the model loading."""
    refusal: tuple[int, object] | None = None
    knows_template_options: bool = True
    key: str = ""
    """The key that every request must carry, if any."""
    is_ollama: bool = False
    raw_models: bytes = b""
    """What stands in place of the list of models."""
    first_events: bytes = b""
    """What comes before an answer's own events."""

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """What answers a connection."""
        return type("Handler", (_Handler,), {"double": self})

    def events(self, asked: Json) -> Iterator[bytes]:
        """The events of an answer, as they go over the wire."""
        deltas: list[Json] = [{"role": "assistant", "content": None}]
        deltas += [{"reasoning_content": thought} for thought in self.thoughts]
        deltas += [{"content": piece} for piece in self.reply]
        if self.first_events:
            yield self.first_events
        for delta in deltas:
            yield _event(asked, [{"finish_reason": None, "index": 0, "delta": delta}])
        if self.ending == "error":
            yield f"data: {json.dumps({'error': self.error})}\n\n".encode()
        if self.ending in ("done", "no done"):
            last = {"finish_reason": self.finish_reason, "index": 0, "delta": {}}
            yield _event(asked, [last])
        if self.ending == "done":
            read, said = tokens(asked["messages"]), len(self.reply)
            usage = {"completion_tokens": said, "prompt_tokens": read, "total_tokens": read + said}
            yield _event(asked, [], usage=usage)
            yield b"data: [DONE]\n\n"


class _Handler(Speaking):
    double: ClassVar[OpenAIDouble]

    def routes(self) -> Routes:
        return {
            ("GET", "/"): self._root,
            ("GET", "/v1/models"): self._models,
            ("GET", "/props"): self._props,
            ("POST", "/v1/chat/completions"): self._chat,
        }

    def refused(self) -> bool:
        given = self.headers.get("authorization", "")
        if self.double.key and given != f"Bearer {self.double.key}":
            self.send_json(401, {"error": "Unauthorized"})
            return True
        loading = self.double.loading or self.double.loading_looks > 0
        self.double.loading_looks -= 1
        if loading:
            self.send_json(*LOADING)
        return loading

    def unknown(self, body: Json) -> None:
        self.send_json(*NOT_FOUND)

    def _root(self, body: Json) -> None:
        if self.double.is_ollama:
            self.send(200, "text/plain", b"Ollama is running")
        else:
            self.unknown(body)

    def _models(self, _: Json) -> None:
        rows = list(self.double.rows) or [llama_row()]
        if self.double.raw_models:
            self.send(200, "text/plain", self.double.raw_models)
            return
        self.send_json(200, {"object": "list", "data": rows})

    def _props(self, body: Json) -> None:
        if self.double.slot_window is None:
            self.unknown(body)
        else:
            settings = {"params": {}, "n_ctx": self.double.slot_window}
            self.send_json(200, {"default_generation_settings": settings, "total_slots": 2})

    def _chat(self, asked: Json) -> None:
        if self.double.refusal:
            status, body = self.double.refusal
            if isinstance(body, bytes):
                self.send(status, "text/html", body)
            else:
                self.send(status, "application/json", json.dumps(body).encode())
        elif "chat_template_kwargs" in asked and not self.double.knows_template_options:
            message = "Unrecognized request argument supplied: chat_template_kwargs"
            self.send_json(400, {"error": {"message": message, "type": "invalid_request_error"}})
        elif self.double.hold(self.connection):
            self.stream(SSE, self.double.events(asked), self.double.hold, self.double.ending)
        else:
            self.close_connection = True


def _event(asked: Json, choices: list[Json], **more: Json) -> bytes:
    told = {"choices": choices, "created": 1795380345, "id": "chatcmpl-QF7p"}
    told |= {"model": asked["model"], "object": "chat.completion.chunk", **more}
    return f"data: {json.dumps(told, ensure_ascii=False)}\n\n".encode()
