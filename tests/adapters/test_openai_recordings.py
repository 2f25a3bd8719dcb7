"""Recorded bytes of llama.cpp, vLLM and Ollama's copy of their interface: our client reads them.

The recordings are not part of the repository; without them these tests are skipped.
"""

import json
from collections.abc import Iterator

import httpx
import pytest

from kb.adapters.answer_stream import AskingOptions
from kb.adapters.openai_chat import OpenAIChatModel
from kb.adapters.openai_server import OpenAIServer
from kb.answering.streams import said_in
from kb.domain.errors import ContextTooLongError, QuireError
from tests.adapters.test_ollama_recordings import (
    FOLDER,
    INCOMPLETE,
    recording,
    replayed,
    shape,
    without_repeats,
)
from tests.openai_double import LLAMA_TOO_LONG, OpenAIDouble

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"the recordings are not here: {FOLDER}"
)

OPTIONS = AskingOptions(context_tokens=8192, first_token_timeout=10)
NOT_OLLAMA = (
    {**recording("llamacpp-not-found"), "request": {"path": "/"}} if FOLDER.is_dir() else {}
)


def server(address: str) -> OpenAIServer:
    return OpenAIServer(address, OPTIONS)


def asked(*names: str, models: str = "llamacpp-models") -> Iterator[OpenAIChatModel]:
    """The model behind a server that was recorded so."""
    recordings = [recording(name) for name in (models, "llamacpp-props", *names)]
    start = {**recording("llamacpp-not-found"), "request": {"path": "/"}}
    with replayed(*recordings, start) as address:
        client = server(address)
        yield client.chat_model(client.status().models[0].name)


def test_what_llama_cpp_told_of_itself_is_read() -> None:
    for model in asked():
        assert model.name.startswith("SmolLM2-135M-Instruct.Q4_1.gguf@127.0.0.1:")
        assert model.context_tokens == 4096


def test_what_vllm_told_of_itself_is_read() -> None:
    for model in asked(models="vllm-models"):
        assert model.name.startswith("Qwen/Qwen3-0.6B@127.0.0.1:")
        assert model.context_tokens == 1024


@pytest.mark.parametrize(
    ("name", "said", "reason"),
    [
        ("llamacpp-chat-stream", "The museum is open from 9:00", "stop"),
        ("llamacpp-chat-length", "The museum is open", "length"),
    ],
)
def test_a_recorded_answer_is_read(name: str, said: str, reason: str) -> None:
    for model in asked(name):
        assert said_in(model.stream([("user", "hi")])).startswith(said)
        assert model.finish_reason == reason


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "llamacpp-chat-bad-request",
            "The model server could not answer: Expected 'messages' to be an array "
            "(invalid_request_error).",
        ),
        ("openai-compat-error-midstream", INCOMPLETE),
    ],
)
def test_a_recorded_failure_is_told(name: str, sentence: str) -> None:
    for model in asked(name):
        with pytest.raises(QuireError) as caught:
            list(model.stream([("user", "hi")]))
        assert caught.value.what == sentence


@pytest.mark.parametrize(
    ("name", "models", "window"),
    [
        ("llamacpp-chat-context-exceeded", "llamacpp-models", 4096),
        ("vllm-too-long", "vllm-models", 1024),
    ],
)
def test_recorded_refusals_of_long_prompts_are_told(name: str, models: str, window: int) -> None:
    for model in asked(name, models=models):
        with pytest.raises(ContextTooLongError, match=f"window of {window} tokens"):
            list(model.stream([("user", "hi")]))


def test_a_recorded_server_that_loads_is_told() -> None:
    with replayed(recording("llamacpp-loading")) as address:
        assert server(address).status().problem.endswith("still loading its model. Wait a moment.")


def test_the_stand_in_speaks_like_the_recorded_server() -> None:
    recorded = recording("llamacpp-chat-stream")
    with OpenAIDouble() as double:
        address = double.address + recorded["request"]["path"]
        answer = httpx.post(address, json=recorded["request"]["body"], trust_env=False)
    expected = "".join(recorded["chunks"])
    assert answer.headers["content-type"] == recorded["headers"]["content-type"]
    assert answer.text.endswith("data: [DONE]\n\n")
    assert kinds(answer.text) == kinds(expected)
    double.refusal = LLAMA_TOO_LONG
    assert (
        json.loads("".join(recording("llamacpp-chat-context-exceeded")["chunks"]))
        == (LLAMA_TOO_LONG[1])
    )


def kinds(text: str) -> list[object]:
    """The shapes of the events' choices, which are all that is read of them."""
    data = [line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data: {")]
    return without_repeats([shape(json.loads(each)["choices"]) for each in data])
