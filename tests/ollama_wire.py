"""What Ollama says over the wire: its refusals, its rows of models, its counts."""

from dataclasses import dataclass, field
from typing import Any

JSON = "application/json; charset=utf-8"
NDJSON = "application/x-ndjson"
CREATED_AT = "2026-08-30T07:15:08.901473844Z"

Json = dict[str, Any]
Messages = list[dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A refusal instead of an answer: the status and Ollama's text ({model} is filled in)."""

    status: int
    error: str
    more: Json = field(default_factory=dict)


BUSY = Trouble(
    status=503, error="server busy, please try again.  maximum pending requests exceeded"
)
OUT_OF_MEMORY = Trouble(
    status=500,
    error="llama-server reported out-of-memory during startup: cudaMalloc failed: out of memory",
)
INCOMPATIBLE = Trouble(
    status=500,
    error="failed to load model: this model may be incompatible with your version of Ollama. "
    "If you previously pulled this model, try updating it by running `ollama pull {model}`",
)
TOO_LONG = Trouble(
    status=400,
    error="the prompt is longer than the context length currently available to the model; "
    "shorten the prompt, adjust the context length in settings, or use a model with a longer "
    "context length",
)
MISSING = Trouble(status=404, error="model '{model}' not found")
NOT_CHAT = Trouble(status=400, error='"{model}" does not support chat')
NO_THINKING = Trouble(status=400, error='"{model}" does not support thinking')
UNAUTHORIZED = Trouble(
    status=401,
    error="unauthorized",
    more={"signin_url": "https://ollama.com/connect?name=host&key=KEY"},
)


def model_entry(name: str, *, kind: str = "completion", remote: bool = False) -> Json:
    """A row of /api/tags. `kind` is the capability: completion or embedding."""
    family = "bert" if kind == "embedding" else "qwen2"
    entry = {
        "name": name,
        "model": name,
        "modified_at": "2026-06-19T09:00:00+08:00",
        "size": 384 if remote else 397821543,
        "digest": f"{abs(hash(name)):064x}"[:64],
        "details": {
            "parent_model": "",
            "format": "" if remote else "gguf",
            "family": family,
            "families": [family],
            "parameter_size": "494.03M",
            "quantization_level": "Q4_K_M",
            "context_length": 32768,
            "embedding_length": 896,
        },
        "capabilities": [kind],
    }
    if remote:
        entry |= {
            "remote_model": name.partition("-cloud")[0],
            "remote_host": "https://ollama.com:443",
        }
    return entry


def loaded_entry(name: str, window: int) -> Json:
    """A row of /api/ps."""
    details = model_entry(name)["details"]
    kept = ("parent_model", "format", "family", "families", "parameter_size", "quantization_level")
    return {
        "name": name,
        "model": name,
        "size": 1000000000,
        "digest": "7f40" + "0" * 60,
        "details": {key: details[key] for key in kept},
        "expires_at": "2026-07-17T20:15:00+08:00",
        "size_vram": 0,
        "context_length": window,
    }


def shown(trained_window: int | None) -> Json:
    """What /api/show tells of a model."""
    told = {"qwen2.context_length": trained_window} if trained_window else {}
    return {
        "parameters": "num_keep                       24",
        "template": "{{ .Prompt }}",
        "details": model_entry("any")["details"],
        "model_info": {"general.architecture": "qwen2", "qwen2.block_count": 36, **told},
        "capabilities": ["completion"],
        "modified_at": "2026-08-01T10:00:00Z",
    }


def says(content: str) -> Json:
    """The message inside a line."""
    return {"role": "assistant", "content": content}


def tokens(messages: Messages) -> int:
    """About how many tokens the messages have."""
    return sum(len(message["content"]) for message in messages) // 4


def window(asked: Json) -> int:
    """The window a chat asks for."""
    return int(asked.get("options", {}).get("num_ctx", 4096))


def counts(asked: Json, pieces: int) -> Json:
    """The figures of a last line."""
    read = tokens(asked["messages"])
    return {
        "total_duration": 205192026,
        "load_duration": 717297,
        # Too long a prompt is cut to half the window, with no other sign than this number.
        "prompt_eval_count": read if read <= window(asked) else window(asked) // 2 + 2,
        "prompt_eval_duration": 5267000,
        "eval_count": pieces,
        "eval_duration": 194753000,
    }
