"""The blocks of an HTML tree, in the order in which they stand."""

import re
from typing import Any

from lxml import etree

from kb.adapters.readers.text import TextBuilder, clean, one_line, table_row, tidy
from kb.domain.documents import ElementKind

HEADINGS = {f"h{level}": level for level in range(1, 7)}
BLOCKS = frozenset(
    """address article aside blockquote body caption center dd details div dl dt fieldset
    figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section
    summary table tbody td tfoot th thead tr ul""".split()
)
BIG_IN_A_CELL = ("table", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "pre", "form")

_SPACE = re.compile(r"[ \t\r\n\f]+")


def add_blocks(root: Any, builder: TextBuilder) -> None:
    """Append everything under `root`."""
    _Walk(builder).take(root)


class _Walk:
    """Collects running text and closes it as an element where a block begins or ends."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._pieces: list[str] = []
        self._kinds: list[tuple[Any, ElementKind, int]] = []
        self._numbers: list[tuple[Any, int | None]] = []
        self._marker = ""

    def take(self, root: Any) -> None:
        """Walk without recursion: pages nest as deeply as they like."""
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, node in walk:
            if not isinstance(node.tag, str):
                self._text(node.tail if event == "end" else None)
            elif event == "end":
                self._leave(node, is_root=node is root)
            elif node.tag == "table" and is_data_table(node):
                self._flush()
                self._builder.add(ElementKind.TABLE, table_text(node))
                walk.skip_subtree()
            else:
                self._enter(node)
        self._flush()

    def _enter(self, node: Any) -> None:
        tag = node.tag
        if tag in BLOCKS:
            self._flush()
        if tag == "br":
            self._pieces.append("\n")
        elif tag in HEADINGS:
            self._kinds.append((node, ElementKind.TITLE, HEADINGS[tag]))
        elif tag == "pre":
            self._kinds.append((node, ElementKind.CODE, 0))
        elif tag in ("figcaption", "caption"):
            self._kinds.append((node, ElementKind.CAPTION, 0))
        elif tag in ("ul", "ol"):
            self._numbers.append((node, _first_number(node) if tag == "ol" else None))
        elif tag == "li":
            self._open_item(node)
        self._text(node.text)

    def _leave(self, node: Any, *, is_root: bool) -> None:
        if node.tag in BLOCKS:
            self._flush()
        if self._kinds and self._kinds[-1][0] is node:
            self._kinds.pop()
        if self._numbers and self._numbers[-1][0] is node:
            self._numbers.pop()
        if node.tag in ("td", "th", "option"):
            self._pieces.append(" ")
        self._text(None if is_root else node.tail)

    def _open_item(self, node: Any) -> None:
        self._kinds.append((node, ElementKind.LIST_ITEM, 0))
        self._marker = "- "
        if self._numbers and self._numbers[-1][1] is not None:
            owner, number = self._numbers[-1]
            self._marker = f"{number}. "
            self._numbers[-1] = (owner, (number or 0) + 1)

    def _text(self, text: str | None) -> None:
        if text:
            in_code = any(kind is ElementKind.CODE for _, kind, _ in self._kinds)
            self._pieces.append(text if in_code else _SPACE.sub(" ", text))

    def _flush(self) -> None:
        raw = "".join(self._pieces)
        self._pieces.clear()
        if not raw.strip():
            return
        kind, level = self._kind()
        if kind is ElementKind.CODE:
            self._builder.add(kind, clean(raw).strip("\n"))
        elif kind is ElementKind.TITLE:
            self._builder.add(kind, one_line(raw), level=level)
        elif kind is ElementKind.LIST_ITEM:
            self._builder.add(kind, self._marker + tidy(raw))
            self._marker = ""
        else:
            self._builder.add(kind, tidy(raw))

    def _kind(self) -> tuple[ElementKind, int]:
        if not self._kinds:
            return ElementKind.PARAGRAPH, 0
        _, kind, level = self._kinds[-1]
        return kind, level


def is_data_table(table: Any) -> bool:
    """Whether a table holds data, rather than placing parts of the page."""
    if next(table.iter(*BIG_IN_A_CELL[1:]), None) is not None:
        return False
    if any(inner is not table for inner in table.iter("table")):
        return False
    rows = [len(row.findall("td") + row.findall("th")) for row in table.iter("tr")]
    return max(rows, default=0) >= 2


def table_text(table: Any) -> str:
    """The caption and the rows of a table, a line each."""
    lines = [one_line(_inner(caption)) for caption in table.iter("caption")]
    for row in table.iter("tr"):
        cells = [_inner(cell) for cell in row if cell.tag in ("td", "th")]
        if any(cell.strip() for cell in cells):
            lines.append(table_row(cells))
    return "\n".join(lines)


def _inner(node: Any) -> str:
    """All text in a cell; where a block or line ends, a space."""
    pieces = []
    for event, part in etree.iterwalk(node, events=("start", "end")):
        if isinstance(part.tag, str) and (part.tag in BLOCKS or part.tag == "br"):
            pieces.append(" ")
        if event == "start" and isinstance(part.tag, str):
            pieces.append(part.text or "")
        elif event == "end" and part is not node:
            pieces.append(part.tail or "")
    return "".join(pieces)


def _first_number(node: Any) -> int:
    start = str(node.get("start", "1")).strip()
    return int(start) if start.isascii() and start.isdigit() and len(start) < 9 else 1
