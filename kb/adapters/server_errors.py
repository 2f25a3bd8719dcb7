"""What goes wrong between us and any model server, as one sentence and a way out."""

import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from kb.adapters.server_address import OLLAMA, Address
from kb.domain.errors import (
    ContextTooLongError,
    ModelError,
    ModelTimeoutError,
    ModelUnreachableError,
    NotAllowedError,
    QuireError,
)

CHECK_ADDRESS = "Check the address in the settings."
_TOO_LONG = ("context length", "context size", "exceed_context_size", "maximum model length")
_NO_MEMORY = (
    "out-of-memory",
    "out of memory",
    "more system memory",
    "terminated",
    "insufficient system resources",
)
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
    advice = CHECK_ADDRESS
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        what = f"No computer is known by the name {address.host}."
    elif any(isinstance(cause, ssl.SSLError) for cause in causes):
        what = f"No secure connection to {address.url} could be made."
        advice = "Check its certificate, or write http:// where the server has none."
    elif isinstance(error, httpx.ConnectError):
        absent = "Ollama is not" if address.kind is OLLAMA else f"No {address.kind.name} is"
        what = f"{absent} running at {address.url}."
        advice = "Start it, or change the address in the settings."
    else:
        what = f"No {address.kind.name} answers at {address.url}."
    return ModelUnreachableError(what, subject=address.host, advice=advice)


def from_failure(error: Exception, asked: Asked) -> QuireError:
    """What a failed connection, or an answer that cannot be read, says of the model."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return from_connection(error, asked.address)
    if isinstance(error, httpx.TimeoutException):
        return no_sign(asked)
    if isinstance(error, httpx.TransportError) or _is_torn(error):
        return broke_off()
    return ModelError(
        "The model's answer could not be read.",
        advice=f"Ask again; if it stays so, look at the server at {asked.address.url}.",
    )


def of_model(reason: str, asked: Asked) -> ModelError | None:
    """What a reason says of the model and its window, if it says anything of them."""
    lower = reason.lower()
    if any(text in lower for text in _TOO_LONG):
        return context_too_long(asked)
    if any(text in lower for text in _NO_MEMORY):
        return ModelError(
            f"{asked.model} does not fit in memory.",
            subject=asked.model,
            advice="Choose a smaller model, or a smaller window in the settings.",
        )
    return None


def stopped(reason: str) -> ModelError:
    """The server ended the answer in its middle, and said why."""
    reason = reason.removeprefix("an error was encountered while running the model: ")
    advice = "Ask again."
    if any(text in reason.lower() for text in _NO_MEMORY):
        advice = "Choose a smaller model, or a smaller window in the settings."
    return ModelError(f"The model stopped: {reason or 'it gave no reason'}.", advice=advice)


def no_sign(asked: Asked) -> ModelTimeoutError:
    """Nothing came, not even a refusal."""
    return ModelTimeoutError(
        f"{asked.model} gave no sign in time.",
        subject=asked.model,
        advice="Ask again: the first answer takes longest. A smaller model answers sooner.",
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
    larger = "raise the window in the settings"
    if asked.address.kind is not OLLAMA:
        larger = "start the model server with a larger window"
    return ContextTooLongError(
        f"The passages do not fit the model's window of {asked.context_tokens} tokens.",
        advice=f"Ask with fewer passages, or {larger}.",
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


def busy(server: str) -> ModelError:
    """The server has too much to do at the moment."""
    told = ModelError(f"{server} is busy.", advice="Ask again in a few seconds.")
    told.retryable = True  # alone among the plain model errors: it passes by itself
    return told


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
    except (ValueError, RecursionError):
        return text.lstrip(" {")


def _is_torn(error: Exception) -> bool:
    """No line at all (LangChain's bare ValueError), or one that ends in its middle."""
    half_a_line = isinstance(error, json.JSONDecodeError) and error.doc.startswith("{")
    return type(error) is ValueError or half_a_line


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
