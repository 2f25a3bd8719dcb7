"""Who imports whom."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ["torch", "sentence_transformers", "chromadb", "unstructured", "spacy", "transformers"]
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py") if path.stem != "__init__")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


def imported_by(path: Path) -> set[str]:
    """The full names of the modules that a file names in its imports, at any depth."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_the_layers_hold() -> None:
    lint = "from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports())"
    done = run("-c", lint)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Layers KEPT" in done.stdout


def test_the_app_names_streamlit_and_kb_ui_only() -> None:
    others = {
        name
        for name in imported_by(ROOT / "app.py")
        if name.split(".")[0] not in {"streamlit", *sys.stdlib_module_names}
        and not name.startswith("kb.ui")
    }
    assert not others


@pytest.mark.parametrize("page", PAGES)
def test_pages_name_streamlit_kb_ui_and_kb_domain_only(page: str) -> None:
    ours = {name for name in imported_by(ROOT / "pages" / f"{page}.py") if name.startswith("kb")}
    assert all(name.startswith(("kb.ui", "kb.domain")) for name in ours), ours


def test_opening_a_page_loads_no_model_library() -> None:
    ui = sorted(f"kb.ui.{path.stem}" for path in (ROOT / "kb" / "ui").glob("[!_]*.py"))
    assert "kb.ui.server" in ui
    code = (
        "import importlib, sys\n"
        f"for name in {ui!r}:\n    importlib.import_module(name)\n"
        f"print(sorted({{name.split('.')[0] for name in sys.modules}} & set({HEAVY!r})))"
    )
    done = run("-c", code)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
