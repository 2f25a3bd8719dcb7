"""An answer on its way: how it is asked for, and closed from elsewhere."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass

from kb.adapters import server_errors as errors
from kb.adapters.server_address import Address
from kb.adapters.server_line import Line, tls
from kb.adapters.thoughts import separated
from kb.domain.conversations import Piece, Thought
from kb.domain.errors import QuireError

CONNECT_SECONDS = 3.0

THINKING_TOKENS = 2048
THINKING_SHARE = 4
"""Of a small window, thoughts take one part in so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingOptions:
    """How every model is asked. One fixed set: Ollama loads a model anew when they change."""

    context_tokens: int
    keep_alive: str = "10m"
    first_token_timeout: float = 300.0
    answer_tokens: int = 1024
    thinks: bool = False


class AnswerStream(Iterator[Piece]):
    """The pieces of an answer. `close` ends it from any thread, also while it waits."""

    def __init__(self, pieces: Generator[Piece], line: Line) -> None:
        self._pieces = pieces
        self._line = line

    def __next__(self) -> Piece:
        return next(self._pieces)

    def close(self) -> None:
        """Hang up, which ends the generation; the reader then sees the end of the answer."""
        self._line.cut()
        # A thread that waits inside is woken by the cut, and ends the generator itself.
        with contextlib.suppress(ValueError):
            self._pieces.close()


class StreamingModel(ABC):
    """A model behind a server, asked over a line that can be cut. One answer at a time."""

    def __init__(self, address: Address, options: AskingOptions) -> None:
        self._address = address
        self._options = options
        self._finish_reason = ""
        self._prompt_tokens: int | None = None

    @property
    @abstractmethod
    def name(self) -> str:
        """The model's name."""

    @property
    @abstractmethod
    def context_tokens(self) -> int:
        """Tokens of prompt and answer together that the model holds."""

    @property
    def thinking_tokens(self) -> int:
        """Tokens of the window that it may use to think; 0 where it is not to think."""
        share = self.context_tokens // THINKING_SHARE
        return min(THINKING_TOKENS, share) if self._options.thinks else 0

    @property
    def _most_tokens(self) -> int:
        """Of thoughts and answer together."""
        return min(self._options.answer_tokens + self.thinking_tokens, self.context_tokens // 2)

    @property
    def finish_reason(self) -> str:
        """Why the last answer ended: `stop`, `length` if it was cut; empty until it has ended."""
        return self._finish_reason

    @property
    def prompt_tokens(self) -> int | None:
        """Tokens the model read, where the server tells; far fewer than were sent: it was cut."""
        return self._prompt_tokens

    def stream(self, messages: Sequence[tuple[str, str]]) -> AnswerStream:
        """The answer to (role, content) messages, piece by piece. Raises ModelError."""
        self._finish_reason, self._prompt_tokens = "", None
        line = Line(tls(self._address))
        return checked(
            self._pieces(messages, line), line, told=self._told, check_end=self._check_end
        )

    @abstractmethod
    def _pieces(self, messages: Sequence[tuple[str, str]], line: Line) -> Iterator[Piece]:
        """What the server sends; notes how it ended, and what it read."""

    @abstractmethod
    def _told(self, error: Exception) -> QuireError:
        """The sentence for a failure."""

    def _check_end(self, said: bool) -> None:
        if not self._finish_reason:
            raise errors.broke_off()
        if not said:
            raise errors.nothing_said(self._asked, self._finish_reason)

    @property
    def _asked(self) -> errors.Asked:
        return errors.Asked(
            model=self.name, address=self._address, context_tokens=self.context_tokens
        )


def checked(
    pieces: Iterable[Piece],
    line: Line,
    *,
    told: Callable[[Exception], QuireError],
    check_end: Callable[[bool], None],
) -> AnswerStream:
    """The pieces, thoughts told apart; a failure is raised as `told`, unless the line was cut.

    `check_end` hears at the end whether anything was said, and may raise as well.
    """

    def read() -> Generator[Piece]:
        said = False
        try:
            for piece in separated(pieces):
                if isinstance(piece, Thought):
                    said = said and not piece.retracts
                else:
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
