"""Asks an OpenAI-compatible server which models it has: llama.cpp, vLLM, LM Studio and others."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import httpx

from kb.adapters import openai_errors as errors
from kb.adapters.server_address import Address
from kb.adapters.server_errors import from_connection
from kb.adapters.server_fetch import fetch, parsed, whole
from kb.domain.errors import ModelError
from kb.domain.models import InstalledModel

_PRODUCTS = {"llamacpp": "llama.cpp", "vllm": "vLLM"}
_MOST_MODELS = 200
_LONGEST_ID = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """A model as the server lists it: `id` is what a request must say."""

    id: str
    model: InstalledModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The models of a server that can answer, and what the server is, as far as it tells."""

    product: str
    models: tuple[ServedModel, ...]


def served(address: Address, transport: httpx.BaseTransport | None = None) -> Served:
    """What the server has. Raises ModelError; NotAllowedError where it is an Ollama.

    A given transport carries the requests, and may be cut meanwhile.
    """
    status, text = _get(address, "/v1/models", transport)
    if status != 200:
        raise errors.from_status(status, text, address)
    found = parsed(text)
    rows = found.get("data") if found else None
    if not isinstance(rows, list):
        raise errors.from_status(status, "", address)
    if errors.is_ollama(_get(address, "/", transport)[1]):
        raise errors.ollama_there(address)
    sound = [row for row in rows if isinstance(row, dict) and _chats(row)][:_MOST_MODELS]
    product = next((_PRODUCTS[row["owned_by"]] for row in sound if _owner(row) in _PRODUCTS), "")
    models = _named([_served(row, address, product) for row in sound])
    if product == "llama.cpp" and len(models) == 1:
        models = [_with_slot(models[0], address, transport)]
    return Served(product=product, models=tuple(models))


def find(name: str, served: Served) -> ServedModel | None:
    """The model meant by a name, with or without its server's."""
    names = ((one, (one.model.name, one.model.known_as, one.id)) for one in served.models)
    return next((one for one, known in names if name in known), None)


def _get(address: Address, path: str, transport: httpx.BaseTransport | None) -> tuple[int, str]:
    try:
        return fetch(address, path, transport=transport)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise from_connection(error, address) from error


def _chats(row: dict[str, Any]) -> bool:
    """Servers list their embedding models too, and tell them apart by nothing but the name."""
    id = row.get("id")
    return isinstance(id, str) and 0 < len(id) <= _LONGEST_ID and "embed" not in id.lower()


def _owner(row: dict[str, Any]) -> str:
    owner = row.get("owned_by")
    return owner if isinstance(owner, str) else ""


def _served(row: dict[str, Any], address: Address, product: str) -> ServedModel:
    meta = row.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    known_as = _short(row["id"])
    model = InstalledModel(
        name=known_as,
        known_as=known_as,
        size_bytes=whole(meta.get("size")),
        parameters=_parameters(whole(meta.get("n_params"))),
        remote=False,
        server=address.url,
        trained_tokens=whole(meta.get("n_ctx_train")),
        window_tokens=whole(meta.get("n_ctx")) or whole(row.get("max_model_len")),
        loaded=True if product and (meta or product == "vLLM") else None,
    )
    return ServedModel(id=row["id"], model=model)


def _short(id: str) -> str:
    """llama.cpp names a model by the path of its file, which is nobody's to read."""
    return re.split(r"[/\\]", id)[-1] if id.endswith(".gguf") else id


def _named(models: list[ServedModel]) -> list[ServedModel]:
    """The models under names that say where they are; files of one name under their paths."""
    times = Counter(one.model.known_as for one in models)
    named = []
    for one in models:
        known_as = one.model.known_as if times[one.model.known_as] == 1 else one.id
        name = qualified(known_as, one.model.server)
        named.append(replace(one, model=replace(one.model, name=name, known_as=known_as)))
    return named


def qualified(known_as: str, url: str) -> str:
    """The name that no model of another server has: model@host:port."""
    return f"{known_as}@{url.partition('://')[2]}"


def _with_slot(
    one: ServedModel, address: Address, transport: httpx.BaseTransport | None
) -> ServedModel:
    """llama.cpp may share its window among the questions that it answers at a time."""
    try:
        status, text = _get(address, "/props", transport)
    except ModelError:
        return one
    found = (parsed(text) if status == 200 else None) or {}
    settings = found.get("default_generation_settings")
    slot = whole(settings.get("n_ctx")) if isinstance(settings, dict) else None
    told = [tokens for tokens in (one.model.window_tokens, slot) if tokens]
    window = min(told) if told else None
    return replace(one, model=replace(one.model, window_tokens=window))


def _parameters(count: int | None) -> str:
    if count is None:
        return ""
    return f"{count / 1e9:.1f}B" if count >= 1e9 else f"{count / 1e6:.0f}M"
