"""What must not stand in the source."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60

Function = ast.FunctionDef | ast.AsyncFunctionDef
Named = Function | ast.ClassDef


def tracked(ending: str = "") -> list[Path]:
    """The files of the repository, also those that are not yet committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("This is no git checkout, so what is tracked is not known.")
    names = listed.stdout.decode().split("\0")
    return [ROOT / name for name in names if name.endswith(ending) and (ROOT / name).is_file()]


def product() -> list[Path]:
    """Our modules, less the tests."""
    return [path for path in tracked(".py") if not path.is_relative_to(ROOT / "tests")]


def place(path: Path, line: int = 1) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def named(tree: ast.Module) -> Iterator[Named]:
    return (node for node in ast.walk(tree) if isinstance(node, Named))


def lines_with(paths: list[Path], pattern: str) -> list[str]:
    """Where the pattern stands; this file is passed over, since it must name what it looks for."""
    wanted = re.compile(pattern)
    found = []
    for path in paths:
        if path == Path(__file__):
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        found += [
            f"{place(path, number)}: {line.strip()[:100]}"
            for number, line in enumerate(text.split("\n"), 1)
            if wanted.search(line)
        ]
    return found


def test_foreign_text_is_never_shown_as_html() -> None:
    assert not lines_with(product(), "unsafe_allow_" + "html")


def test_no_module_is_long() -> None:
    long = [place(p) for p in product() if len(p.read_text().splitlines()) > MOST_LINES]
    assert not long


def test_no_function_is_long() -> None:
    long = [
        f"{place(path, node.lineno)} {node.name}"
        for path in product()
        for node in named(ast.parse(path.read_text()))
        if isinstance(node, Function)
        and (node.end_lineno or 0) - node.lineno + 1 > MOST_LINES_OF_A_FUNCTION
    ]
    # A migration is a list, and grows by nothing.
    assert not [one for one in long if "/migrations/" not in one]


def test_everything_public_says_what_it_is() -> None:
    assert not [
        f"{place(path, node.lineno)} {node.name}"
        for path in product()
        if path.is_relative_to(ROOT / "kb") and "migrations" not in path.parts
        for node in public(ast.parse(path.read_text()))
        if not ast.get_docstring(node) and not is_listed_in_a_protocol(node)
    ]


def public(tree: ast.Module) -> Iterator[Named]:
    """Functions, classes and their methods that others may use."""
    for node in tree.body:
        if isinstance(node, Named) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                members = (member for member in node.body if isinstance(member, Function))
                yield from (member for member in members if not member.name.startswith("_"))


def is_listed_in_a_protocol(node: Named) -> bool:
    """`def get(self, id: Id) -> Thing: ...` says all in its name and types."""
    last = node.body[-1]
    return (
        isinstance(last, ast.Expr)
        and isinstance(last.value, ast.Constant)
        and last.value.value is Ellipsis
    )


def test_every_module_says_what_it_is() -> None:
    assert not [place(p) for p in tracked(".py") if not ast.get_docstring(ast.parse(p.read_text()))]


def test_only_the_command_line_and_the_benches_print() -> None:
    speaking = (ROOT / "kb" / "cli", ROOT / "bench")
    silent = [p for p in product() if not any(p.is_relative_to(folder) for folder in speaking)]
    assert not lines_with(silent, r"(?<![\w.])print\(")


def test_nothing_is_left_to_do_in_the_source() -> None:
    assert not lines_with(tracked(".py"), r"\b(TODO|FIXME|XXX)\b")


def test_no_file_names_the_machine_it_was_written_on() -> None:
    text = [p for p in tracked() if p.suffix not in {".png", ".pdf", ".docx", ".woff2", ".gz"}]
    assert not lines_with(text, r"(?<![\w.~-])/(work|root|home/\w+|tmp/\w+)/")
    assert not lines_with(text, r"(?i)artifactory|nexus\.|/simple/?(\s|$)|index-url = ")
