"""How the command line speaks of foreign names."""

import io

import pytest
from rich.console import Console

from kb.cli import output

HOSTILE = "a\x1b]0;taken\x07[b]\x9b2J[/x]"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a terminal is sent on stderr."""
    sent = io.StringIO()
    monkeypatch.setattr(output, "stderr", Console(file=sent, force_terminal=True, width=200))
    return sent


def test_an_error_says_nothing_that_a_terminal_would_obey(terminal: io.StringIO) -> None:
    output.error(HOSTILE)
    assert "a\ufffd]0;taken\ufffd[b]\ufffd2J[/x]" in terminal.getvalue()


def test_a_name_in_brackets_is_no_markup_beside_the_bar(terminal: io.StringIO) -> None:
    with output.progress() as bar:
        bar.add_task("Adding to [b]Contracts[/x]", total=1)
    assert "Adding to [b]Contracts[/x]" in terminal.getvalue()
