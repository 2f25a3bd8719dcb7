"""Language models, and the server that has them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledModel:
    """A language model that the server has. A remote one runs on another machine."""

    name: str
    size_bytes: int | None
    parameters: str
    remote: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """Whether the model server answers, and what it has; `problem` is a sentence if not."""

    address: str
    version: str = ""
    models: tuple[InstalledModel, ...] = ()
    problem: str = ""
