"""What refusals of OpenAI-compatible servers mean, as one sentence and a way out."""

from kb.adapters.server_address import Address
from kb.adapters.server_errors import CHECK_ADDRESS, Asked, busy, of_model, plain_reason, stopped
from kb.domain.errors import (
    ContextTooLongError,
    ModelError,
    ModelMissingError,
    ModelUnreachableError,
    NotAllowedError,
    QuireError,
)

_IS_OLLAMA = "Ollama is running"


class StillLoadingError(ModelError):
    """The server is there, its model is not."""

    retryable = True


def is_loading(status: int, text: str) -> bool:
    """Whether the server says that its model is not ready yet."""
    return status == 503 and "loading model" in text.lower()


def is_ollama(text: str) -> bool:
    """Whether an answer to `/` is Ollama's."""
    return text.strip() == _IS_OLLAMA


def from_status(status: int, text: str, address: Address) -> ModelError:
    """The server at the address refused, whatever it was asked."""
    reason = "" if text.lstrip().startswith("<") else plain_reason(text)
    advice = CHECK_ADDRESS
    if is_loading(status, text):
        what = f"The server at {address.url} is still loading its model."
        return StillLoadingError(what, subject=address.host, advice="Wait a moment.")
    if status in (401, 403):
        what = f"The server at {address.url} wants a key."
        advice = "Put it into KB_OPENAI_API_KEY."
    elif status == 407 or (status in (502, 503, 504) and not reason):
        what = f"A proxy answers at {address.url}, but no model server behind it (status {status})."
        advice = f"Start the model server. {CHECK_ADDRESS}"
    elif status < 500 or not reason:
        what = f"Something answers at {address.url}, but no model server (status {status})."
    else:
        what = f"The server at {address.url} could not answer: {reason}."
        return ModelError(what, subject=address.host, advice="Restart it.")
    return ModelUnreachableError(what, subject=address.host, advice=advice)


def from_answer(status: int, text: str, asked: Asked) -> QuireError:
    """What a status other than 200 says of the model."""
    reason = "" if text.lstrip().startswith("<") else plain_reason(text)
    told = of_model(reason, asked)
    if told:
        return told
    if not reason or status in (401, 403, 407):
        return from_status(status, text, asked.address)
    if status == 404:
        return not_served(asked.model, asked.address)
    if status in (429, 503):
        return busy("The model server")
    return ModelError(
        f"The model server could not answer: {reason}.",
        advice="Ask again; if it stays so, restart it or choose another model.",
    )


def from_stream(error: object, asked: Asked) -> QuireError:
    """What an error inside an answer says of the model."""
    reason = plain_reason(error)
    told = of_model(reason, asked)
    return told if isinstance(told, ContextTooLongError) else stopped(reason)


def not_served(name: str, address: Address) -> ModelMissingError:
    """The server has no such model."""
    return ModelMissingError(
        f"{name} is not served at {address.url}.",
        subject=name,
        advice="Load it there, or choose another model.",
    )


def ollama_there(address: Address) -> NotAllowedError:
    """Ollama's own copy of this interface tells neither windows nor which models are remote."""
    return NotAllowedError(
        f"Ollama answers at {address.url}.",
        subject=address.host,
        advice="Put its address into OLLAMA_HOST instead of KB_OPENAI_URL.",
    )
