"""Ollama and another model server beside each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.adapters.chat_models import OllamaServer
from kb.adapters.model_servers import model_server
from kb.domain.errors import ModelMissingError, ModelUnreachableError
from kb.ports import ModelServer
from kb.settings import Settings
from tests.ollama_double import OllamaDouble
from tests.ollama_wire import model_entry
from tests.openai_double import OpenAIDouble, vllm_row

NOBODY = "http://127.0.0.1:9"
ASKED = [("user", "Why?")]


@pytest.fixture
def ollama() -> Iterator[OllamaDouble]:
    with OllamaDouble() as server:
        yield server


@pytest.fixture
def second() -> Iterator[OpenAIDouble]:
    with OpenAIDouble(rows=[vllm_row("qwen3:4b", 2048)]) as server:
        yield server


def both(ollama: str, second: str) -> ModelServer:
    settings = Settings(home=Path("unused"), ollama_host=ollama, openai_url=second)
    return model_server(settings, answer_tokens=512)


def test_without_the_setting_there_is_ollama_alone() -> None:
    assert isinstance(both(NOBODY, ""), OllamaServer)


def test_models_of_both_are_offered_under_names_of_their_own(
    ollama: OllamaDouble, second: OpenAIDouble
) -> None:
    server = both(ollama.address, f"{second.address}/v1")
    status = server.status()
    at_second = f"qwen3:4b@{second.address.removeprefix('http://')}"
    assert [model.name for model in status.models] == ["qwen3:4b", at_second]
    assert [model.short_name for model in status.models] == ["qwen3:4b", "qwen3:4b"]
    assert [each.kind for each in status.each] == ["Ollama", "vLLM"]
    assert (status.problem, status.answers) == ("", True)
    list(server.chat_model("qwen3:4b").stream(ASKED))
    assert (len(ollama.chats), len(second.chats)) == (1, 0)
    list(server.chat_model(at_second).stream(ASKED))
    assert (len(ollama.chats), len(second.chats)) == (1, 1)


def test_ollamas_absence_is_no_problem_beside_the_other(second: OpenAIDouble) -> None:
    server = both(NOBODY, second.address)
    status = server.status()
    assert (status.problem, status.answers) == ("", True)
    assert status.each[0].problem.startswith("Ollama is not running")
    model = server.chat_model("qwen3:4b")
    assert list(model.stream(ASKED))
    assert model.context_tokens == 2048


def test_the_absence_of_the_second_is_told_and_ollama_serves(ollama: OllamaDouble) -> None:
    server = both(ollama.address, NOBODY)
    status = server.status()
    assert status.problem == ""
    assert status.each[1].problem.startswith("No model server is running")
    assert list(server.chat_model("qwen3:4b").stream(ASKED))


def test_models_on_the_internet_do_not_hide_that_the_second_is_away(
    ollama: OllamaDouble,
) -> None:
    ollama.models = [model_entry("kimi:cloud", remote=True)]
    assert both(ollama.address, NOBODY).status().problem.startswith("No model server is running")


def test_where_nobody_answers_the_second_is_named_for_it_was_asked_for() -> None:
    status = both(NOBODY, NOBODY).status()
    assert status.problem.startswith("No model server is running")
    assert not status.answers
    with pytest.raises(ModelUnreachableError, match="Ollama is not running"):
        both(NOBODY, NOBODY).chat_model("qwen3:4b")


def test_a_model_that_neither_has_is_missing(ollama: OllamaDouble, second: OpenAIDouble) -> None:
    with pytest.raises(ModelMissingError, match="other is not installed"):
        both(ollama.address, second.address).chat_model("other")


def test_a_name_that_says_it_is_the_seconds_is_not_sought_at_ollama(
    ollama: OllamaDouble, second: OpenAIDouble
) -> None:
    at_second = f"gone@{second.address.removeprefix('http://')}"
    with pytest.raises(ModelMissingError, match="is not served at"):
        both(ollama.address, second.address).chat_model(at_second)
    assert ollama.requests == []


def test_an_address_that_is_none_is_told_and_does_not_keep_ollama_from_answering(
    ollama: OllamaDouble,
) -> None:
    server = both(ollama.address, "ftp://x")
    assert "is no address of a model server" in server.status().each[1].problem
    assert list(server.chat_model("qwen3:4b").stream(ASKED))
