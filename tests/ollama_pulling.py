"""How the stand-in for Ollama downloads a model."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.ollama_wire import Json

UNKNOWN = "pull model manifest: file does not exist"
DIGEST = "sha256:7f4030143c1c477224c5434f8272c662a8b042079a0a584f0a27a1684fe2e1fa"
SMALL_DIGEST = "sha256:ae370d884f108d16e7cc8fd5259ebc5773a0afa6e078b11f4ed7e39a27e0dfc4"


@dataclass(kw_only=True)
class Pulling:
    """A download in so many steps; fields may change while it runs."""

    total: int = 522_640_096
    steps: int = 20
    delay: float = 0.0
    """Seconds before each line."""
    held: bool = False
    """Wait half way until this is False."""
    error: str = ""
    """What ends it half way."""
    silent: bool = False
    """End half way with nothing."""
    unknown: tuple[str, ...] = ("no-such-model",)
    first: bytes = b""
    """What comes before all lines."""
    there: dict[str, int] = field(default_factory=dict)
    """Bytes of downloads that were broken off; the next ones go on there."""

    def is_held(self) -> bool:
        """Whether it waits now."""
        return self.held and self._at_half

    def lines(self, name: str, install: Callable[[str], None]) -> Iterator[Json]:
        """The lines of the answer."""
        self._at_half = False
        yield {"status": "pulling manifest"}
        if name in self.unknown:
            yield {"error": UNKNOWN}
            return
        for done in self._steps(self.there.get(name, 0)):
            yield _layer(DIGEST, self.total, done)
            self.there[name] = done
            self._at_half = 2 * done >= self.total
            if self._at_half and self.error:
                yield {"error": self.error}
            if self._at_half and (self.error or self.silent):
                return
        yield _layer(SMALL_DIGEST, 487, 487)
        yield {"status": "verifying sha256 digest"}
        yield {"status": "writing manifest"}
        del self.there[name]
        install(name)
        yield {"status": "success"}

    def _steps(self, first: int) -> Iterator[int]:
        yield first
        for step in range(1, self.steps + 1):
            done = self.total * step // self.steps
            if done > first:
                yield done

    def __post_init__(self) -> None:
        self._at_half = False


def _layer(digest: str, total: int, done: int) -> Json:
    line = {"status": f"pulling {digest[7:19]}", "digest": digest, "total": total}
    return {**line, "completed": done} if done else line
