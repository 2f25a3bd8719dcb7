"""Everything that can be set, in one table: environment, then settings file, then default."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

from platformdirs import user_data_path

from kb.domain.errors import InvalidInputError
from kb.domain.retrieval import Strictness

SETTINGS_FILE = "settings.json"


def _setting(env: str, default: Any, meaning: str) -> Any:
    return field(default=default, metadata={"env": env, "help": meaning})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The values in force. Field types are str, int, Path or an enumeration of texts."""

    home: Path = field(
        default_factory=lambda: user_data_path("quire", appauthor=False),
        metadata={"env": "KB_HOME", "help": "Folder of all data: records, files, vectors."},
    )
    embedding_model: str = _setting(
        "KB_EMBEDDING_MODEL",
        "",
        "Folder or hub name of a sentence-transformers model; empty for the bundled one.",
    )
    embedding_threads: int = _setting(
        "KB_EMBEDDING_THREADS",
        0,
        "Threads that embed documents; 0 for one a core, "
        "or one less for other models than the bundled one.",
    )
    reranker: str = _setting(
        "KB_RERANKER",
        "",
        "Folder or hub name of a sentence-transformers CrossEncoder that orders the best passages "
        "anew; empty for none.",
    )
    support_model: str = _setting(
        "KB_SUPPORT_MODEL",
        "",
        "Folder, or hub name of a model that this machine has already, of a sentence-transformers "
        "CrossEncoder for entailment that helps to check the sentences of answers; empty for none.",
    )
    ollama_host: str = _setting(
        "OLLAMA_HOST", "http://127.0.0.1:11434", "Address of the Ollama server."
    )
    openai_url: str = _setting(
        "KB_OPENAI_URL",
        "",
        "Address of another model server: llama.cpp, vLLM, LM Studio or alike; empty for none.",
    )
    openai_api_key: str = _setting(
        "KB_OPENAI_API_KEY", "", "The key that this server wants, if any."
    )
    chat_model: str = _setting(
        "KB_CHAT_MODEL",
        "",
        "Model that writes answers, or `quotes` for none; empty for the first one installed.",
    )
    context_tokens: int = _setting(
        "KB_CONTEXT_TOKENS", 8192, "Window asked of the language model, in tokens (num_ctx)."
    )
    keep_alive: str = _setting(
        "KB_KEEP_ALIVE", "10m", "How long Ollama keeps the model loaded after an answer."
    )
    thinking: str = _setting(
        "KB_THINKING", "off", "Whether models that can think do so before they answer: on or off."
    )
    answers_at_a_time: int = _setting(
        "KB_ANSWERS_AT_A_TIME",
        1,
        "How many answers language models write at a time; the others wait for their turn.",
    )
    strictness: Strictness = field(
        default=Strictness.BALANCED,
        metadata={
            "env": "KB_STRICTNESS",
            "help": "How sure it must be that there is an answer: lenient, balanced or strict.",
        },
    )
    web_fetching: str = _setting(
        "KB_WEB_FETCHING", "off", "Whether web pages may be fetched by their address: on or off."
    )
    host: str = _setting("KB_HOST", "127.0.0.1", "Address the app listens on.")
    port: int = _setting("KB_PORT", 8501, "Port the app listens on.")
    log: str = _setting("KB_LOG", "warning", "How much is logged: error, warning, info or debug.")


def environment_name(name: str) -> str:
    """The environment variable of a setting."""
    return str(_field(name).metadata["env"])


def setting_rows() -> list[tuple[str, str, str]]:
    """(environment variable, default, meaning) of each setting, in order."""
    return [
        (f.metadata["env"], _shown_default(f.name), f.metadata["help"]) for f in fields(Settings)
    ]


def load_settings(
    environment: Mapping[str, str] = os.environ, *, home: Path | None = None
) -> Settings:
    """Read the settings in force. Raises InvalidInputError for a value of the wrong type."""
    settings = _overlay(Settings(), _from_environment(environment))
    if home is not None:
        settings = replace(settings, home=home)
    settings = replace(settings, home=settings.home.expanduser().resolve())
    kept = {**_from_file(settings.home / SETTINGS_FILE), **_from_environment(environment)}
    kept.pop("home", None)
    return _overlay(settings, kept)


def save_setting(home: Path, name: str, value: str | int) -> None:
    """Keep one value in the settings file of a data folder, the others untouched."""
    path = home / SETTINGS_FILE
    kept = {**_from_file(path), _field(name).name: value}
    home.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    with draft.open("w", encoding="utf-8") as stream:
        json.dump(kept, stream, indent=2, ensure_ascii=False)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)


def _field(name: str) -> Any:
    return next(f for f in fields(Settings) if f.name == name)


def _shown_default(name: str) -> str:
    if name == "home":
        return "the platform's user data folder"
    return str(_field(name).default)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    named = ((f.name, environment.get(f.metadata["env"], "")) for f in fields(Settings))
    return {name: value for name, value in named if value != ""}


def _from_file(path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InvalidInputError(
            f"The settings file {path} cannot be read.", advice="Mend or delete it."
        ) from error
    if not isinstance(kept, dict):
        raise InvalidInputError(
            f"The settings file {path} is not a table of settings.", advice="Mend or delete it."
        )
    known = {f.name for f in fields(Settings)}
    return {name: value for name, value in cast(dict[str, Any], kept).items() if name in known}


def _overlay(settings: Settings, values: Mapping[str, Any]) -> Settings:
    typed: dict[str, Any] = {}
    for name, value in values.items():
        kind = type(getattr(settings, name))
        # A file may hold anything, and str() or int() would take most of it.
        if type(value) not in (str, int if kind is int else str):
            raise _wrong(name, value, kind)
        try:
            typed[name] = kind(value)
        except ValueError as error:
            raise _wrong(name, value, kind) from error
    return replace(settings, **typed)


def _wrong(name: str, value: object, kind: type) -> InvalidInputError:
    advice = "Give a whole number." if kind is int else "Give a text."
    if issubclass(kind, StrEnum):
        advice = f"Give one of: {', '.join(kind)}."
    return InvalidInputError(f"{environment_name(name)} cannot be {value!r}.", advice=advice)
