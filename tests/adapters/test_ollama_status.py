"""What the Ollama client finds at an address, and which models it will ask."""

import socket
import threading
from collections.abc import Iterator

import pytest

from kb.adapters import ollama_status
from kb.adapters.chat_models import OllamaServer
from kb.adapters.server_address import Address
from kb.domain.errors import (
    InvalidInputError,
    ModelError,
    ModelMissingError,
    ModelUnreachableError,
    NotAllowedError,
)
from tests.ollama_double import OllamaDouble
from tests.ollama_wire import model_entry


@pytest.fixture
def double() -> Iterator[OllamaDouble]:
    with OllamaDouble() as server:
        yield server


def client(address: str) -> OllamaServer:
    return OllamaServer(address, context_tokens=4096, keep_alive="10m")


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


# Choosing a model


@pytest.mark.parametrize("name", ["llama3", "Llama3:latest", "library/llama3", " llama3 "])
def test_a_name_is_matched_as_ollama_does(double: OllamaDouble, name: str) -> None:
    double.models = ["llama3:8b", "llama3:latest"]
    assert client(double.address).chat_model(name).name == "llama3:latest"


def test_a_model_that_is_not_installed_is_not_asked(double: OllamaDouble) -> None:
    with pytest.raises(ModelMissingError, match=r"8b is not installed\..*ollama pull qwen3:8b"):
        client(double.address).chat_model("qwen3:8b")


def test_an_embedding_model_is_not_asked(double: OllamaDouble) -> None:
    double.models = [model_entry("nomic-embed-text", kind="embedding")]
    with pytest.raises(ModelError, match="only makes embeddings"):
        client(double.address).chat_model("nomic-embed-text")


@pytest.mark.parametrize(
    "entry",
    [
        model_entry("gpt-oss:120b-cloud", remote=True),
        model_entry("mine:latest", remote=True),
        model_entry("gpt-oss:120b-cloud"),
        model_entry("kimi:cloud"),
    ],
)
def test_a_model_on_the_internet_is_never_asked(
    double: OllamaDouble, entry: dict[str, str]
) -> None:
    double.models = [entry]
    with pytest.raises(NotAllowedError, match="your passages would leave this computer"):
        client(double.address).chat_model(entry["name"])
    assert double.chats == []


def test_no_model_is_given_where_the_server_does_not_tell_what_it_is(double: OllamaDouble) -> None:
    double.forbidden = True
    with pytest.raises(ModelUnreachableError):
        client(double.address).chat_model("qwen3:4b")


def test_a_wrong_address_is_told_when_a_model_is_chosen() -> None:
    with pytest.raises(InvalidInputError, match="no address of an Ollama server"):
        client("http://").chat_model("qwen3:4b")


# Status


def test_the_status_lists_what_can_chat(double: OllamaDouble) -> None:
    double.models = [
        "qwen3:4b",
        model_entry("nomic-embed-text", kind="embedding"),
        model_entry("gpt-oss:120b-cloud", remote=True),
    ]
    status = client(double.address).status()
    assert (status.address, status.version, status.problem) == (double.address, "0.31.2", "")
    assert [(model.name, model.remote) for model in status.models] == [
        ("qwen3:4b", False),
        ("gpt-oss:120b-cloud", True),
    ]
    assert (status.models[0].size_bytes, status.models[0].parameters) == (397821543, "494.03M")
    assert status.models[1].size_bytes is None


def test_an_older_server_without_capabilities_is_judged_by_family_and_name(
    double: OllamaDouble,
) -> None:
    rows = [
        model_entry("llama3"),
        model_entry("all-minilm", kind="embedding"),
        model_entry("qwen3-embedding"),
    ]
    double.models = [{k: v for k, v in row.items() if k != "capabilities"} for row in rows]
    assert [model.name for model in client(double.address).status().models] == ["llama3"]


def test_rows_that_say_nothing_are_passed_over(double: OllamaDouble) -> None:
    double.models = [{}, {"name": "bare"}, {"name": "odd", "details": None, "size": "big"}]
    assert [model.name for model in client(double.address).status().models] == ["bare", "odd"]


@pytest.mark.parametrize(
    ("models", "problem"),
    [
        ([], "Ollama runs, but no model is installed yet."),
        (
            [model_entry("bge-m3", kind="embedding")],
            "Ollama runs, but none of its models can chat.",
        ),
        (
            [model_entry("kimi:cloud", remote=True)],
            "Ollama runs, but all its models run on the internet.",
        ),
    ],
)
def test_a_server_without_a_model_to_use_says_so(
    double: OllamaDouble, models: list[dict[str, str]], problem: str
) -> None:
    double.models = models
    status = client(double.address).status()
    assert status.version == "0.31.2"
    assert status.problem.startswith(problem)
    assert "ollama pull" in status.problem


def test_a_server_that_does_not_run_is_told_with_its_address() -> None:
    status = client(f"127.0.0.1:{free_port()}").status()
    assert status.models == ()
    assert status.problem.startswith(f"Ollama is not running at {status.address}. Start it")


def test_a_refused_host_name_is_told(double: OllamaDouble) -> None:
    double.forbidden = True
    assert client(double.address).status().problem == (
        "Ollama refuses the host name 127.0.0.1. "
        "Use its IP address, or set OLLAMA_HOST where Ollama runs."
    )


def test_another_web_server_is_told(double: OllamaDouble) -> None:
    double.elsewhere = True
    problem = client(double.address).status().problem
    assert problem.startswith(f"Something answers at {double.address}, but it is not Ollama")


def test_a_path_without_ollama_is_told(double: OllamaDouble) -> None:
    problem = client(f"{double.address}/elsewhere").status().problem
    assert "but it is not Ollama (status 404)" in problem


def test_a_name_nobody_knows_is_told() -> None:
    problem = client("http://no-such-computer.invalid").status().problem
    assert problem.startswith("No computer is known by the name no-such-computer.invalid.")


def test_a_secure_address_of_a_plain_server_is_told(double: OllamaDouble) -> None:
    problem = client(double.address.replace("http:", "https:")).status().problem
    assert problem.startswith("No secure connection to https://127.0.0.1")


@pytest.mark.parametrize("said", [b"", b"\x00\x01\x02", b"220 smtp ready\r\n"])
def test_a_server_of_another_kind_is_told(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        problem = client(f"127.0.0.1:{listening.getsockname()[1]}").status().problem
        thread.join()
    assert problem.startswith("No Ollama answers at http://127.0.0.1")


def test_a_wrong_address_is_a_problem_and_no_crash() -> None:
    status = client("ftp://somewhere").status()
    assert status.address == "ftp://somewhere"
    assert "is no address of an Ollama server. Write it like" in status.problem


def test_models_of_ollamas_own_site_are_remote(double: OllamaDouble) -> None:
    own_site = Address(url=double.address, host="ollama.com")
    assert ollama_status.models(own_site)[0].model.remote
    namesake = Address(url=double.address, host="notollama.com")
    assert not ollama_status.models(namesake)[0].model.remote
