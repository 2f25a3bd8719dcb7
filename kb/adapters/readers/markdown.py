"""Markdown, by markdown-it: what it says once its marks are taken away."""

import re
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from kb.adapters.readers.plain import decode
from kb.adapters.readers.text import TextBuilder, clean, one_line, table_row, tidy
from kb.domain.documents import ElementKind, ParsedDocument

_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.*?)\n(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title\s*[:=]\s*(.+?)\s*$", re.MULTILINE)


def read(path: Path) -> ParsedDocument:
    """Headings, paragraphs, list items, tables and code of a Markdown file."""
    title, body = split_front_matter(clean(decode(path.read_bytes())))
    builder = TextBuilder(title=title)
    add_markdown(body, builder)
    return builder.document()


def add_markdown(text: str, builder: TextBuilder) -> None:
    """Append what Markdown says."""
    _Walk(builder).take(MarkdownIt("commonmark").enable("table").parse(text))


def split_front_matter(text: str) -> tuple[str, str]:
    """The title that front matter gives, and the text after it."""
    found = _FRONT_MATTER.match(text)
    if not found:
        return "", text
    title = _FRONT_TITLE.search(found.group(2))
    return (title.group(1).strip("\"'") if title else ""), text[found.end() :]


class _Walk:
    """Goes through the tokens of a document once."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._lists: list[int | None] = []  # the next number of each open list
        self._marker = ""
        self._cells: list[str] = []
        self._rows: list[str] = []
        self._level = 0

    def take(self, tokens: list[Token]) -> None:
        """Add every token's text to the builder."""
        for token in tokens:
            handler = getattr(self, f"_{token.type}", None)
            if handler:
                handler(token)

    def _heading_open(self, token: Token) -> None:
        self._level = int(token.tag[1:])

    def _heading_close(self, _: Token) -> None:
        self._level = 0

    def _bullet_list_open(self, _: Token) -> None:
        self._lists.append(None)

    def _ordered_list_open(self, token: Token) -> None:
        self._lists.append(int(token.attrGet("start") or 1))

    def _bullet_list_close(self, _: Token) -> None:
        self._lists.pop()

    _ordered_list_close = _bullet_list_close

    def _list_item_open(self, _: Token) -> None:
        number = self._lists[-1]
        self._marker = "- " if number is None else f"{number}. "
        if number is not None:
            self._lists[-1] = number + 1

    def _list_item_close(self, _: Token) -> None:
        self._marker = ""

    def _tr_open(self, _: Token) -> None:
        self._cells = []

    def _tr_close(self, _: Token) -> None:
        self._rows.append(table_row(self._cells))
        self._cells = []

    def _table_open(self, _: Token) -> None:
        self._rows = []

    def _table_close(self, _: Token) -> None:
        self._builder.add(ElementKind.TABLE, "\n".join(self._rows))

    def _td_open(self, _: Token) -> None:
        self._cells.append("")

    _th_open = _td_open

    def _fence(self, token: Token) -> None:
        self._builder.add(ElementKind.CODE, token.content.rstrip().lstrip("\n"))

    _code_block = _fence

    def _html_block(self, token: Token) -> None:
        self._builder.add(ElementKind.PARAGRAPH, markup_text(token.content))

    def _inline(self, token: Token) -> None:
        text = tidy(inline_text(token))
        if self._level:
            self._heading(one_line(text))
        elif self._cells:
            self._cells[-1] = text
        elif self._lists:
            self._builder.add(ElementKind.LIST_ITEM, self._marker + text if text else "")
            self._marker = ""
        else:
            self._builder.add(ElementKind.PARAGRAPH, text)

    def _heading(self, text: str) -> None:
        if self._level == 1 and not self._builder.title:
            self._builder.title = text
        self._builder.add(ElementKind.TITLE, text, level=self._level)


def inline_text(token: Token) -> str:
    """What a reader sees of running text: links and pictures are their words."""
    return "".join(_pieces(token.children or []))


def _pieces(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            yield "\n"
        elif token.type == "image":
            yield from _pieces(token.children or [])
        elif token.type == "html_inline":
            yield "\n" if token.content.lower().startswith("<br") else ""
        else:
            yield token.content


def markup_text(markup: str) -> str:
    """The text of raw HTML, without what scripts and styles say."""
    from kb.adapters.readers.html import fragment

    return fragment(markup).pages[0].text
