"""The Ollama client against a stand-in for Ollama, over real connections."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from kb.adapters.chat_models import OllamaChatModel, OllamaServer
from kb.adapters.thoughts import separated
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
from tests.ollama_double import OllamaDouble
from tests.ollama_wire import (
    BUSY,
    INCOMPATIBLE,
    MISSING,
    NOT_CHAT,
    OUT_OF_MEMORY,
    TOO_LONG,
    UNAUTHORIZED,
    Trouble,
    model_entry,
)

ASKED = [("system", "Answer from the passages."), ("user", "[1] The pump is red. It runs.\n\nWhy?")]


@pytest.fixture
def double() -> Iterator[OllamaDouble]:
    with OllamaDouble() as server:
        yield server


def client(address: str, timeout: float = 10.0, window: int = 4096) -> OllamaServer:
    return OllamaServer(
        address, context_tokens=window, keep_alive="10m", first_token_timeout=timeout
    )


def model_of(double: OllamaDouble, timeout: float = 10.0) -> OllamaChatModel:
    return client(double.address, timeout).chat_model("qwen3:4b")


def failure(double: OllamaDouble, timeout: float = 10.0) -> tuple[list[Piece], QuireError]:
    """What came before the error, and the error."""
    pieces: list[Piece] = []
    with pytest.raises(QuireError) as caught:
        # Unlike list(), extend keeps what came before an error.
        pieces.extend(model_of(double, timeout).stream(ASKED))
    return pieces, caught.value


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


# Answers


def test_the_client_is_what_the_ports_ask_for(double: OllamaDouble) -> None:
    server: ModelServer = client(double.address)
    model: ChatModel = server.chat_model("qwen3:4b")
    assert (model.name, model.context_tokens) == ("qwen3:4b", 4096)


def test_an_answer_comes_piece_by_piece_with_its_end_and_prompt_size(double: OllamaDouble) -> None:
    model = model_of(double)
    assert list(model.stream(ASKED)) == ["The", " pump", " is", " red", " [1]", "."]
    assert (model.finish_reason, model.prompt_tokens) == ("stop", 15)


def test_every_option_that_matters_is_sent_and_thinking_is_off(double: OllamaDouble) -> None:
    list(model_of(double).stream([*ASKED, ("assistant", "So."), ("user", "Why?")]))
    sent = double.chats[0].body
    assert sent["options"] == {"num_ctx": 4096, "num_predict": 1024, "temperature": 0.0}
    assert (sent["keep_alive"], sent["think"], sent["stream"]) == ("10m", False, True)
    assert [message["role"] for message in sent["messages"]] == [
        "system",
        "user",
        "assistant",
        "user",
    ]
    assert sent["messages"][1]["content"] == ASKED[1][1]


def test_braces_in_a_passage_are_no_template(double: OllamaDouble) -> None:
    list(model_of(double).stream([("user", "{question} {{x}} {")]))
    assert double.chats[0].body["messages"][0]["content"] == "{question} {{x}} {"


@pytest.mark.parametrize(("given", "sent"), [("10m", "10m"), ("-1", -1), ("600", 600)])
def test_keep_alive_in_bare_seconds_is_sent_as_a_number(
    double: OllamaDouble, given: str, sent: str | int
) -> None:
    server = OllamaServer(double.address, context_tokens=4096, keep_alive=given)
    list(server.chat_model("qwen3:4b").stream(ASKED))
    assert double.chats[0].body["keep_alive"] == sent


def test_an_answer_never_may_take_more_than_half_of_a_small_window(double: OllamaDouble) -> None:
    list(client(double.address, window=1000).chat_model("qwen3:4b").stream(ASKED))
    assert double.chats[0].body["options"]["num_predict"] == 500


def test_an_answer_that_hits_its_limit_says_so_afterwards(double: OllamaDouble) -> None:
    double.reply = ["word "] * 20
    server = OllamaServer(double.address, context_tokens=4096, keep_alive="10m", answer_tokens=5)
    model = server.chat_model("qwen3:4b")
    assert list(model.stream(ASKED)) == ["word "] * 5
    assert model.finish_reason == "length"


def test_a_prompt_that_ollama_cut_in_silence_shows_in_the_prompt_size(double: OllamaDouble) -> None:
    model = model_of(double)
    list(model.stream([("user", "word " * 8000)]))
    assert model.prompt_tokens == 2050


def test_letters_beyond_ascii_arrive_whole(double: OllamaDouble) -> None:
    double.reply = ["Gr", "ü", "ße", " 你好", " 🙂"]
    assert said_in(model_of(double).stream(ASKED)) == "Grüße 你好 🙂"


def test_thoughts_are_no_part_of_the_answer(double: OllamaDouble) -> None:
    double.models = [model_entry("qwen3:4b")]
    double.thinking = ["Okay", ",", " so"]
    double.reply = ["<think>", "hm", "</thi", "nk>\n\n", "Red", "."]
    sent = list(model_of(double).stream(ASKED))
    assert [piece for piece in sent if isinstance(piece, str)] == ["Red", "."]
    assert thoughts_in(sent) == "hm"


def test_a_model_thinks_where_it_is_to_and_has_room_for_it(double: OllamaDouble) -> None:
    double.models = [{**model_entry("qwen3:4b"), "capabilities": ["completion", "thinking"]}]
    double.thinking, double.reply = ["Okay", ",", " so"], ["Red", "."]
    model = client(double.address).chat_model("qwen3:4b", thinks=True)
    assert list(model.stream(ASKED)) == [*map(thought, ["Okay", ",", " so"]), "Red", "."]
    asked = double.chats[-1].body
    assert asked["think"] is True
    assert asked["options"]["num_predict"] == 1024 + model.thinking_tokens
    assert 0 < model.thinking_tokens <= model.context_tokens // 4
    assert model_of(double).thinking_tokens == 0


def test_a_model_that_cannot_think_answers_all_the_same(double: OllamaDouble) -> None:
    double.reply = ["Red", "."]
    model = client(double.address).chat_model("qwen3:4b", thinks=True)
    assert list(model.stream(ASKED)) == ["Red", "."]
    assert [asked.body["think"] for asked in double.chats] == [True, False]
    assert model.finish_reason == "stop"


def test_thoughts_whose_beginning_was_not_sent_are_taken_back(double: OllamaDouble) -> None:
    double.reply = ["The user", " asks", ".\n</th", "ink>\n", "\nRed", "."]
    sent = list(model_of(double).stream(ASKED))
    assert said_in(sent).strip() == "Red."
    assert any(isinstance(piece, Thought) and piece.retracts for piece in sent)


def thought(text: str) -> Thought:
    return Thought(text=text)


def thoughts_in(sent: list[Piece]) -> str:
    return "".join(piece.text for piece in sent if isinstance(piece, Thought))


@pytest.mark.parametrize(
    ("pieces", "left"),
    [
        (["A", " b"], "A b"),
        (["<", "b> is a tag"], "<b> is a tag"),
        (["\n<think>x</think>\n\nA", " b"], "A b"),
        (["<think>never", " closed"], ""),
        (["A <think>b</think>"], "A <think>b</think>"),
        (["A <th", "ink>b</", "think>"], "A <think>b</think>"),
        (["Hm", ", so</think>A"], "A"),
        (["Hm</think>A</think>", "B"], "A</think>B"),
        (["</think>", "A"], "A"),
        (["1 </", "2"], "1 </2"),
        (["<think>a", "b</thi", "s></think>A"], "A"),
        (["Hm</thi"], "Hm</thi"),
        (["<thi"], "<thi"),
        ([], ""),
    ],
)
def test_only_a_leading_thought_is_taken_off(pieces: list[str], left: str) -> None:
    assert said_in(separated(pieces)) == left


def test_two_answers_at_once_do_not_mix(double: OllamaDouble) -> None:
    double.reply = lambda messages: [messages[-1]["content"]] * 50

    def answer(word: str) -> str:
        return said_in(model_of(double).stream([("user", word)]))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(answer, "abcd")) == [word * 50 for word in "abcd"]


def test_proxies_of_the_environment_are_passed_by(
    double: OllamaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert client(double.address).status().problem == ""
    assert list(model_of(double).stream(ASKED))


def test_prompts_are_not_traced_to_the_internet(
    double: OllamaDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    from langsmith.utils import tracing_is_enabled

    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    list(model_of(double).stream(ASKED))
    assert not tracing_is_enabled()


def test_a_login_in_the_address_is_sent_but_never_shown(double: OllamaDouble) -> None:
    address = double.address.replace("http://", "http://anna:p%40ss@")
    server = client(address)
    assert "ss" not in server.status().address
    list(server.chat_model("qwen3:4b").stream(ASKED))
    headers = [asked.headers.get("authorization") for asked in double.requests]
    assert set(headers) == {"Basic YW5uYTpwQHNz"}


# Stopping


def test_closing_the_answer_hangs_up(double: OllamaDouble) -> None:
    double.reply, double.delay = ["word "] * 1000, 0.01
    stream = model_of(double).stream(ASKED)
    assert next(stream) == "word "
    stream.close()
    assert double.wait_for_hang_up()
    assert list(stream) == []


def test_dropping_the_answer_hangs_up(double: OllamaDouble) -> None:
    double.reply, double.delay = ["word "] * 1000, 0.01
    assert next(model_of(double).stream(ASKED)) == "word "
    assert double.wait_for_hang_up()


def test_an_answer_can_be_closed_from_elsewhere_while_the_model_loads(double: OllamaDouble) -> None:
    double.gated = True
    stream = model_of(double).stream(ASKED)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(list, stream)
        assert double.wait_for_chat()
        stream.close()
        assert answer.result(timeout=10) == []
    assert double.wait_for_hang_up()


def test_an_answer_closed_before_it_began_asks_nothing(double: OllamaDouble) -> None:
    stream = model_of(double).stream(ASKED)
    stream.close()
    assert list(stream) == []
    assert double.chats == []


def test_closing_an_answer_that_has_ended_does_nothing(double: OllamaDouble) -> None:
    model = model_of(double)
    stream = model.stream(ASKED)
    list(stream)
    stream.close()
    assert model.finish_reason == "stop"


# Failures of an answer


@pytest.mark.parametrize(
    ("trouble", "kind", "sentence"),
    [
        (MISSING, ModelMissingError, "qwen3:4b is not installed."),
        (NOT_CHAT, ModelError, "qwen3:4b only makes embeddings."),
        (OUT_OF_MEMORY, ModelError, "qwen3:4b does not fit in memory."),
        (
            Trouble(
                status=500,
                error="model requires more system memory (5.6 GiB) than is available (3.9 GiB)",
            ),
            ModelError,
            "qwen3:4b does not fit in memory.",
        ),
        (INCOMPATIBLE, ModelMissingError, "qwen3:4b is too old for this Ollama."),
        (
            TOO_LONG,
            ContextTooLongError,
            "The passages do not fit the model's window of 4096 tokens.",
        ),
        (
            Trouble(
                status=400,
                error='{{"error":{{"code":400,"message":"request (7945 tokens) exceeds the '
                'available context size","type":"exceed_context_size_error"}}}}',
            ),
            ContextTooLongError,
            "The passages do not fit the model's window of 4096 tokens.",
        ),
        (BUSY, ModelError, "Ollama is busy."),
        (
            UNAUTHORIZED,
            NotAllowedError,
            "qwen3:4b runs on the internet; your passages would leave this computer.",
        ),
        (
            Trouble(status=500, error="unexpected EOF"),
            ModelError,
            "Ollama could not answer: unexpected EOF.",
        ),
    ],
)
def test_a_refusal_is_told_in_one_sentence_with_a_way_out(
    double: OllamaDouble, trouble: Trouble, kind: type[QuireError], sentence: str
) -> None:
    double.trouble = trouble
    pieces, error = failure(double)
    assert pieces == []
    assert type(error) is kind
    assert error.what == sentence
    assert error.advice.endswith(".")


def test_only_what_passes_by_itself_may_be_tried_again(double: OllamaDouble) -> None:
    retryable = {}
    for trouble in (BUSY, OUT_OF_MEMORY, TOO_LONG, MISSING):
        double.trouble = trouble
        retryable[trouble.status] = failure(double)[1].retryable
    assert retryable == {503: True, 500: False, 400: False, 404: False}


def test_an_error_in_mid_answer_keeps_what_was_said(double: OllamaDouble) -> None:
    double.ending = "error"
    pieces, error = failure(double)
    assert said_in(pieces) == "The pump is red [1]."
    assert type(error) is ModelError
    assert error.what == "The model stopped: CUDA error."


@pytest.mark.parametrize("ending", ["silent", "cut"])
def test_a_broken_connection_is_told_and_keeps_what_was_said(
    double: OllamaDouble, ending: str
) -> None:
    double.ending = ending  # type: ignore[assignment]
    pieces, error = failure(double)
    assert said_in(pieces) == "The pump is red [1]."
    assert isinstance(error, ModelUnreachableError)
    assert error.what == "The connection to the model broke; the answer is incomplete."


def test_an_answer_of_thoughts_alone_is_told(double: OllamaDouble) -> None:
    double.thinking, double.reply = ["Okay"] * 2000, []
    pieces, error = failure(double)
    assert pieces == []
    assert error.what == "qwen3:4b spent its whole answer on thinking."


def test_an_answer_without_a_single_line_is_told(double: OllamaDouble) -> None:
    double.reply, double.ending = [], "silent"
    assert isinstance(failure(double)[1], ModelUnreachableError)


@pytest.mark.parametrize("nothing", [[], ["\n", " "]])
def test_an_empty_answer_is_told(double: OllamaDouble, nothing: list[str]) -> None:
    double.reply = nothing
    assert failure(double)[1].what == "qwen3:4b gave an empty answer."


def test_a_model_that_gives_no_sign_is_told_after_its_time(double: OllamaDouble) -> None:
    double.gated = True
    _, error = failure(double, timeout=0.1)
    assert isinstance(error, ModelTimeoutError)
    assert error.what == "qwen3:4b gave no sign in time."


def test_a_server_that_left_after_the_model_was_chosen_is_told() -> None:
    with OllamaDouble() as double:
        model = model_of(double)
    with pytest.raises(ModelUnreachableError, match="Ollama is not running at http://127"):
        list(model.stream(ASKED))


def test_another_server_in_ollamas_place_is_told(double: OllamaDouble) -> None:
    model = model_of(double)
    double.elsewhere = True
    with pytest.raises(ModelError, match="could not be read"):
        list(model.stream(ASKED))


def test_the_model_can_be_asked_again_after_a_failure(double: OllamaDouble) -> None:
    model = model_of(double)
    double.trouble = BUSY
    with pytest.raises(ModelError):
        list(model.stream(ASKED))
    double.trouble = None
    assert list(model.stream(ASKED))
