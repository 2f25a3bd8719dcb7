"""What Ollama's refusals mean, as one sentence and a way out."""

from kb.adapters.server_address import Address
from kb.adapters.server_errors import (
    CHECK_ADDRESS,
    Asked,
    busy,
    of_model,
    only_embeds,
    plain_reason,
    runs_remotely,
    stopped,
)
from kb.domain.errors import (
    ContextTooLongError,
    InvalidInputError,
    ModelError,
    ModelMissingError,
    ModelUnreachableError,
    QuireError,
)

IN_STREAM = -1
"""The status that the ollama package gives to an error line inside a stream."""

_OTHER_SERVERS = ("<", "404 page not found", "File Not Found")
_NO_SUCH_NAME = ("file does not exist", "not found", "invalid model name")
_NO_ROOM = ("no space left", "disk full", "not enough space", "disk quota")


def from_status(status: int, reason: str, address: Address) -> ModelError:
    """The server at the address refused, whatever it was asked."""
    advice = CHECK_ADDRESS
    if status == 403 and not reason:
        what = f"Ollama refuses the host name {address.host}."
        advice = "Use its IP address, or set OLLAMA_HOST where Ollama runs."
    elif status in (401, 403):
        what = f"The server at {address.url} wants a login."
        advice = "Put it into the address: http://user:password@host."
    elif status == 407 or (status in (502, 503, 504) and _is_foreign(reason)):
        what = f"A proxy answers at {address.url}, but no Ollama behind it (status {status})."
        advice = f"Start Ollama there. {CHECK_ADDRESS}"
    elif status < 500 or _is_foreign(reason):
        what = f"Something answers at {address.url}, but it is not Ollama (status {status})."
    else:
        what = f"The server at {address.url} could not answer: {reason}."
        advice = "Try again; if it stays so, restart Ollama."
        return ModelError(what, subject=address.host, advice=advice)
    return ModelUnreachableError(what, subject=address.host, advice=advice)


def is_for_thinking(status: int, text: str) -> bool:
    """Whether the model was refused only because it cannot think."""
    return status == 400 and "does not support thinking" in text


def from_answer(status: int, error: object, asked: Asked) -> QuireError:
    """What a status other than 200, or an error line inside a stream, says of the model."""
    reason = plain_reason(error)
    told = of_model(reason, asked)
    if isinstance(told, ContextTooLongError):
        return told
    if status == IN_STREAM:
        return stopped(reason)
    if told:
        return told
    if "may be incompatible" in reason:
        return _outdated(asked.model)
    if "does not support chat" in reason:
        return only_embeds(asked.model)
    if _is_foreign(reason):
        return from_status(status, reason, asked.address)
    if status == 404:
        return not_installed(asked.model)
    if status in (401, 403):
        return runs_remotely(asked.model)
    if status == 503:
        return busy("Ollama")
    return ModelError(
        f"Ollama could not answer: {reason}.",
        advice="Ask again; if it stays so, restart Ollama or choose another model.",
    )


def from_pull(error: object, name: str, percent: int | None) -> QuireError:
    """Why a download ended; `percent` of it were there, if that is known."""
    reason = plain_reason(error)
    if any(text in reason for text in _NO_SUCH_NAME):
        return no_such_model(name)
    if any(text in reason for text in _NO_ROOM):
        return ModelError(
            f"There is not enough disk space for {name}.",
            subject=name,
            advice="Delete a model or other files, then download it again.",
        )
    if "newer version of ollama" in reason.lower():
        return ModelError(f"{name} needs a newer Ollama.", subject=name, advice="Update Ollama.")
    if "unauthorized" in reason or "access denied" in reason:
        return ModelError(
            f"{name} is not open to everybody.", subject=name, advice="Choose another model."
        )
    return download_stopped(name, percent, reason)


def download_stopped(name: str, percent: int | None, reason: str = "") -> ModelError:
    """A download that can be gone on with."""
    where = "" if percent is None else f" at {percent} %"
    why = f": {reason.rstrip(': ')}" if reason else ""
    stopped_there = ModelError(
        f"The download of {name} stopped{where}{why}.",
        subject=name,
        advice="Download it again; it goes on where it stopped.",
    )
    stopped_there.retryable = True
    return stopped_there


def no_such_model(name: str) -> ModelMissingError:
    """Nobody offers a model of that name."""
    return ModelMissingError(
        f"There is no model called {name}.",
        subject=name,
        advice="Look the name up at ollama.com/library.",
    )


def no_name(name: str) -> InvalidInputError:
    """What was written can be no model's name."""
    return InvalidInputError(
        f"{name[:80]!r} cannot be the name of a model.", advice="Write it like qwen3:4b."
    )


def not_installed(name: str) -> ModelMissingError:
    """Ollama has no such model."""
    return ModelMissingError(
        f"{name} is not installed.",
        subject=name,
        advice=f"Install it with `ollama pull {name}`, or choose another model.",
    )


def _outdated(name: str) -> ModelMissingError:
    return ModelMissingError(
        f"{name} is too old for this Ollama.",
        subject=name,
        advice=f"Download it again with `ollama pull {name}`.",
    )


def _is_foreign(reason: str) -> bool:
    """Ollama gives its reasons as JSON; pages and other servers' texts are not its own."""
    return not reason or reason.startswith(_OTHER_SERVERS)
