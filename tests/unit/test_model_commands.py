"""`python -m kb models`, with a stand-in for Ollama."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.ollama_double import OllamaDouble
from tests.openai_double import OpenAIDouble
from tests.unit.test_command_line import Shell


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[OllamaDouble]:
    with OllamaDouble() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.address)
        yield server


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path / "home", capsys)


def test_the_models_are_listed_with_what_is_known_of_them(
    shell: Shell, double: OllamaDouble
) -> None:
    double.loaded = {"qwen3:4b": 4096}
    assert shell.json("models") == [
        {
            "model": "qwen3:4b",
            "server": double.address,
            "bytes": 397821543,
            "parameters": "494.03M",
            "window_tokens": 4096,
            "trained_tokens": 32768,
            "loaded": True,
            "remote": False,
        }
    ]
    assert shell("models").split() == ["0.4", "GB", "4,096", "loaded", "qwen3:4b"]


def test_the_models_of_both_servers_are_listed(
    shell: Shell, double: OllamaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OpenAIDouble() as second:
        monkeypatch.setenv("KB_OPENAI_URL", f"{second.address}/v1")
        told = shell.json("models")
    assert [one["server"] for one in told] == [double.address, second.address]


def test_without_a_server_that_is_said_on_stderr(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    assert "Ollama is not running at" in shell.refused("models")


def test_a_model_is_downloaded_and_deleted(shell: Shell, double: OllamaDouble) -> None:
    assert shell.json("models", "--pull", "small:1b") == [
        {"model": "small:1b", "status": "done", "error": None}
    ]
    assert [row["name"] for row in double.rows()] == ["qwen3:4b", "small:1b"]
    assert shell("models", "--delete", "small:1b") == "deleted  small:1b\n"
    assert [row["name"] for row in double.rows()] == ["qwen3:4b"]


def test_a_download_that_fails_is_told(shell: Shell, double: OllamaDouble) -> None:
    (told,) = shell.json("models", "--pull", "no-such-model", ends=1)
    assert told["status"] == "failed"
    assert told["error"].startswith("There is no model called no-such-model.")
    assert "cannot be the name of a model" in shell.refused("models", "--pull", "a b")
    assert "other is not installed" in shell.refused("models", "--delete", "other")


def test_an_interrupted_command_ends_the_download(
    shell: Shell, double: OllamaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    double.pulling.held = True

    def interrupted(_: float) -> None:
        if double.pulling.is_held():
            raise KeyboardInterrupt
        time.sleep(0.01)

    monkeypatch.setattr("kb.cli.models.time", SimpleNamespace(sleep=interrupted))
    shell("models", "--pull", "small:1b", ends=130)
    assert double.wait_for_hang_up()
    assert [row["name"] for row in double.rows()] == ["qwen3:4b"]
