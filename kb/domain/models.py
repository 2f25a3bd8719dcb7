"""Language models, the servers that have them, and downloads."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledModel:
    """A language model that a server has. A remote one runs where nobody pointed Quire at.

    `name` is the only one of its kind; `known_as` is what its own server calls it, and `server`
    that server's address. Windows are in tokens: `trained_tokens` the longest the model was made
    for, `window_tokens` the one in use, or to be used. `loaded` is None where nobody knows.
    """

    name: str
    size_bytes: int | None
    parameters: str
    remote: bool
    known_as: str = ""
    server: str = ""
    trained_tokens: int | None = None
    window_tokens: int | None = None
    loaded: bool | None = None

    @property
    def short_name(self) -> str:
        """The name without the server's."""
        return self.known_as or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """Whether a model server answers, and what it has; `problem` is a sentence if not.

    Of several servers, `servers` has the status of each, and `models` those of all.
    """

    address: str
    kind: str = "Ollama"
    version: str = ""
    answers: bool = False
    models: tuple[InstalledModel, ...] = ()
    problem: str = ""
    servers: "tuple[ServerStatus, ...]" = ()

    @property
    def each(self) -> "tuple[ServerStatus, ...]":
        """The status of each server."""
        return self.servers or (self,)


@dataclass(frozen=True, slots=True, kw_only=True)
class PullProgress:
    """How far a download is. The total grows while the server learns what there is to fetch."""

    done_bytes: int = 0
    total_bytes: int = 0
    checking: bool = False

    @property
    def share(self) -> float:
        """How much of it is there, 0 to 1."""
        return min(1.0, self.done_bytes / self.total_bytes) if self.total_bytes else 0.0


class PullState(StrEnum):
    """What became of a download."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """The download of a model. `first_bytes` were there when `begun_at` its bytes began to come."""

    name: str
    state: PullState = PullState.RUNNING
    progress: PullProgress = PullProgress()
    error: str = ""
    begun_at: datetime | None = None
    first_bytes: int = 0

    def seconds_left(self, now: datetime) -> float | None:
        """About how long it will take; None where that cannot be told yet."""
        came = self.progress.done_bytes - self.first_bytes
        if self.begun_at is None or came <= 0 or self.state is not PullState.RUNNING:
            return None
        seconds = (now - self.begun_at).total_seconds()
        return seconds / came * (self.progress.total_bytes - self.progress.done_bytes)


def model_name(written: str) -> str:
    """The model's name in what a person wrote: the name, or Ollama's command with it."""
    return written.strip().removeprefix("ollama pull ").strip()
