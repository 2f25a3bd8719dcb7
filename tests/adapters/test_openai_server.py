"""The client of OpenAI-compatible servers against a stand-in for them, over real connections."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from kb.adapters import openai_chat
from kb.adapters.answer_stream import AskingOptions
from kb.adapters.openai_chat import OpenAIChatModel
from kb.adapters.openai_server import OpenAIServer
from kb.answering.streams import said_in
from kb.domain.conversations import Piece, Thought
from kb.domain.errors import (
    ContextTooLongError,
    ModelError,
    ModelMissingError,
    ModelTimeoutError,
    ModelUnreachableError,
    NotAllowedError,
    QuireError,
)
from kb.ports import ChatModel, ModelServer
from tests.openai_double import (
    LLAMA_TOO_LONG,
    MODEL,
    VLLM_TOO_LONG,
    OpenAIDouble,
    llama_row,
    studio_row,
    vllm_row,
)

ASKED = [("system", "Answer from the passages."), ("user", "[1] The pump is red. It runs.\n\nWhy?")]
SMOL = "SmolLM2-135M-Instruct.Q4_1.gguf"
INCOMPLETE = "The connection to the model broke; the answer is incomplete."


@pytest.fixture
def double() -> Iterator[OpenAIDouble]:
    with OpenAIDouble() as server:
        yield server


def client(url: str, timeout: float = 10.0, key: str = "") -> OpenAIServer:
    options = AskingOptions(context_tokens=8192, first_token_timeout=timeout)
    return OpenAIServer(url, options, api_key=key)


def model_of(double: OpenAIDouble, timeout: float = 10.0) -> OpenAIChatModel:
    server = client(f"{double.address}/v1", timeout)
    return server.chat_model(server.status().models[0].name)


def failure(double: OpenAIDouble, timeout: float = 10.0) -> tuple[str, QuireError]:
    """What came before the error, and the error."""
    pieces: list[Piece] = []
    with pytest.raises(QuireError) as caught:
        # Unlike list(), extend keeps what came before an error.
        pieces.extend(model_of(double, timeout).stream(ASKED))
    return said_in(pieces), caught.value


# What is there


def test_the_client_is_what_the_ports_ask_for(double: OpenAIDouble) -> None:
    server: ModelServer = client(double.address)
    model: ChatModel = server.chat_model(SMOL)
    assert model.name == f"{SMOL}@{double.address.removeprefix('http://')}"


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
def test_an_address_is_taken_with_and_without_its_version(
    double: OpenAIDouble, ending: str
) -> None:
    status = client(double.address + ending).status()
    assert (status.address, status.problem, status.answers) == (double.address, "", True)


def test_what_llama_cpp_tells_of_its_model_is_read(double: OpenAIDouble) -> None:
    status = client(double.address).status()
    (model,) = status.models
    assert (status.kind, model.known_as, model.loaded) == ("llama.cpp", SMOL, True)
    assert (model.size_bytes, model.parameters) == (96576768, "135M")
    assert (model.window_tokens, model.trained_tokens, model.remote) == (4096, 8192, False)
    assert "/models/" not in repr(status)


def test_a_slots_share_of_the_window_counts(double: OpenAIDouble) -> None:
    double.slot_window = 2048
    assert model_of(double).context_tokens == 2048


def test_what_vllm_tells_of_its_model_is_read(double: OpenAIDouble) -> None:
    double.rows = [vllm_row("Qwen/Qwen3-0.6B", 1024)]
    (model,) = client(double.address).status().models
    assert (model.known_as, model.window_tokens, model.loaded) == ("Qwen/Qwen3-0.6B", 1024, True)
    list(model_of(double).stream(ASKED))
    assert double.chats[0].body["model"] == "Qwen/Qwen3-0.6B"
    assert double.chats[0].body["max_tokens"] == 512


def test_lm_studio_tells_no_window_so_the_configured_one_is_taken(double: OpenAIDouble) -> None:
    double.rows = [studio_row("qwen3-4b"), studio_row("text-embedding-nomic-embed-text-v1.5")]
    status = client(double.address).status()
    assert [model.known_as for model in status.models] == ["qwen3-4b"]
    assert status.models[0].loaded is None
    assert model_of(double).context_tokens == 8192


def test_files_of_one_name_are_told_apart_by_their_paths(double: OpenAIDouble) -> None:
    double.rows = [llama_row("/a/m.gguf"), llama_row("/b/m.gguf")]
    assert [model.known_as for model in client(double.address).status().models] == [
        "/a/m.gguf",
        "/b/m.gguf",
    ]


def test_rows_that_say_nothing_are_passed_over(double: OpenAIDouble) -> None:
    odd = {"id": "odd", "meta": {"n_ctx": "many", "size": True, "n_params": -1}, "owned_by": 5}
    double.rows = [None, 5, {}, {"id": 7}, {"id": ""}, {"id": "x" * 1000}, {**odd}]
    (model,) = client(double.address).status().models
    assert (model.known_as, model.window_tokens, model.size_bytes) == ("odd", None, None)


def test_a_server_without_a_model_that_chats_says_so(double: OpenAIDouble) -> None:
    double.rows = [studio_row("text-embedding-x")]
    assert "has no model that can chat" in client(double.address).status().problem


def test_a_key_is_sent_and_never_shown(double: OpenAIDouble) -> None:
    double.key = "sk-secret"
    server = client(double.address, key="sk-secret")
    assert list(server.chat_model(SMOL).stream(ASKED))
    assert "sk-secret" not in repr(server.status())
    refused = client(double.address).status().problem
    assert refused == f"The server at {double.address} wants a key. Put it into KB_OPENAI_API_KEY."


def test_a_key_with_a_line_end_is_refused_without_being_shown(double: OpenAIDouble) -> None:
    problem = client(double.address, key="sk\r\nx: y").status().problem
    assert problem.startswith("KB_OPENAI_API_KEY holds something that no key can hold.")
    assert double.requests == []


def test_ollamas_own_copy_of_the_interface_is_not_used(double: OpenAIDouble) -> None:
    double.is_ollama = True
    server = client(double.address)
    assert "Put its address into OLLAMA_HOST" in server.status().problem
    with pytest.raises(NotAllowedError):
        server.chat_model(SMOL)
    assert double.chats == []


def test_a_model_that_is_not_served_is_not_asked(double: OpenAIDouble) -> None:
    with pytest.raises(ModelMissingError, match=rf"other is not served at {double.address}"):
        client(double.address).chat_model("other")


def test_a_server_that_does_not_run_is_told_with_its_address() -> None:
    with OpenAIDouble() as double:
        address = double.address
    problem = client(address).status().problem
    assert problem.startswith(f"No model server is running at {address}. Start it")


def test_a_wrong_address_is_a_problem_and_no_crash() -> None:
    assert "is no address of a model server" in client("ftp://x").status().problem


@pytest.mark.parametrize(
    "body", [b"<html>Welcome</html>", b"[1]", b"{}", b'{"data": 5}', b"[" * 100_000, b"\xff"]
)
def test_another_web_server_is_told(double: OpenAIDouble, body: bytes) -> None:
    double.raw_models = body
    problem = client(double.address).status().problem
    assert problem.startswith(f"Something answers at {double.address}, but no model server")


# Answers


def test_an_answer_comes_piece_by_piece_with_its_end_and_prompt_size(double: OpenAIDouble) -> None:
    model = model_of(double)
    assert list(model.stream(ASKED)) == ["The", " pump", " is", " red", " [1]", "."]
    assert (model.finish_reason, model.prompt_tokens, model.context_tokens) == ("stop", 15, 4096)


def test_every_option_that_matters_is_sent_and_thinking_is_off(double: OpenAIDouble) -> None:
    list(model_of(double).stream([*ASKED, ("assistant", "{So}."), ("user", "Why?")]))
    sent = double.chats[0].body
    assert [message["role"] for message in sent.pop("messages")] == [
        "system",
        "user",
        "assistant",
        "user",
    ]
    assert sent == {
        "model": MODEL,
        "max_tokens": 1024,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
        "chat_template_kwargs": {"enable_thinking": False},
    }


def test_a_server_that_knows_no_template_options_is_asked_without(double: OpenAIDouble) -> None:
    double.knows_template_options = False
    assert list(model_of(double).stream(ASKED))
    assert ["chat_template_kwargs" in chat.body for chat in double.chats] == [True, False]


def test_thoughts_are_no_part_of_the_answer(double: OpenAIDouble) -> None:
    double.thoughts = ["Okay", ",", " so"]
    double.reply = ["<think>", "hm", "</thi", "nk>\n\n", "Red", "."]
    sent = list(model_of(double).stream(ASKED))
    assert said_in(sent) == "Red."
    thoughts = [piece.text for piece in sent if isinstance(piece, Thought)]
    assert "".join(thoughts) == "Okay, sohm"


def test_a_model_thinks_where_it_is_to_and_has_room_for_it(double: OpenAIDouble) -> None:
    server = client(double.address)
    model = server.chat_model(server.status().models[0].name, thinks=True)
    list(model.stream(ASKED))
    asked = double.chats[-1].body
    assert asked["chat_template_kwargs"] == {"enable_thinking": True}
    assert asked["max_tokens"] == 1024 + model.thinking_tokens
    assert model.thinking_tokens == 4096 // 4
    assert model_of(double).thinking_tokens == 0


def test_thoughts_whose_beginning_was_not_sent_are_taken_back(double: OpenAIDouble) -> None:
    double.reply = ["The user", " asks", ".\n</th", "ink>\n\nRed", "."]
    sent = list(model_of(double).stream(ASKED))
    assert said_in(sent) == "Red."
    assert any(isinstance(piece, Thought) and piece.retracts for piece in sent)


def test_an_answer_that_hits_its_limit_says_so_afterwards(double: OpenAIDouble) -> None:
    double.finish_reason = "length"
    model = model_of(double)
    list(model.stream(ASKED))
    assert model.finish_reason == "length"


def test_letters_and_line_ends_of_other_scripts_arrive_whole(double: OpenAIDouble) -> None:
    double.reply = ["Gr", "ü", "ße", " 你好", " 🙂", "\u2028", "\x85", "\r\n"]
    assert said_in(model_of(double).stream(ASKED)) == "Grüße 你好 🙂\u2028\x85\r\n"


def test_an_answer_without_its_last_line_is_whole_once_its_reason_came(
    double: OpenAIDouble,
) -> None:
    double.ending = "no done"
    model = model_of(double)
    assert said_in(model.stream(ASKED)) == "The pump is red [1]."
    assert model.finish_reason == "stop"


def test_two_answers_at_once_do_not_mix(double: OpenAIDouble) -> None:
    double.delay = 0.001
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda _: said_in(model_of(double).stream(ASKED)), range(4))
    assert set(answers) == {"The pump is red [1]."}


def test_proxies_of_the_environment_are_passed_by(
    double: OpenAIDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert list(model_of(double).stream(ASKED))


# Stopping, and waiting


def test_closing_the_answer_hangs_up(double: OpenAIDouble) -> None:
    double.reply, double.delay = ["word "] * 1000, 0.01
    stream = model_of(double).stream(ASKED)
    assert next(stream) == "word "
    stream.close()
    assert double.wait_for_hang_up()
    assert list(stream) == []


def test_an_answer_can_be_closed_from_elsewhere_before_its_first_word(
    double: OpenAIDouble,
) -> None:
    double.gated = True
    stream = model_of(double).stream(ASKED)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(list, stream)
        assert double.wait_for_chat()
        stream.close()
        assert answer.result(timeout=10) == []
    assert double.wait_for_hang_up()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_chat, "_LOOK_AGAIN_SECONDS", 0.01)


@pytest.mark.usefixtures("impatient")
def test_a_model_that_loads_is_waited_for(double: OpenAIDouble) -> None:
    double.loading_looks = 5
    model = client(double.address).chat_model(SMOL)
    assert model.context_tokens == 8192
    assert said_in(model.stream(ASKED)) == "The pump is red [1]."
    assert (model.context_tokens, double.chats[0].body["model"]) == (4096, MODEL)


@pytest.mark.usefixtures("impatient")
def test_a_server_that_was_started_again_meanwhile_is_waited_for(double: OpenAIDouble) -> None:
    model = model_of(double)
    double.loading_looks = 3
    assert said_in(model.stream(ASKED)) == "The pump is red [1]."


@pytest.mark.usefixtures("impatient")
def test_a_model_that_loads_for_ever_is_given_up(double: OpenAIDouble) -> None:
    double.loading = True
    status = client(double.address).status()
    assert status.problem.endswith("is still loading its model. Wait a moment.")
    with pytest.raises(ModelTimeoutError, match="gave no sign in time"):
        list(client(double.address, timeout=0.1).chat_model(SMOL).stream(ASKED))


def test_a_wait_for_a_model_that_loads_can_be_ended_from_elsewhere(double: OpenAIDouble) -> None:
    double.loading = True
    stream = client(double.address).chat_model(SMOL).stream(ASKED)
    with ThreadPoolExecutor(1) as pool:
        before = len(double.requests)
        answer = pool.submit(list, stream)
        while len(double.requests) == before:
            time.sleep(0.01)
        stream.close()
        assert answer.result(timeout=10) == []
    assert double.chats == []


def test_a_model_that_gives_no_sign_is_told_after_its_time(double: OpenAIDouble) -> None:
    double.gated = True
    assert isinstance(failure(double, timeout=0.1)[1], ModelTimeoutError)


# Failures


@pytest.mark.parametrize("refusal", [LLAMA_TOO_LONG, VLLM_TOO_LONG])
def test_too_long_a_prompt_is_told_as_such(
    double: OpenAIDouble, refusal: tuple[int, object]
) -> None:
    double.refusal = refusal
    said, error = failure(double)
    assert (said, type(error)) == ("", ContextTooLongError)
    assert error.what == "The passages do not fit the model's window of 4096 tokens."
    assert "start the model server with a larger window" in error.advice


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (
            (500, {"error": {"message": "bad thing.", "type": "server_error"}}),
            "The model server could not answer: bad thing. (server_error).",
        ),
        ((400, {"error": "Model is odd"}), "The model server could not answer: Model is odd."),
        (
            (400, {"object": "error", "message": "odd", "type": "BadRequestError"}),
            "The model server could not answer: odd (BadRequestError).",
        ),
        ((404, {"error": {"message": "no model"}}), "MODEL is not served at ADDRESS."),
        ((404, {"detail": "Not Found"}), "Something answers at ADDRESS, but no model server"),
        ((429, {"error": {"message": "slow down"}}), "The model server is busy."),
        ((503, {"error": {"message": "no free slot"}}), "The model server is busy."),
        ((401, {"error": "Unauthorized"}), "The server at ADDRESS wants a key."),
        (
            (502, b"<html><h1>Bad Gateway</h1></html>"),
            "A proxy answers at ADDRESS, but no model server behind it (status 502).",
        ),
        (
            (500, {"error": "CUDA out of memory"}),
            "MODEL does not fit in memory.",
        ),
        ((302, b""), "Something answers at ADDRESS, but no model server (status 302)."),
    ],
)
def test_a_refusal_is_told_in_one_sentence_with_a_way_out(
    double: OpenAIDouble, refusal: tuple[int, object], sentence: str
) -> None:
    double.refusal = refusal
    said, error = failure(double)
    expected = sentence.replace("ADDRESS", double.address)
    assert said == ""
    assert error.what.startswith(expected.replace("MODEL", model_of(double).name))
    assert error.advice.endswith(".")


def test_an_error_in_mid_answer_keeps_what_was_said(double: OpenAIDouble) -> None:
    double.ending, double.error = "error", {"message": "CUDA error", "code": 500}
    said, error = failure(double)
    assert (said, type(error)) == ("The pump is red [1].", ModelError)
    assert error.what == "The model stopped: CUDA error."


@pytest.mark.parametrize("ending", ["silent", "cut"])
def test_a_broken_connection_is_told_and_keeps_what_was_said(
    double: OpenAIDouble, ending: str
) -> None:
    double.ending = ending  # type: ignore[assignment]
    said, error = failure(double)
    assert (said, error.what) == ("The pump is red [1].", INCOMPLETE)


@pytest.mark.parametrize("nothing", [[], ["\n", " "]])
def test_an_empty_answer_is_told(double: OpenAIDouble, nothing: list[str]) -> None:
    double.reply = nothing
    assert failure(double)[1].what.endswith("gave an empty answer.")


def test_an_answer_of_thoughts_alone_is_told(double: OpenAIDouble) -> None:
    double.thoughts, double.reply, double.finish_reason = ["Okay"] * 20, [], "length"
    assert failure(double)[1].what.endswith("spent its whole answer on thinking.")


@pytest.mark.parametrize(
    "event",
    [
        b"data: [1]\n\n",
        b'data: {"choices": 5, "usage": 7}\n\n',
        b'data: {"choices": [null]}\n\n',
        b'data: {"choices": [{"delta": {"content": 5}, "finish_reason": 5}]}\n\n',
        b": a comment\n\nevent: ping\n\n",
    ],
)
def test_events_that_say_nothing_are_passed_over(double: OpenAIDouble, event: bytes) -> None:
    double.first_events = event
    assert said_in(model_of(double).stream(ASKED)) == "The pump is red [1]."


@pytest.mark.parametrize("event", [b"data: oops\n\n", b"data: \xff\n\n", b"data: " + b"x" * 2**21])
def test_events_that_cannot_be_read_are_told(double: OpenAIDouble, event: bytes) -> None:
    double.first_events = event
    assert failure(double)[1].what == "The model's answer could not be read."


def test_an_answer_that_is_no_stream_is_told(double: OpenAIDouble) -> None:
    double.refusal = (200, {"choices": [{"message": {"content": "Hello"}}]})
    assert failure(double)[1].what == "The model's answer could not be read."


def test_a_server_that_left_after_the_model_was_chosen_is_told() -> None:
    with OpenAIDouble() as double:
        model = model_of(double)
    with pytest.raises(ModelUnreachableError, match="No model server is running at http://127"):
        list(model.stream(ASKED))
