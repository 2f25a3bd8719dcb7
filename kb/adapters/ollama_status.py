"""Asks an Ollama server what it is and what it has."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from kb.adapters import ollama_errors as errors
from kb.adapters.ollama_address import Address
from kb.adapters.ollama_line import tls
from kb.domain.models import InstalledModel

_SECONDS = 2.0
_MOST_BYTES = 8_000_000
_EMBEDDING_FAMILIES = {"bert", "nomic-bert", "nomic-bert-moe", "xlm-roberta"}
_CLOUD_HOST = ".ollama.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModel:
    """A model as the server lists it, and whether it can answer."""

    model: InstalledModel
    chats: bool


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


def find(name: str, listed: list[ListedModel]) -> ListedModel | None:
    """The model meant by a name: case does not count, and no tag means `latest`."""
    meant = _full(name)
    return next((one for one in listed if _full(one.model.name) == meant), None)


def _full(name: str) -> str:
    name = name.strip().lower().removeprefix("registry.ollama.ai/").removeprefix("library/")
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _name(row: dict[str, Any]) -> str:
    return str(row.get("name") or row.get("model") or "")


def _listed(row: dict[str, Any], address: Address) -> ListedModel:
    remote, size = _is_remote(row, address), row.get("size")
    model = InstalledModel(
        name=_name(row),
        # A cloud model's size is that of its description.
        size_bytes=size if isinstance(size, int) and not remote else None,
        parameters=str(_details(row).get("parameter_size") or ""),
        remote=remote,
    )
    return ListedModel(model=model, chats=_chats(row))


def _is_remote(row: dict[str, Any], address: Address) -> bool:
    told = row.get("remote_host") or row.get("remote_model")
    named = _full(_name(row)).endswith(("-cloud", ":cloud"))
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


def _fetch(address: Address, path: str) -> dict[str, Any]:
    status, body = _get(address, path)
    if status != 200:
        raise errors.from_status(status, errors.plain_reason(body), address)
    try:
        parsed = json.loads(body)
    except ValueError as error:
        raise errors.from_status(status, "", address) from error
    if not isinstance(parsed, dict):
        raise errors.from_status(status, "", address)
    return parsed


def _get(address: Address, path: str) -> tuple[int, str]:
    try:
        with _client(address) as client, client.stream("GET", address.url + path) as response:
            return response.status_code, _read(response)
    # The last two: names that cannot be written into a request at all.
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise errors.from_connection(error, address) from error


@contextmanager
def _client(address: Address) -> Iterator[httpx.Client]:
    """Straight to the address: a proxy from the environment would see what nobody named it for."""
    with httpx.Client(
        timeout=_SECONDS, trust_env=False, verify=tls(address), headers=address.headers
    ) as client:
        yield client


def _read(response: httpx.Response) -> str:
    """The body, unless it goes on and on: at a wrong address anything may answer."""
    body, until = bytearray(), time.monotonic() + _SECONDS
    for block in response.iter_bytes():
        body += block
        if len(body) > _MOST_BYTES or time.monotonic() > until:
            raise httpx.ReadTimeout("the answer does not end", request=response.request)
    return body.decode("utf-8", errors="replace")
