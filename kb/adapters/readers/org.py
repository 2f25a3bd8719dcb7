"""Org files (.org): headings, lists, tables and blocks, without Emacs's marks."""

import re
from pathlib import Path

from kb.adapters.readers.plain import decode
from kb.adapters.readers.text import TextBuilder, clean, one_line, table_row, tidy
from kb.domain.documents import ElementKind, ParsedDocument

CODE_BLOCKS = frozenset({"src", "example", "export"})

_HEADING = re.compile(r"(\*+)\s+(.*)")
_KEYWORD = re.compile(r"\s*#\+(\w+):\s*(.*)")
_BEGIN = re.compile(r"\s*#\+begin_(\w+)", re.I)
_ITEM = re.compile(r"\s*((?:[-+]|\d+[.)])\s+|\*\s+(?<=\s\s))(.*)")
_TAGS = re.compile(r"\s+:[\w@#%:]+:\s*\Z")
_DRAWER = re.compile(r"\s*:([\w-]+):\s*\Z")
_LINK = re.compile(r"\[\[([^\[\]]+)\](?:\[([^\[\]]+)\])?\]")
_EMPHASIS = re.compile(r"(?<![\w*/_=~+])([*/_=~+])(?=\S)([^\n]*?\S)\1(?![\w*/_=~+])")
_RULE = re.compile(r"\s*\|[-+|]+\s*\Z")


def read(path: Path) -> ParsedDocument:
    """Everything but comments, drawers and settings."""
    reader = _Lines(clean(decode(path.read_bytes())).expandtabs(4).split("\n"))
    return reader.document()


def plain(text: str) -> str:
    """Running text without emphasis marks; links are their words."""
    text = _LINK.sub(lambda link: link.group(2) or link.group(1), text)
    return _EMPHASIS.sub(r"\2", text)


class _Lines:
    """Goes through the lines once and closes an element where another begins."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0
        self._builder = TextBuilder()
        self._open: list[str] = []
        self._kind = ElementKind.PARAGRAPH

    def document(self) -> ParsedDocument:
        """All lines as elements."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            self._take(line)
        self._close()
        return self._builder.document()

    def _take(self, line: str) -> None:
        if heading := _HEADING.fullmatch(line):
            self._close()
            text = _TAGS.sub("", heading.group(2))
            level = len(heading.group(1))
            self._builder.add(ElementKind.TITLE, one_line(plain(text)), level=level)
        elif begin := _BEGIN.match(line):
            self._block(begin.group(1).lower())
        elif _DRAWER.fullmatch(line):
            self._skip_drawer()
        elif keyword := _KEYWORD.match(line):
            self._keyword(keyword.group(1).lower(), keyword.group(2))
        elif line.lstrip().startswith("#+"):
            self._close()
        elif line.lstrip().startswith("|"):
            self._continue(ElementKind.TABLE, "" if _RULE.fullmatch(line) else line)
        elif not line.strip() or line.lstrip().startswith("# "):
            self._close()
        elif item := _ITEM.fullmatch(line):
            self._close()
            self._continue(ElementKind.LIST_ITEM, item.group(1).strip() + " " + item.group(2))
        else:
            in_item = self._kind is ElementKind.LIST_ITEM and self._open
            self._continue(ElementKind.LIST_ITEM if in_item else ElementKind.PARAGRAPH, line)

    def _keyword(self, name: str, value: str) -> None:
        self._close()
        if name == "title":
            self._builder.title = self._builder.title or plain(value)
        elif name == "caption":
            self._builder.add(ElementKind.CAPTION, plain(value))

    def _block(self, name: str) -> None:
        """Code is kept as it is; other blocks hold ordinary text."""
        self._close()
        if name not in CODE_BLOCKS and name != "comment":
            return
        end = re.compile(rf"\s*#\+end_{re.escape(name)}\s*\Z", re.I)
        start = self._at
        while self._at < len(self._lines) and not end.match(self._lines[self._at]):
            self._at += 1
        if name != "comment":
            code = "\n".join(self._lines[start : self._at])
            self._builder.add(ElementKind.CODE, code.strip("\n"))
        self._at += 1

    def _skip_drawer(self) -> None:
        self._close()
        for at in range(self._at, len(self._lines)):
            if _HEADING.fullmatch(self._lines[at]):
                return
            if self._lines[at].strip().lower() == ":end:":
                self._at = at + 1
                return

    def _continue(self, kind: ElementKind, line: str) -> None:
        if kind is not self._kind:
            self._close()
        self._kind = kind
        self._open.append(line)

    def _close(self) -> None:
        if self._kind is ElementKind.TABLE:
            rows = (line.strip().strip("|").split("|") for line in self._open if line)
            text = "\n".join(table_row([plain(cell) for cell in row]) for row in rows)
        else:
            text = tidy(plain("\n".join(self._open)))
        self._builder.add(self._kind, text)
        self._open = []
