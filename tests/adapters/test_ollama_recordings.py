"""Recorded bytes of model servers: our client reads them, and the stand-in speaks alike.

The recordings are not part of the repository; without them these tests are skipped.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from kb.adapters import ollama_status
from kb.adapters.answer_stream import AskingOptions
from kb.adapters.chat_models import OllamaChatModel, OllamaServer
from kb.adapters.ollama_pulls import OllamaModels
from kb.adapters.server_address import parse_address
from kb.answering.streams import said_in
from kb.domain.conversations import Piece
from kb.domain.errors import QuireError
from tests import ollama_wire as wire
from tests.ollama_double import OllamaDouble
from tests.ollama_pulling import Pulling

FOLDER = Path(__file__).parents[2].parent / "shared" / "ollama-recordings"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"the recordings are not here: {FOLDER}"
)

Json = dict[str, Any]

JOKE = "Why did the OpenTelemetry agent go to therapy?"
INCOMPLETE = "The connection to the model broke; the answer is incomplete."

ANSWERS = {
    # recording: (some of the answer, why it ended, tokens of the prompt)
    "chat-stream-llama3": (JOKE, "stop", 17),
    "chat-nostream-llama3": (JOKE, "stop", 17),
    "chat-thinking-stream": ("Grüße", "stop", 21),
    "chat-too-long-silent": ("How can I help you with this text?", "stop", 2050),
    "chat-tool-call": ("This is a simple example", "stop", 44),
}

FAILURES = {
    # recording: (what was said before, the error's sentence)
    "chat-busy": ("", "Ollama is busy."),
    "chat-cloud-unauthorized": (
        "",
        "gpt-oss:120b-cloud runs on the internet; your passages would leave this computer.",
    ),
    "chat-cut-no-done": ("Grüße", INCOMPLETE),
    "chat-error-in-stream": ("The", "The model stopped: CUDA error: out of memory."),
    "chat-incompatible-model": ("", "old is too old for this Ollama."),
    "chat-load": ("", INCOMPLETE),
    "chat-load-failed": ("", "llama3:70b does not fit in memory."),
    "chat-model-missing": ("", "nonexistent-model:1b is not installed."),
    "chat-not-chat-model": ("", "nomic-embed-text only makes embeddings."),
    "chat-think-unsupported": ("", 'Ollama could not answer: "llama3" does not support thinking.'),
    "chat-thinking-used-up": ("", "qwen3:4b spent its whole answer on thinking."),
    "chat-too-long": ("", "The passages do not fit the model's window of 4096 tokens."),
    "chat-unload": ("", "qwen3:8b gave an empty answer."),
}


def recording(name: str) -> Json:
    found: Json = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


@contextmanager
def replayed(*recordings: Json) -> Iterator[str]:
    """The address of a server that gives each recording's bytes for its path."""
    by_path = {one["request"]["path"]: one for one in recordings}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _write(self, by_path[self.path])

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            _write(self, by_path[self.path])

        def do_DELETE(self) -> None:
            self.do_POST()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def _write(handler: BaseHTTPRequestHandler, recorded: Json) -> None:
    chunked = recorded["headers"].get("transfer-encoding") == "chunked"
    handler.protocol_version = "HTTP/1.1"
    handler.close_connection = True
    handler.send_response(recorded["status"])
    for name, value in recorded["headers"].items():
        if name != "content-length":  # a cut recording no longer has its first length
            handler.send_header(name, value)
    handler.send_header("connection", "close")
    handler.end_headers()
    for chunk in recorded["chunks"]:
        data = chunk.encode()
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)
        handler.wfile.flush()
    handler.wfile.write(b"0\r\n\r\n" if chunked else b"")


def ask(recorded: Json, address: str) -> tuple[OllamaChatModel, Iterator[Piece]]:
    asked = recorded["request"]["body"]
    options = AskingOptions(context_tokens=4096, keep_alive="10m", first_token_timeout=10)
    model = OllamaChatModel(asked["model"], parse_address(address), options)
    return model, model.stream([("user", "hi")])


def test_every_recorded_chat_is_expected_to_end_in_some_way() -> None:
    recorded = {path.stem for path in FOLDER.glob("chat-*.json")}
    assert recorded == ANSWERS.keys() | FAILURES.keys()


@pytest.mark.parametrize("name", ANSWERS)
def test_a_recorded_answer_is_read(name: str) -> None:
    text, finish_reason, prompt_tokens = ANSWERS[name]
    recorded = recording(name)
    with replayed(recorded) as address:
        model, stream = ask(recorded, address)
        assert text in said_in(stream)
    assert (model.finish_reason, model.prompt_tokens) == (finish_reason, prompt_tokens)


@pytest.mark.parametrize("name", FAILURES)
def test_a_recorded_failure_is_told(name: str) -> None:
    said, sentence = FAILURES[name]
    recorded = recording(name)
    pieces: list[Piece] = []
    with replayed(recorded) as address, pytest.raises(QuireError) as caught:
        # Unlike list(), extend keeps what came before an error.
        pieces.extend(ask(recorded, address)[1])
    assert said_in(pieces) == said
    assert caught.value.what == sentence


def test_a_recorded_list_of_models_is_read() -> None:
    with replayed(recording("version"), recording("tags")) as address:
        status = OllamaServer(address, context_tokens=4096, keep_alive="10m").status()
    assert (status.version, status.problem) == ("0.31.2", "")
    assert status.models[0].name == "deepseek-r1:8b"
    assert (status.models[0].parameters, status.models[0].size_bytes) == ("8.2B", 5225376047)
    listed = json.loads("".join(recording("tags")["chunks"]))["models"]
    assert {model.name for model in status.models} == {
        row["name"] for row in listed if "embed" not in row["name"]
    }


def test_a_recorded_server_without_models_is_told() -> None:
    with replayed(recording("version"), recording("tags-empty")) as address:
        status = OllamaServer(address, context_tokens=4096, keep_alive="10m").status()
    assert status.problem.startswith("Ollama runs, but no model is installed yet.")


def test_another_kind_of_model_server_is_told() -> None:
    with replayed(recording("llamacpp-ollama-path-probe")) as address:
        status = OllamaServer(address, context_tokens=4096, keep_alive="10m").status()
    assert status.problem.startswith(f"Something answers at {address}, but it is not Ollama")


def test_a_recorded_download_is_followed() -> None:
    with replayed(recording("pull-ok")) as address:
        told = list(OllamaModels(address).pull("qwen3:0.6b"))
    assert [one.done_bytes for one in told[:4]] == [0, 0, 16368992, 301989888]
    assert (told[-1].done_bytes, told[-1].share) == (522640096, 1.0)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("pull-breaks", "The download of qwen3:0.6b stopped at 3 %: 503."),
        ("pull-unknown-model", "There is no model called qwen3:0.6b."),
    ],
)
def test_a_recorded_download_that_failed_is_told(name: str, sentence: str) -> None:
    with replayed(recording(name)) as address, pytest.raises(QuireError) as caught:
        list(OllamaModels(address).pull("qwen3:0.6b"))
    assert caught.value.what == sentence


def test_recorded_deletions_are_read() -> None:
    with replayed(recording("delete-ok")) as address:
        OllamaModels(address).delete("mine")
    with (
        replayed(recording("delete-missing")) as address,
        pytest.raises(QuireError, match="nope is not installed"),
    ):
        OllamaModels(address).delete("nope")


def test_recorded_windows_are_read() -> None:
    with replayed(recording("ps"), recording("show-thinking-num_ctx")) as address:
        parsed = parse_address(address)
        assert ollama_status.loaded(parsed) == {"qwen3:0.6b": 4096}
        assert ollama_status.trained_window(parsed, "qwen3:8b-16k") == 40960


# The stand-in speaks as the recorded servers do

SPOKEN: dict[str, Json] = {
    "version": {},
    "tags-empty": {"models": []},
    "tags-with-capabilities": {"models": ["qwen2.5:0.5b-instruct"]},
    "forbidden-host": {"forbidden": True},
    "chat-stream-llama3": {},
    "chat-thinking-stream": {"thinking": ["Okay"]},
    "chat-thinking-used-up": {"thinking": ["Okay"] * 50},
    "chat-cut-no-done": {"thinking": ["Okay"], "ending": "silent"},
    "chat-error-in-stream": {"ending": "error"},
    "chat-load": {},
    "chat-busy": {"trouble": wire.BUSY},
    "chat-load-failed": {"trouble": wire.OUT_OF_MEMORY},
    "chat-incompatible-model": {"trouble": wire.INCOMPATIBLE},
    "chat-too-long": {"trouble": wire.TOO_LONG},
    "chat-cloud-unauthorized": {"trouble": wire.UNAUTHORIZED},
    "chat-model-missing": {"models": []},
    "chat-not-chat-model": {"models": [wire.model_entry("nomic-embed-text", kind="embedding")]},
    "chat-think-unsupported": {},
    "ps": {"loaded": {"qwen3:0.6b": 4096}},
    "show-missing": {"models": []},
    "pull-ok": {},
    "pull-breaks": {"pulling": Pulling(error="503: ", there={"qwen3:0.6b": 16368992})},
    "pull-unknown-model": {},
    "delete-ok": {},
    "delete-missing": {"models": []},
}


@pytest.mark.parametrize("name", SPOKEN)
def test_the_stand_in_speaks_like_the_recorded_server(name: str) -> None:
    recorded = recording(name)
    request = recorded["request"]
    asked = request["body"] or {}
    given = {"models": [asked.get("model", "m")], **SPOKEN[name]}
    with OllamaDouble(**given) as double:
        answer = httpx.request(
            request["method"], double.address + request["path"], json=asked, trust_env=False
        )
    assert answer.status_code == recorded["status"]
    for header in ("content-type", "transfer-encoding"):
        if header in recorded["headers"]:
            assert answer.headers[header] == recorded["headers"][header]
    spoken = [shape(json.loads(line)) for line in answer.text.splitlines()]
    expected = [shape(json.loads(line)) for line in "".join(recorded["chunks"]).splitlines()]
    assert without_repeats(spoken) == without_repeats(expected)


@pytest.mark.parametrize(
    "name", [name for name, given in SPOKEN.items() if "trouble" in given or "missing" in name]
)
def test_the_stand_ins_refusals_are_worded_as_recorded(name: str) -> None:
    recorded = recording(name)
    request = recorded["request"]
    asked = request["body"]
    with OllamaDouble(**{"models": [asked["model"]], **SPOKEN[name]}) as double:
        answer = httpx.request(
            request["method"], double.address + request["path"], json=asked, trust_env=False
        )
    assert answer.json() == json.loads("".join(recorded["chunks"]))


def shape(value: object) -> object:
    """The keys, with the kinds of their values; lists by the shapes they hold."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return without_repeats([shape(one) for one in value])
    return type(value).__name__


def without_repeats(shapes: list[object]) -> list[object]:
    return [one for at, one in enumerate(shapes) if at == 0 or one != shapes[at - 1]]
