"""How commands speak: results on stdout, everything else on stderr."""

import json
import logging
import sys
from typing import Any

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from kb.domain.errors import InvalidInputError

stderr = Console(stderr=True)


def as_json(value: dict[str, Any]) -> None:
    """Print one JSON object on a line of its own."""
    # Escaped, since some readers end lines at U+2028 as well.
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def line(text: str = "") -> None:
    """Print a line for people."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(_harmless(text).encode(encoding, "replace").decode(encoding) + "\n")


def note(text: str) -> None:
    """Say something beside the results."""
    stderr.print(_harmless(text), markup=False, highlight=False, soft_wrap=True)


def error(text: str) -> None:
    """Say what went wrong."""
    stderr.print(_harmless(text), style="red", markup=False, highlight=False, soft_wrap=True)


def progress() -> Progress:
    """A bar with an estimate of the rest, on a terminal only."""
    return _bar(MofNCompleteColumn())


def download() -> Progress:
    """The same, counting bytes."""
    return _bar(DownloadColumn())


def _bar(count: ProgressColumn) -> Progress:
    return Progress(
        # A name in brackets is no markup.
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        count,
        TimeRemainingColumn(),
        console=stderr,
        disable=not stderr.is_terminal,
    )


def configure_logging(level: str) -> None:
    """Log to stderr from this level on. Raises InvalidInputError for no level."""
    if level.upper() not in logging.getLevelNamesMapping():
        raise InvalidInputError(
            f"KB_LOG cannot be {level!r}.", advice="Say error, warning, info or debug."
        )
    logging.basicConfig(
        level=level.upper(),
        format="%(message)s",
        handlers=[RichHandler(console=stderr, show_path=False)],
    )


def _harmless(text: str) -> str:
    """The text with a sign in place of each character that a terminal would obey."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
