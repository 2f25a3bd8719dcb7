"""Language models behind an Ollama server."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx

from kb.adapters import ollama_errors, ollama_status
from kb.adapters import server_errors as errors
from kb.adapters.answer_stream import (
    CONNECT_SECONDS,
    AskingOptions,
    StreamingModel,
)
from kb.adapters.ollama_status import ListedModel
from kb.adapters.server_address import Address, parse_address
from kb.adapters.server_line import Line, tls
from kb.domain.conversations import Piece, Thought
from kb.domain.errors import ModelError, QuireError
from kb.domain.models import InstalledModel, ServerStatus

if TYPE_CHECKING:
    from langchain_ollama import ChatOllama

_INSTALL = "Install one, for instance with `ollama pull qwen3:4b`."
_SHOWING_SECONDS = 2.0


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
        # By content: what a model was made for does not change.
        self._trained: dict[tuple[str, str], int | None] = {}

    def status(self) -> ServerStatus:
        """What is there now. Never raises; answers within a few seconds."""
        shown = self._host
        try:
            address = parse_address(self._host)
            shown = address.url
            version, listed = ollama_status.version(address), ollama_status.models(address)
        except QuireError as error:
            return ServerStatus(address=shown, problem=str(error))
        chatting = self._with_windows([one for one in listed if one.chats], address)
        return ServerStatus(
            address=shown,
            version=version,
            answers=True,
            models=chatting,
            problem=_lack(bool(listed), chatting),
        )

    def chat_model(self, name: str, *, thinks: bool = False) -> "OllamaChatModel":
        """The named model, for one answer.

        Raises ModelError where it cannot be had, NotAllowedError where it runs on the internet:
        a server that does not tell what the model is, is not asked.
        """
        address = parse_address(self._host)
        listed = ollama_status.find(name, ollama_status.models(address))
        if listed is None:
            raise ollama_errors.not_installed(name)
        if listed.model.remote:
            raise errors.runs_remotely(listed.model.name)
        if not listed.chats:
            raise errors.only_embeds(listed.model.name)
        window = self._window(self._trained_window(listed, address))
        options = replace(self._options, context_tokens=window, thinks=thinks)
        return OllamaChatModel(listed.model.name, address, options)

    def _window(self, trained: int | None) -> int:
        """Ollama would lower a larger one in silence."""
        asked = self._options.context_tokens
        return asked if trained is None else min(asked, trained)

    def _with_windows(
        self, listed: Sequence[ListedModel], address: Address
    ) -> tuple[InstalledModel, ...]:
        """The models with what is known of their windows; servers differ in what they tell."""
        try:
            windows = ollama_status.loaded(address)
        except ModelError:
            windows = None
        until = time.monotonic() + _SHOWING_SECONDS
        return tuple(self._with_window(one, address, windows, until) for one in listed)

    def _with_window(
        self,
        listed: ListedModel,
        address: Address,
        windows: Mapping[str, int | None] | None,
        until: float,
    ) -> InstalledModel:
        if listed.model.remote:
            return listed.model
        # Many models of an old server: the next look tells of the others.
        trained = self._trained_window(listed, address) if time.monotonic() < until else None
        name = ollama_status.full_name(listed.model.name)
        return replace(
            listed.model,
            trained_tokens=trained,
            window_tokens=(windows or {}).get(name) or self._window(trained),
            loaded=None if windows is None else name in windows,
        )

    def _trained_window(self, listed: ListedModel, address: Address) -> int | None:
        if listed.model.trained_tokens:
            return listed.model.trained_tokens
        key = (listed.model.name, listed.digest)
        if key not in self._trained:
            try:
                self._trained[key] = ollama_status.trained_window(address, listed.model.name)
            except ModelError:
                return None
        return self._trained[key]


class OllamaChatModel(StreamingModel):
    """One model, asked with the same options each time. One answer at a time."""

    def __init__(self, name: str, address: Address, options: AskingOptions) -> None:
        super().__init__(address, options)
        self._name = name

    @property
    def name(self) -> str:
        """The model's name."""
        return self._name

    @property
    def context_tokens(self) -> int:
        """Tokens of prompt and answer together that the model is asked to hold."""
        return self._options.context_tokens

    def _pieces(self, messages: Sequence[tuple[str, str]], line: Line) -> Iterator[Piece]:
        from ollama import ResponseError

        try:
            yield from self._sent(messages, line, thinks=self._options.thinks)
        except ResponseError as error:
            if not ollama_errors.is_for_thinking(error.status_code, error.error):
                raise
            yield from self._sent(messages, line, thinks=False)

    def _sent(
        self, messages: Sequence[tuple[str, str]], line: Line, *, thinks: bool
    ) -> Iterator[Piece]:
        for chunk in self._chat(line, thinks=thinks).stream(list(messages)):
            self._note(chunk.response_metadata)
            if thought := chunk.additional_kwargs.get("reasoning_content"):
                yield Thought(text=str(thought))
            if chunk.text:
                yield str(chunk.text)

    def _chat(self, line: Line, *, thinks: bool) -> "ChatOllama":
        from langchain_ollama import ChatOllama  # 1.3 s, and not needed to show the pages
        from langsmith import configure

        # LangChain sends every prompt to LangSmith where the environment says so; ours stay here.
        configure(enabled=False)
        options = self._options
        return ChatOllama(
            model=self._name,
            base_url=self._address.url,
            num_ctx=options.context_tokens,
            num_predict=self._most_tokens,
            keep_alive=_duration(options.keep_alive),
            reasoning=thinks,
            temperature=0.0,
            client_kwargs={
                "timeout": httpx.Timeout(options.first_token_timeout, connect=CONNECT_SECONDS),
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

    def _told(self, error: Exception) -> QuireError:
        from ollama import ResponseError

        if isinstance(error, ResponseError):
            return ollama_errors.from_answer(error.status_code, error.error, self._asked)
        return errors.from_failure(error, self._asked)


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
