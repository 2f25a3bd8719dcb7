"""Language models behind an Ollama server."""

import contextlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from kb.adapters import ollama_errors as errors
from kb.adapters import ollama_status
from kb.adapters.ollama_address import Address, parse_address
from kb.adapters.ollama_line import Line, tls
from kb.domain.errors import QuireError
from kb.domain.models import InstalledModel, ServerStatus

if TYPE_CHECKING:
    from langchain_ollama import ChatOllama

_CONNECT_SECONDS = 3.0
_INSTALL = "Install one, for instance with `ollama pull qwen3:4b`."


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingOptions:
    """How every model is asked. One fixed set: Ollama loads a model anew when they change."""

    context_tokens: int
    keep_alive: str
    first_token_timeout: float = 300.0
    answer_tokens: int = 1024


class OllamaServer:
    """The Ollama at an address written like OLLAMA_HOST."""

    def __init__(
        self,
        host: str,
        *,
        context_tokens: int,
        keep_alive: str,
        first_token_timeout: float = 300.0,
        answer_tokens: int = 1024,
    ) -> None:
        self._host = host
        self._options = AskingOptions(
            context_tokens=context_tokens,
            keep_alive=keep_alive,
            first_token_timeout=first_token_timeout,
            answer_tokens=answer_tokens,
        )

    def status(self) -> ServerStatus:
        """What is there now. Never raises; answers within a few seconds."""
        shown = self._host
        try:
            address = parse_address(self._host)
            shown = address.url
            version, listed = ollama_status.version(address), ollama_status.models(address)
        except QuireError as error:
            return ServerStatus(address=shown, problem=str(error))
        chatting = tuple(one.model for one in listed if one.chats)
        problem = _lack(bool(listed), chatting)
        return ServerStatus(address=shown, version=version, models=chatting, problem=problem)

    def chat_model(self, name: str) -> "OllamaChatModel":
        """The named model, for one answer.

        Raises ModelError where it cannot be had, NotAllowedError where it runs on the internet:
        a server that does not tell what the model is, is not asked.
        """
        address = parse_address(self._host)
        listed = ollama_status.find(name, ollama_status.models(address))
        if listed is None:
            raise errors.not_installed(name)
        if listed.model.remote:
            raise errors.runs_remotely(listed.model.name)
        if not listed.chats:
            raise errors.only_embeds(listed.model.name)
        return OllamaChatModel(listed.model.name, address, self._options)


class OllamaChatModel:
    """One model, asked with the same options each time. One answer at a time."""

    def __init__(self, name: str, address: Address, options: AskingOptions) -> None:
        self._name = name
        self._address = address
        self._options = options
        self._finish_reason = ""
        self._prompt_tokens: int | None = None

    @property
    def name(self) -> str:
        """The model's name."""
        return self._name

    @property
    def context_tokens(self) -> int:
        """Tokens of prompt and answer together that the model is asked to hold."""
        return self._options.context_tokens

    @property
    def finish_reason(self) -> str:
        """Why the last answer ended: `stop`, `length` if it was cut; empty until it has ended."""
        return self._finish_reason

    @property
    def prompt_tokens(self) -> int | None:
        """Tokens the model read; far fewer than were sent means that Ollama cut the prompt."""
        return self._prompt_tokens

    def stream(self, messages: Sequence[tuple[str, str]]) -> "AnswerStream":
        """The answer to (role, content) messages, piece by piece. Raises ModelError."""
        self._finish_reason, self._prompt_tokens = "", None
        line = Line(tls(self._address))
        return AnswerStream(self._checked(messages, line), line)

    def _checked(self, messages: Sequence[tuple[str, str]], line: Line) -> Generator[str]:
        said = False
        try:
            for piece in without_thoughts(self._pieces(messages, line)):
                said = said or not piece.isspace()
                yield piece
        except Exception as error:
            if line.is_cut:
                return
            raise self._told(error) from error
        finally:
            line.close()
        if not line.is_cut:
            self._check_end(said)

    def _pieces(self, messages: Sequence[tuple[str, str]], line: Line) -> Iterator[str]:
        for chunk in self._chat(line).stream(list(messages)):
            self._note(chunk.response_metadata)
            if chunk.text:
                yield str(chunk.text)

    def _chat(self, line: Line) -> "ChatOllama":
        from langchain_ollama import ChatOllama  # 1.3 s, and not needed to show the pages
        from langsmith import configure

        # LangChain sends every prompt to LangSmith where the environment says so; ours stay here.
        configure(enabled=False)
        options = self._options
        return ChatOllama(
            model=self._name,
            base_url=self._address.url,
            num_ctx=options.context_tokens,
            num_predict=min(options.answer_tokens, options.context_tokens // 2),
            keep_alive=_duration(options.keep_alive),
            reasoning=False,
            temperature=0.0,
            client_kwargs={
                "timeout": httpx.Timeout(options.first_token_timeout, connect=_CONNECT_SECONDS),
                "headers": self._address.headers,
                "follow_redirects": False,  # the passages go to the named address only
                "trust_env": False,
            },
            sync_client_kwargs={"transport": line},
            # Never used, but made: without this it reads all certificates again.
            async_client_kwargs={"verify": tls(self._address)},
        )

    def _note(self, told: Mapping[str, Any]) -> None:
        if told.get("done"):
            self._finish_reason = told.get("done_reason") or "stop"
            self._prompt_tokens = told.get("prompt_eval_count")

    def _check_end(self, said: bool) -> None:
        if not self._finish_reason:
            raise errors.broke_off()
        if not said:
            raise errors.nothing_said(self._asked, self._finish_reason)

    def _told(self, error: Exception) -> QuireError:
        from ollama import ResponseError

        if isinstance(error, ResponseError):
            return errors.from_answer(error.status_code, error.error, self._asked)
        return errors.from_failure(error, self._asked)

    @property
    def _asked(self) -> errors.Asked:
        return errors.Asked(
            model=self._name, address=self._address, context_tokens=self.context_tokens
        )


class AnswerStream(Iterator[str]):
    """The pieces of an answer. `close` ends it from any thread, also while it waits."""

    def __init__(self, pieces: Generator[str], line: Line) -> None:
        self._pieces = pieces
        self._line = line

    def __next__(self) -> str:
        return next(self._pieces)

    def close(self) -> None:
        """Hang up, which ends the generation; the reader then sees the end of the answer."""
        self._line.cut()
        # A thread that waits inside is woken by the cut, and ends the generator itself.
        with contextlib.suppress(ValueError):
            self._pieces.close()


def without_thoughts(pieces: Iterable[str]) -> Iterator[str]:
    """The pieces less a leading <think> block, which some imported models write all the same."""
    pieces = iter(pieces)
    held = ""
    for piece in pieces:
        held += piece
        start = held.lstrip()
        if start.startswith("<think>"):
            _, closed, held_after = start.partition("</think>")
            if closed:
                held = held_after.lstrip()
                break
        elif not "<think>".startswith(start):
            break
    if not held.lstrip().startswith("<think>") and held:
        yield held
    yield from pieces


def _lack(any_listed: bool, chatting: Sequence[InstalledModel]) -> str:
    if not any_listed:
        return f"Ollama runs, but no model is installed yet. {_INSTALL}"
    if not chatting:
        return f"Ollama runs, but none of its models can chat. {_INSTALL}"
    if all(model.remote for model in chatting):
        return f"Ollama runs, but all its models run on the internet. {_INSTALL}"
    return ""


def _duration(keep_alive: str) -> int | str:
    """Ollama takes `10m`, or seconds as a number, but no number written as text."""
    try:
        return int(keep_alive)
    except ValueError:
        return keep_alive
