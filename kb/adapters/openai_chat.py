"""One model behind an OpenAI-compatible server, asked over its chat completions."""

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

import httpx

from kb.adapters import openai_errors, openai_status
from kb.adapters import server_errors as errors
from kb.adapters.answer_stream import CONNECT_SECONDS, AskingOptions, StreamingModel
from kb.adapters.openai_status import ServedModel
from kb.adapters.server_address import Address
from kb.adapters.server_fetch import text_of, whole
from kb.adapters.server_line import Line
from kb.adapters.server_lines import lines_of
from kb.domain.conversations import Piece, Thought
from kb.domain.errors import QuireError

_PATH = "/v1/chat/completions"
_LOOK_AGAIN_SECONDS = 0.5
_TEMPLATE_OPTIONS = "chat_template_kwargs"

Json = dict[str, Any]


class _RefusedError(Exception):
    """The server answered with another status than 200."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text
        super().__init__(status)


class _StoppedError(Exception):
    """The server sent an error inside its answer."""

    def __init__(self, error: object) -> None:
        self.error = error
        super().__init__()


class OpenAIChatModel(StreamingModel):
    """One model, asked with the same options each time. One answer at a time.

    `served` is None while the server loads it: what it is then shows when it is asked.
    """

    def __init__(
        self, name: str, served: ServedModel | None, address: Address, options: AskingOptions
    ) -> None:
        super().__init__(address, options)
        self._name = name
        self._served = served

    @property
    def name(self) -> str:
        """The model's name, which says where it is."""
        return self._served.model.name if self._served else self._name

    @property
    def context_tokens(self) -> int:
        """Tokens of prompt and answer together, as the server tells, else as is configured."""
        told = self._served.model.window_tokens if self._served else None
        return told or self._options.context_tokens

    def _pieces(self, messages: Sequence[tuple[str, str]], line: Line) -> Iterator[Piece]:
        until = time.monotonic() + self._options.first_token_timeout
        served = self._served = self._served or self._found(line, until)
        if served is None:
            return
        body = self._body(served.id, messages)
        with httpx.Client(
            timeout=httpx.Timeout(self._options.first_token_timeout, connect=CONNECT_SECONDS),
            headers=self._address.headers,
            follow_redirects=False,  # the passages go to the named address only
            trust_env=False,
            transport=line,
        ) as client:
            while not line.is_cut:
                try:
                    yield from self._answer(client, body)
                    return
                except _RefusedError as refused:
                    self._look_past(refused, body, line, until)

    def _found(self, line: Line, until: float) -> ServedModel | None:
        """The model, once the server has loaded it; None where the line is cut before."""
        while not line.is_cut:
            try:
                one = openai_status.find(
                    self._name, openai_status.served(self._address, transport=line)
                )
            except openai_errors.StillLoadingError as error:
                self._wait(line, until, error)
                continue
            if one is None:
                raise openai_errors.not_served(self._name, self._address)
            return one
        return None

    def _look_past(self, refused: _RefusedError, body: Json, line: Line, until: float) -> None:
        """Wait while the model loads, leave out what the server does not know, or give up."""
        if openai_errors.is_loading(refused.status, refused.text):
            self._wait(line, until, refused)
        elif (
            refused.status == 400
            and _TEMPLATE_OPTIONS in refused.text
            and body.pop(_TEMPLATE_OPTIONS, None)
        ):
            return
        else:
            raise refused

    def _wait(self, line: Line, until: float, error: Exception) -> None:
        if time.monotonic() > until:
            raise errors.no_sign(self._asked) from error
        line.pause(_LOOK_AGAIN_SECONDS)

    def _body(self, id: str, messages: Sequence[tuple[str, str]]) -> Json:
        return {
            "model": id,
            "messages": [{"role": role, "content": content} for role, content in messages],
            "max_tokens": self._most_tokens,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
            _TEMPLATE_OPTIONS: {"enable_thinking": self._options.thinks},
        }

    def _answer(self, client: httpx.Client, body: Json) -> Iterator[Piece]:
        with client.stream("POST", self._address.url + _PATH, json=body) as response:
            if response.status_code != 200:
                raise _RefusedError(response.status_code, text_of(response))
            if "event-stream" not in response.headers.get("content-type", ""):
                raise httpx.DecodingError("no stream of events", request=response.request)
            for event in _events(response.iter_bytes()):
                yield from self._read(event)
                if event is _DONE:
                    return

    def _read(self, event: Json) -> Iterator[Piece]:
        if event is _DONE:
            self._finish_reason = self._finish_reason or "stop"
            return
        if "error" in event:
            raise _StoppedError(event["error"])
        usage = event.get("usage")
        if isinstance(usage, dict):
            self._prompt_tokens = whole(usage.get("prompt_tokens"))
        choice = _first(event.get("choices"))
        if isinstance(choice.get("finish_reason"), str):
            self._finish_reason = choice["finish_reason"]
        delta = choice.get("delta")
        if isinstance(delta, dict):
            yield from _pieces_of(delta)

    def _told(self, error: Exception) -> QuireError:
        if isinstance(error, QuireError):
            return error
        if isinstance(error, _RefusedError):
            return openai_errors.from_answer(error.status, error.text, self._asked)
        if isinstance(error, _StoppedError):
            return openai_errors.from_stream(error.error, self._asked)
        return errors.from_failure(error, self._asked)


_DONE: Json = {}
"""What stands for the stream's last event, which is no JSON."""


def _events(blocks: Iterator[bytes]) -> Iterator[Json]:
    for line in lines_of(blocks):
        field, _, value = line.partition(b":")
        value = value.strip()
        if field not in (b"data", b"error"):
            continue
        if value == b"[DONE]":
            yield _DONE
            return
        event = json.loads(value)
        if isinstance(event, dict):
            yield {"error": event} if field == b"error" else event


def _pieces_of(delta: Json) -> Iterator[Piece]:
    """The thought and the text in a piece of an answer; servers name thoughts by two names."""
    thought = delta.get("reasoning_content") or delta.get("reasoning")
    if isinstance(thought, str) and thought:
        yield Thought(text=thought)
    content = delta.get("content")
    if isinstance(content, str) and content:
        yield content


def _first(choices: object) -> Json:
    """The only choice, of one that was asked for; the usage comes without any."""
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}
