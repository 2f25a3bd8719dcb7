"""Whatever can be chosen, called or met is named in the documentation."""

import argparse
import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb import __version__
from kb.adapters.readers.registry import READERS
from kb.cli.main import parser
from kb.domain import errors
from kb.domain.errors import QuireError
from kb.settings import setting_rows

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = README + (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

COMMANDS = [
    *("add", "search", "ask", "conversations", "export", "eval", "list", "remove", "rebuild"),
    *("check", "models", "replay", "support", "text"),
    "run",
]
ERRORS = [
    name
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, QuireError)
]


def commands() -> Iterator[str]:
    """The names that the parser takes."""
    for action in parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices


def table_rows(text: str) -> list[list[str]]:
    """The cells of every line of a Markdown table, without their code marks."""
    lines = (line.strip() for line in text.splitlines())
    return [
        [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    ]


@pytest.mark.parametrize("row", setting_rows(), ids=lambda row: str(row[0]))
def test_each_setting_is_in_the_readmes_table(row: tuple[str, str, str]) -> None:
    env, default, meaning = row
    expected = [env, default or "empty", meaning.replace("`", "")]
    assert expected in [[c or "empty" for c in cells] for cells in table_rows(README)], (
        f"README.md lacks the row | `{env}` | {default or 'empty'} | {meaning} |"
    )


def test_the_readmes_table_has_no_setting_that_is_gone() -> None:
    known = {env for env, _, _ in setting_rows()}
    shown = {cells[0] for cells in table_rows(README) if re.fullmatch(r"[A-Z]+_[A-Z_]+", cells[0])}
    assert shown <= known


def test_the_commands_are_those_of_the_contract() -> None:
    assert sorted(commands()) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_named_in_the_docs(command: str) -> None:
    assert re.search(rf"python -m kb {command}\b|^ +{command} ", DOCS, re.MULTILINE), (
        f"Neither README.md nor docs/architecture.md names `python -m kb {command}`."
    )


def test_the_readme_shows_the_parsers_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    help_text = parser().format_help().strip()
    assert help_text in README, (
        f"README.md lacks the output of `COLUMNS=80 python -m kb --help`:\n{help_text}"
    )


@pytest.mark.parametrize("error", ERRORS)
def test_each_error_is_named_in_the_docs(error: str) -> None:
    assert re.search(rf"\b{error}\b", DOCS), f"docs/architecture.md does not name {error}."


@pytest.mark.parametrize("error", ERRORS)
def test_each_error_stands_in_the_tree_above_the_errors(error: str) -> None:
    assert re.search(rf"\b{error}\b", errors.__doc__ or "")


@pytest.mark.parametrize("media_type", sorted(READERS))
def test_each_type_of_file_is_named_in_the_docs(media_type: str) -> None:
    assert media_type in DOCS, f"docs/architecture.md does not name {media_type}."


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__
