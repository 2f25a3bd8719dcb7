"""reStructuredText (.rst), by docutils with everything off that would open another file."""

import re
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from docutils.core import publish_doctree

from kb.adapters.readers.plain import decode
from kb.adapters.readers.text import TextBuilder, clean, one_line, table_row, tidy
from kb.domain.documents import ElementKind, ParsedDocument

SAFE = {
    "_disable_config": True,
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,
    "halt_level": 5,
    "input_encoding": "unicode",
    "syntax_highlight": "none",
    "smart_quotes": False,
    "line_length_limit": 1_000_000,
    "sectsubtitle_xform": False,
    "doctitle_xform": False,
    "docinfo_xform": False,
}
PASSED_OVER = (nodes.raw, nodes.target, nodes.label, nodes.Invisible)
CODE = (nodes.literal_block, nodes.doctest_block, nodes.math_block)
FILES = (".. include", ".. raw", ".. csv-table", ".. literalinclude")

_ROLE = re.compile(r":[\w:.+-]+:`([^`<]+?)(?:\s*<[^`>]*>)?`")
_OPTION = re.compile(r"^\s*:[\w-]+:.*\n?", re.MULTILINE)


def read(path: Path) -> ParsedDocument:
    """Headings, paragraphs, list items, tables and code."""
    tree = publish_doctree(clean(decode(path.read_bytes())), settings_overrides=dict(SAFE))
    builder = TextBuilder(title=_title(tree))
    _Walk(builder).take(tree, 0)
    return builder.document()


def _title(tree: nodes.document) -> str:
    heading = next(iter(tree.findall(nodes.title)), None)
    return one_line(_said(heading.astext())) if heading is not None else ""


class _Walk:
    """Goes through a document once; `level` counts the sections around."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._marker = ""

    def take(self, node: nodes.Node, level: int) -> None:
        """Add what a node and those in it say."""
        if isinstance(node, PASSED_OVER):
            return
        if isinstance(node, nodes.title):
            self._builder.add(
                ElementKind.TITLE, one_line(_said(node.astext())), level=max(level, 1)
            )
        elif isinstance(node, nodes.table):
            self._builder.add(ElementKind.TABLE, "\n".join(_rows(node)))
        elif isinstance(node, CODE):
            self._builder.add(ElementKind.CODE, node.astext().strip("\n"))
        elif isinstance(node, nodes.system_message):
            self._unknown(node)
        elif isinstance(node, nodes.caption):
            self._builder.add(ElementKind.CAPTION, tidy(node.astext()))
        elif isinstance(node, nodes.field):
            self._paragraph(node, ": ".join(child.astext() for child in node.children))
        elif isinstance(node, nodes.TextElement | nodes.line_block):
            self._paragraph(node, node.astext())
        else:
            self._inside(node, level)

    def _inside(self, node: nodes.Node, level: int) -> None:
        for number, child in enumerate(node.children):
            if isinstance(child, nodes.list_item):
                self._marker = _marker(node, number)
            self.take(child, level + isinstance(child, nodes.section))

    def _paragraph(self, node: nodes.Node, text: str) -> None:
        in_list = isinstance(node.parent, nodes.list_item)
        kind = ElementKind.LIST_ITEM if in_list else ElementKind.PARAGRAPH
        self._builder.add(kind, (self._marker if in_list else "") + tidy(_said(text)))
        self._marker = ""

    def _unknown(self, node: nodes.system_message) -> None:
        """What a directive that docutils does not know holds, as of Sphinx."""
        for block in node.findall(nodes.literal_block):
            directive, _, content = block.astext().partition("\n")
            if not directive.startswith(FILES):
                self._builder.add(ElementKind.PARAGRAPH, tidy(_said(_OPTION.sub("", content))))


def _said(text: str) -> str:
    """Text whose roles docutils does not know, as of Sphinx, without their marks."""
    return _ROLE.sub(r"\1", text)


def _marker(node: nodes.Node, number: int) -> str:
    if isinstance(node, nodes.enumerated_list):
        return f"{int(node.get('start', 1)) + number}. "
    return "- "


def _rows(table: nodes.table) -> Iterator[str]:
    for title in table.findall(nodes.title):
        yield one_line(title.astext())
    for row in table.findall(nodes.row):
        yield table_row([entry.astext() for entry in row.children])
