"""An answer on its way: how it is asked for, closed from elsewhere, and freed of thoughts."""

import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass

from kb.adapters.server_line import Line
from kb.domain.errors import QuireError

CONNECT_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingOptions:
    """How every model is asked. One fixed set: Ollama loads a model anew when they change."""

    context_tokens: int
    keep_alive: str = "10m"
    first_token_timeout: float = 300.0
    answer_tokens: int = 1024


class AnswerStream(Iterator[str]):
    """The pieces of an answer. `close` ends it from any thread, also while it waits."""

    def __init__(self, pieces: Generator[str], line: Line) -> None:
        self._pieces = pieces
        self._line = line

    def __next__(self) -> str:
        return next(self._pieces)

    def close(self) -> None:
        """Hang up, which ends the generation; the reader then sees the end of the answer."""
        self._line.cut()
        # A thread that waits inside is woken by the cut, and ends the generator itself.
        with contextlib.suppress(ValueError):
            self._pieces.close()


def checked(
    pieces: Iterable[str],
    line: Line,
    *,
    told: Callable[[Exception], QuireError],
    check_end: Callable[[bool], None],
) -> AnswerStream:
    """The pieces, less thoughts; a failure is raised as `told`, unless the line was cut.

    `check_end` hears at the end whether anything was said, and may raise as well.
    """

    def read() -> Generator[str]:
        said = False
        try:
            for piece in without_thoughts(pieces):
                said = said or not piece.isspace()
                yield piece
        except Exception as error:
            if line.is_cut:
                return
            raise told(error) from error
        finally:
            line.close()
        if not line.is_cut:
            check_end(said)

    return AnswerStream(read(), line)


def without_thoughts(pieces: Iterable[str]) -> Iterator[str]:
    """The pieces less a leading <think> block, which some imported models write all the same."""
    pieces = iter(pieces)
    held = ""
    for piece in pieces:
        held += piece
        start = held.lstrip()
        if start.startswith("<think>"):
            _, closed, held_after = start.partition("</think>")
            if closed:
                held = held_after.lstrip()
                break
        elif not "<think>".startswith(start):
            break
    if not held.lstrip().startswith("<think>") and held:
        yield held
    yield from pieces
