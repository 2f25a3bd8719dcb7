"""Asks an Ollama server what it is and what it has."""

from dataclasses import dataclass
from typing import Any

import httpx

from kb.adapters import ollama_errors as errors
from kb.adapters.server_address import Address
from kb.adapters.server_errors import from_connection, plain_reason
from kb.adapters.server_fetch import fetch, parsed, whole
from kb.domain.models import InstalledModel

_EMBEDDING_FAMILIES = {"bert", "nomic-bert", "nomic-bert-moe", "xlm-roberta"}
_CLOUD_HOST = ".ollama.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModel:
    """A model as the server lists it, and whether it can answer; `digest` names its content."""

    model: InstalledModel
    chats: bool
    digest: str = ""


def version(address: Address) -> str:
    """The server's version. Raises ModelError where no Ollama answers."""
    found = _fetch(address, "/api/version").get("version")
    if not isinstance(found, str) or not found:
        raise errors.from_status(200, "", address)
    return found


def models(address: Address) -> list[ListedModel]:
    """All models of the server, in its order. Raises ModelError where no Ollama answers."""
    rows = _fetch(address, "/api/tags").get("models")
    if not isinstance(rows, list | None):
        raise errors.from_status(200, "", address)
    return [_listed(row, address) for row in rows or [] if isinstance(row, dict) and _name(row)]


def loaded(address: Address) -> dict[str, int | None]:
    """The windows of the loaded models, in tokens, by `full_name`. Raises ModelError."""
    rows = _fetch(address, "/api/ps").get("models")
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return {full_name(_name(row)): whole(row.get("context_length")) for row in found}


def trained_window(address: Address, name: str) -> int | None:
    """The longest window that the model was made for, in tokens. Raises ModelError."""
    info = _fetch(address, "/api/show", {"model": name}).get("model_info")
    if not isinstance(info, dict):
        return None
    return whole(info.get(f"{info.get('general.architecture')}.context_length"))


def find(name: str, listed: list[ListedModel]) -> ListedModel | None:
    """The model meant by a name: case does not count, and no tag means `latest`."""
    meant = full_name(name)
    return next((one for one in listed if full_name(one.model.name) == meant), None)


def full_name(name: str) -> str:
    """The name as it is compared: in small letters, with its tag."""
    name = name.strip().lower().removeprefix("registry.ollama.ai/").removeprefix("library/")
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def is_cloud_name(name: str) -> bool:
    """Whether a model of that name runs at Ollama's own site."""
    return full_name(name).endswith(("-cloud", ":cloud"))


def _name(row: dict[str, Any]) -> str:
    return str(row.get("name") or row.get("model") or "")


def _listed(row: dict[str, Any], address: Address) -> ListedModel:
    remote = _is_remote(row, address)
    model = InstalledModel(
        name=_name(row),
        # A cloud model's size is that of its description.
        size_bytes=None if remote else whole(row.get("size")),
        parameters=str(_details(row).get("parameter_size") or ""),
        remote=remote,
        server=address.url,
        trained_tokens=whole(_details(row).get("context_length")),
    )
    return ListedModel(model=model, chats=_chats(row), digest=str(row.get("digest") or ""))


def _is_remote(row: dict[str, Any], address: Address) -> bool:
    told = row.get("remote_host") or row.get("remote_model")
    named = is_cloud_name(_name(row))
    host = f".{address.host.lower().rstrip('.')}"
    return bool(told) or named or host.endswith(_CLOUD_HOST)


def _chats(row: dict[str, Any]) -> bool:
    """Servers of 2025 and older do not list capabilities: there family and name must do."""
    capabilities = row.get("capabilities")
    if isinstance(capabilities, list) and capabilities:
        return "completion" in capabilities
    return _details(row).get("family") not in _EMBEDDING_FAMILIES and "embed" not in _name(row)


def _details(row: dict[str, Any]) -> dict[str, Any]:
    details = row.get("details")
    return details if isinstance(details, dict) else {}


def _fetch(address: Address, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    try:
        status, text = fetch(address, path, method="POST" if body else "GET", body=body)
    # The last two: names that cannot be written into a request at all.
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise from_connection(error, address) from error
    if status != 200:
        raise errors.from_status(status, plain_reason(text), address)
    found = parsed(text)
    if found is None:
        raise errors.from_status(status, "", address)
    return found
