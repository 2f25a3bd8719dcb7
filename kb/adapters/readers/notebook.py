"""Notebooks (.ipynb): what is written, the code, and the text that it gave."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kb.adapters.readers.html import fragment
from kb.adapters.readers.markdown import add_markdown
from kb.adapters.readers.plain import decode
from kb.adapters.readers.text import TextBuilder, clean
from kb.domain.documents import ElementKind, ParsedDocument
from kb.domain.errors import DamagedFileError

MAX_OUTPUT = 20_000
CUT = "…"

_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def read(path: Path) -> ParsedDocument:
    """Markdown cells as they read, code and text outputs as code, in their order."""
    builder = TextBuilder()
    for cell in _cells(path):
        source = _joined(cell.get("source", cell.get("input")))
        if cell.get("cell_type") == "markdown":
            add_markdown(clean(source), builder)
        elif cell.get("cell_type") == "heading":
            add_markdown(f"{'#' * int(cell.get('level') or 1)} {source}", builder)
        else:
            builder.add(ElementKind.CODE, clean(source).strip("\n"))
            for output in _objects(cell.get("outputs")):
                _add_output(output, builder)
    return builder.document()


def _cells(path: Path) -> list[dict[str, Any]]:
    """The cells; of a notebook of format 3, those of its worksheets."""
    try:
        notebook = json.loads(decode(path.read_bytes()))
    except ValueError as error:
        raise DamagedFileError("The notebook is cut short or damaged.") from error
    if not isinstance(notebook, dict):
        raise DamagedFileError("The file is no notebook.")
    sheets = _objects(notebook.get("worksheets")) or [notebook]
    cells = [cell for sheet in sheets for cell in _objects(sheet.get("cells"))]
    if not cells:
        raise DamagedFileError("The notebook holds no cells.")
    return cells


def _add_output(output: dict[str, Any], builder: TextBuilder) -> None:
    """Printed text, results and errors; a table shown as HTML stays a table."""
    data = output.get("data")
    data = data if isinstance(data, dict) else output
    if markup := _joined(data.get("text/html")):
        document = fragment(markup[: 10 * MAX_OUTPUT])
        text = document.pages[0].text
        if 0 < len(text) <= MAX_OUTPUT:
            for element in document.elements:
                builder.add(element.kind, text[element.start : element.end], level=element.level)
            return
    told = _joined(data.get("text/markdown")) or _joined(data.get("text/plain"))
    told = told or _joined(output.get("text"))
    if output.get("ename"):
        told = f"{output['ename']}: {output.get('evalue', '')}"
    told = clean(_TERMINAL.sub("", told)).strip("\n")
    builder.add(ElementKind.CODE, told if len(told) <= MAX_OUTPUT else told[:MAX_OUTPUT] + CUT)


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _joined(value: object) -> str:
    """Text that a notebook keeps as one string or as its lines."""
    if isinstance(value, Iterable) and not isinstance(value, str | dict):
        return "".join(str(line) for line in value)
    return value if isinstance(value, str) else ""
