"""What goes wrong between us and Ollama, as one sentence and a way out."""

import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from kb.adapters.ollama_address import Address
from kb.domain.errors import (
    ContextTooLongError,
    ModelError,
    ModelMissingError,
    ModelTimeoutError,
    ModelUnreachableError,
    NotAllowedError,
    QuireError,
)

IN_STREAM = -1
"""The status that the ollama package gives to an error line inside a stream."""

_CHECK_ADDRESS = "Check the address in the settings."
_TOO_LONG = ("context length", "context size", "exceed_context_size")
_NO_MEMORY = ("out-of-memory", "out of memory", "more system memory", "terminated")
_OTHER_SERVERS = ("<", "404 page not found", "File Not Found")
_REASON_LENGTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which model was asked, where: what the sentences need to know."""

    model: str
    address: Address
    context_tokens: int


def from_connection(error: Exception, address: Address) -> ModelUnreachableError:
    """Nobody could be asked at the address."""
    causes = list(_causes(error))
    advice = _CHECK_ADDRESS
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        what = f"No computer is known by the name {address.host}."
    elif any(isinstance(cause, ssl.SSLError) for cause in causes):
        what = f"No secure connection to {address.url} could be made."
        advice = "Check its certificate, or write http:// where the server has none."
    elif isinstance(error, httpx.ConnectError):
        what = f"Ollama is not running at {address.url}."
        advice = "Start it, or change the address in the settings."
    else:
        what = f"No Ollama answers at {address.url}."
    return ModelUnreachableError(what, subject=address.host, advice=advice)


def from_status(status: int, reason: str, address: Address) -> ModelError:
    """The server at the address refused, whatever it was asked."""
    advice = _CHECK_ADDRESS
    if status == 403 and not reason:
        what = f"Ollama refuses the host name {address.host}."
        advice = "Use its IP address, or set OLLAMA_HOST where Ollama runs."
    elif status in (401, 403):
        what = f"The server at {address.url} wants a login."
        advice = "Put it into the address: http://user:password@host."
    elif status == 407 or (status in (502, 503, 504) and _is_foreign(reason)):
        what = f"A proxy answers at {address.url}, but no Ollama behind it (status {status})."
        advice = f"Start Ollama there. {_CHECK_ADDRESS}"
    elif status < 500 or _is_foreign(reason):
        what = f"Something answers at {address.url}, but it is not Ollama (status {status})."
    else:
        what = f"The server at {address.url} could not answer: {reason}."
        advice = "Try again; if it stays so, restart Ollama."
        return ModelError(what, subject=address.host, advice=advice)
    return ModelUnreachableError(what, subject=address.host, advice=advice)


def from_answer(status: int, error: object, asked: Asked) -> QuireError:
    """What a status other than 200, or an error line inside a stream, says of the model."""
    reason = plain_reason(error)
    if any(text in reason for text in _TOO_LONG):
        return context_too_long(asked)
    if status == IN_STREAM:
        return _stopped(reason)
    if any(text in reason for text in _NO_MEMORY):
        return _out_of_memory(asked)
    if "may be incompatible" in reason:
        return _outdated(asked)
    if "does not support chat" in reason:
        return only_embeds(asked.model)
    if _is_foreign(reason):
        return from_status(status, reason, asked.address)
    if status == 404:
        return not_installed(asked.model)
    if status in (401, 403):
        return runs_remotely(asked.model)
    if status == 503:
        return _busy()
    return _refused(reason)


def from_failure(error: Exception, asked: Asked) -> QuireError:
    """What a failed connection, or an answer that cannot be read, says of the model."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return from_connection(error, asked.address)
    if isinstance(error, httpx.TimeoutException):
        return ModelTimeoutError(
            f"{asked.model} gave no sign in time.",
            subject=asked.model,
            advice="Ask again: the first answer takes longest. A smaller model answers sooner.",
        )
    if isinstance(error, httpx.TransportError) or _is_torn(error):
        return broke_off()
    return ModelError(
        "The model's answer could not be read.",
        advice=f"Ask again; if it stays so, check that Ollama runs at {asked.address.url}.",
    )


def broke_off() -> ModelUnreachableError:
    """The stream ended before the model said that it was done."""
    return ModelUnreachableError(
        "The connection to the model broke; the answer is incomplete.",
        advice="Ask again.",
    )


def nothing_said(asked: Asked, finish_reason: str) -> ModelError:
    """The model was done without a word of an answer."""
    what = f"{asked.model} gave an empty answer."
    if finish_reason == "length":
        what = f"{asked.model} spent its whole answer on thinking."
    return ModelError(what, subject=asked.model, advice="Ask again, or choose another model.")


def context_too_long(asked: Asked) -> ContextTooLongError:
    """The prompt does not fit."""
    return ContextTooLongError(
        f"The passages do not fit the model's window of {asked.context_tokens} tokens.",
        advice="Ask with fewer passages, or raise the window in the settings.",
    )


def not_installed(name: str) -> ModelMissingError:
    """Ollama has no such model."""
    return ModelMissingError(
        f"{name} is not installed.",
        subject=name,
        advice=f"Install it with `ollama pull {name}`, or choose another model.",
    )


def only_embeds(name: str) -> ModelError:
    """The model is there, but cannot answer."""
    return ModelError(
        f"{name} only makes embeddings.", subject=name, advice="Choose a model that can chat."
    )


def runs_remotely(name: str) -> NotAllowedError:
    """The model would be sent the passages over the internet."""
    return NotAllowedError(
        f"{name} runs on the internet; your passages would leave this computer.",
        subject=name,
        advice="Choose a model that runs on this computer.",
    )


def plain_reason(error: object) -> str:
    """The text inside an error: some servers wrap it in an object, or in JSON as a text."""
    for _ in range(3):
        if isinstance(error, dict):
            kind = f" ({error['type']})" if "type" in error else ""
            error = error.get("error") or f"{error.get('message', '')}{kind}"
        elif isinstance(error, str) and error.lstrip().startswith("{"):
            error = _parsed(error)
    text = " ".join(str(error or "").split())
    return text[:_REASON_LENGTH].rstrip(". ")


def _parsed(text: str) -> object:
    try:
        return json.loads(text) or text
    except ValueError:
        return text.lstrip(" {")


def _is_foreign(reason: str) -> bool:
    """Ollama gives its reasons as JSON; pages and other servers' texts are not its own."""
    return not reason or reason.startswith(_OTHER_SERVERS)


def _is_torn(error: Exception) -> bool:
    """No line at all (LangChain's bare ValueError), or one that ends in its middle."""
    half_a_line = isinstance(error, json.JSONDecodeError) and error.doc.startswith("{")
    return type(error) is ValueError or half_a_line


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _stopped(reason: str) -> ModelError:
    reason = reason.removeprefix("an error was encountered while running the model: ")
    advice = "Ask again."
    if any(text in reason for text in _NO_MEMORY):
        advice = "Choose a smaller model, or a smaller window in the settings."
    return ModelError(f"The model stopped: {reason or 'it gave no reason'}.", advice=advice)


def _out_of_memory(asked: Asked) -> ModelError:
    return ModelError(
        f"{asked.model} does not fit in memory.",
        subject=asked.model,
        advice="Choose a smaller model, or a smaller window in the settings.",
    )


def _outdated(asked: Asked) -> ModelMissingError:
    return ModelMissingError(
        f"{asked.model} is too old for this Ollama.",
        subject=asked.model,
        advice=f"Download it again with `ollama pull {asked.model}`.",
    )


def _busy() -> ModelError:
    busy = ModelError("Ollama is busy.", advice="Ask again in a few seconds.")
    busy.retryable = True  # alone among the plain model errors: it passes by itself
    return busy


def _refused(reason: str) -> ModelError:
    return ModelError(
        f"Ollama could not answer: {reason}.",
        advice="Ask again; if it stays so, restart Ollama or choose another model.",
    )
