"""Downloads and deletions by the Ollama client, against a stand-in for Ollama."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from kb.adapters.ollama_pulls import OllamaModels
from kb.domain.errors import (
    InvalidInputError,
    ModelError,
    ModelMissingError,
    ModelUnreachableError,
    NotAllowedError,
    QuireError,
)
from kb.domain.models import PullProgress
from kb.ports import ModelStore
from tests.ollama_double import OllamaDouble

TOTAL = 522_640_096
SMALL = 487


@pytest.fixture
def double() -> Iterator[OllamaDouble]:
    with OllamaDouble() as server:
        yield server


def pulled(double: OllamaDouble, name: str = "qwen3:0.6b") -> list[PullProgress]:
    return list(OllamaModels(double.address).pull(name))


def failure(double: OllamaDouble, name: str = "qwen3:0.6b") -> QuireError:
    with pytest.raises(QuireError) as caught:
        pulled(double, name)
    return caught.value


def test_the_client_is_what_the_port_asks_for(double: OllamaDouble) -> None:
    store: ModelStore = OllamaModels(double.address)
    store.delete("qwen3:4b")
    assert double.rows() == []


def test_a_download_tells_how_far_it_is_over_all_its_parts(double: OllamaDouble) -> None:
    told = pulled(double)
    assert told[0] == PullProgress()
    assert [one.done_bytes for one in told] == sorted(one.done_bytes for one in told)
    assert PullProgress(done_bytes=TOTAL // 2, total_bytes=TOTAL) in told
    assert told[-1].done_bytes == told[-1].total_bytes == TOTAL + SMALL
    assert [one.checking for one in told][-3:] == [True, True, False]
    assert [row["name"] for row in double.rows()] == ["qwen3:4b", "qwen3:0.6b"]
    assert double.requests[-1].body == {"model": "qwen3:0.6b"}


@pytest.mark.parametrize("name", ["hf.co/user/Model-GGUF:Q4_K_M", "host.local:5000/a/b", "all-x"])
def test_names_of_other_registries_are_taken(double: OllamaDouble, name: str) -> None:
    assert pulled(double, name)


@pytest.mark.parametrize("name", ["", "a b", "-x", "http://x/y", "a//b", "a\nb", "../x", "x" * 300])
def test_what_can_be_no_name_is_not_asked_for(double: OllamaDouble, name: str) -> None:
    assert isinstance(failure(double, name), InvalidInputError)
    with pytest.raises(InvalidInputError):
        OllamaModels(double.address).delete(name)
    assert double.requests == []


def test_a_model_on_the_internet_is_not_downloaded(double: OllamaDouble) -> None:
    assert isinstance(failure(double, "gpt-oss:120b-cloud"), NotAllowedError)
    assert double.requests == []


def test_a_name_that_nobody_offers_is_told(double: OllamaDouble) -> None:
    error = failure(double, "no-such-model")
    assert isinstance(error, ModelMissingError)
    assert error.what == "There is no model called no-such-model."


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("503: ", "The download of qwen3:0.6b stopped at 50 %: 503."),
        ("max retries exceeded", "The download of qwen3:0.6b stopped at 50 %: max retries"),
        (
            "write /models/blobs/sha256-1: no space left on device",
            "There is not enough disk space for qwen3:0.6b.",
        ),
        (
            "pull model manifest: 412: \n\nThe model you are attempting to pull requires a newer "
            "version of Ollama.",
            "qwen3:0.6b needs a newer Ollama.",
        ),
    ],
)
def test_a_download_that_breaks_off_is_told_with_a_way_out(
    double: OllamaDouble, said: str, sentence: str
) -> None:
    double.pulling.error = said
    error = failure(double)
    assert error.what.startswith(sentence)
    assert error.advice.endswith(".")


def test_a_download_without_its_last_word_has_failed_and_goes_on_the_next_time(
    double: OllamaDouble,
) -> None:
    double.pulling.silent = True
    error = failure(double)
    assert error.what == "The download of qwen3:0.6b stopped at 50 %."
    assert "goes on where it stopped" in error.advice
    assert len(double.rows()) == 1
    double.pulling.silent = False
    assert pulled(double)[1].done_bytes == TOTAL // 2


def test_closing_a_download_stops_it_and_the_next_one_goes_on_there(double: OllamaDouble) -> None:
    double.pulling.delay = 0.01
    stream = OllamaModels(double.address).pull("qwen3:0.6b")
    next(one for one in stream if one.done_bytes)
    stream.close()
    assert double.wait_for_hang_up()
    assert list(stream) == []
    assert 0 < double.pulling.there["qwen3:0.6b"] < TOTAL


def test_a_download_can_be_stopped_from_elsewhere_while_nothing_comes(
    double: OllamaDouble,
) -> None:
    double.pulling.held = True
    stream = OllamaModels(double.address).pull("qwen3:0.6b")
    next(one for one in stream if 2 * one.done_bytes >= TOTAL)
    with ThreadPoolExecutor(1) as pool:
        rest = pool.submit(list, stream)
        stream.close()
        assert rest.result(timeout=10) == []
    assert double.wait_for_hang_up()


@pytest.mark.parametrize(
    "line",
    [
        b"[1]\n",
        b"5\n",
        b'{"status": 5, "digest": 7, "total": "many"}\n',
        b'{"digest": "a", "total": -5, "completed": 10}\n',
        b'{"digest": "a", "total": true}\n',
        b'{"digest": "a", "total": 5, "completed": 50000}\n',
        b"\n\n",
    ],
)
def test_odd_lines_do_no_harm(double: OllamaDouble, line: bytes) -> None:
    double.pulling.first = line
    assert all(one.share <= 1 for one in pulled(double))


@pytest.mark.parametrize("line", [b"oops\n", b"\xff\n", b"x" * 2**21, b"[" * 99_999 + b"\n"])
def test_lines_that_cannot_be_read_end_the_download(double: OllamaDouble, line: bytes) -> None:
    double.pulling.first = line
    assert failure(double).what == "The download of qwen3:0.6b stopped."


def test_more_layers_than_any_model_has_are_not_kept(double: OllamaDouble) -> None:
    rows = [json.dumps({"digest": str(n), "total": 1, "completed": 1}) for n in range(3000)]
    double.pulling.first = "\n".join(rows).encode() + b"\n"
    assert pulled(double)[-1].total_bytes <= 1000


def test_a_server_that_does_not_run_is_told() -> None:
    with OllamaDouble() as double:
        address = double.address
    with pytest.raises(ModelUnreachableError, match="Ollama is not running at"):
        list(OllamaModels(address).pull("qwen3:0.6b"))
    with pytest.raises(ModelUnreachableError, match="Ollama is not running at"):
        OllamaModels(address).delete("qwen3:0.6b")


def test_another_server_in_ollamas_place_is_told(double: OllamaDouble) -> None:
    double.forbidden = True
    assert failure(double).what.startswith("Ollama refuses the host name")
    with pytest.raises(ModelUnreachableError):
        OllamaModels(double.address).delete("qwen3:4b")


def test_a_model_that_is_not_there_cannot_be_deleted(double: OllamaDouble) -> None:
    with pytest.raises(ModelMissingError, match="other is not installed"):
        OllamaModels(double.address).delete("other")
    assert issubclass(ModelMissingError, ModelError)
