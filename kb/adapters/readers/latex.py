"""LaTeX (.tex): headings, text, lists and tables; mathematics is kept as it is written.

No macro is expanded and no file included, so that nothing in a file can run or grow.
"""

import re
import unicodedata
from pathlib import Path

from kb.adapters.readers.latex_words import (
    ACCENTS,
    BEFORE,
    CODE,
    DROPPED,
    LISTS,
    MATH,
    NUMBERED,
    SECTIONS,
    SYMBOLS,
    TABLES,
    closing_braces,
    typeset,
)
from kb.adapters.readers.plain import decode
from kb.adapters.readers.text import TextBuilder, clean, one_line, table_row, tidy
from kb.domain.documents import ElementKind, ParsedDocument

MAX_DEPTH = 8
MAX_MATH = 20_000


_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*(?:\n[ \t]*)?")
_TOKEN = re.compile(
    r"\\(?P<name>[a-zA-Z@]+)\*?[ \t]*|\\(?P<sign>.)|(?P<blank>\n[ \t]*\n\s*)|(?P<special>[{}&~])"
    r"|(?P<math>\$\$?)|(?P<comment>%[^\n]*(?:\n[ \t]*)?)|(?P<text>[^\\\n${}&~%]+|.)",
    re.DOTALL,
)
_OPTION = re.compile(r"[ \t]*\n?[ \t]*\[[^\[\]\n]*\]")
_SPACE = re.compile(r"[ \t]*\n?[ \t]*")
_DEFINITION = re.compile(r"\s*\\(?:[a-zA-Z@]+|.)[^{}\n]*")
_BLANK = re.compile(r"\n[ \t]*\n")


def read(path: Path) -> ParsedDocument:
    """The document's text; of what stands before it, title, author and date."""
    head, begun, body = clean(decode(path.read_bytes())).partition("\\begin{document}")
    builder = TextBuilder()
    if begun:
        head = _COMMENT.sub(r"\1", head)
        for name in ("title", "author", "date"):
            at = head.find(f"\\{name}{{")
            if at >= 0:
                _Walk(head, builder, at).command()
        body = body.partition("\\end{document}")[0]
    _Walk(body if begun else head, builder).take()
    builder.title = builder.title or builder.heading()
    return builder.document()


class _Walk:
    """Goes through a text once, gathering words until an element ends."""

    def __init__(self, text: str, builder: TextBuilder, at: int = 0, depth: int = 0) -> None:
        self._text = text
        self._builder = builder
        self._at = at
        self._depth = depth
        self._closing = closing_braces(text)
        self._words: list[str] = []
        self._marker = ""
        self._lists: list[int | None] = []
        self._rows: list[list[str]] | None = None

    def take(self) -> None:
        """Add all of the text to the builder."""
        while self._at < len(self._text):
            self.command()
        self._end_table()
        self._flush()

    def command(self) -> None:
        """Take one command, sign or stretch of words."""
        token = _TOKEN.match(self._text, self._at)
        if token is None:
            return
        self._at = token.end()
        if name := token["name"]:
            self._named(name)
        elif sign := token["sign"]:
            self._sign(sign)
        elif token["blank"]:
            self._flush()
        elif math := token["math"]:
            self._math(math, math)
        elif special := token["special"]:
            self._special(special)
        elif not token["comment"]:
            self._words.append(typeset(token["text"]))

    def _named(self, name: str) -> None:
        handler = getattr(self, f"_take_{name}", None)
        if handler:
            handler()
        elif name in SECTIONS:
            self._told(ElementKind.TITLE, SECTIONS[name])
        elif name.startswith("cite") or name.endswith("cite"):
            self._cite()
        elif name in ACCENTS:
            self._accent(name)
        elif name in SYMBOLS:
            self._words.append(SYMBOLS[name])
        else:
            self._option()
            for _ in range(DROPPED.get(name, 0)):
                self._argument()
                self._option()

    def _sign(self, sign: str) -> None:
        if sign == "\\":
            self._option()
            self._end_row()
        elif sign in "[(":
            self._math(f"\\{sign}", "\\]" if sign == "[" else "\\)")
        elif sign in ACCENTS:
            self._accent(sign)
        elif sign in "&%$#_{} \n":
            self._words.append(sign)
        elif sign in ",;:/":
            self._words.append(" " * (sign != "/"))

    def _special(self, sign: str) -> None:
        if sign == "~":
            self._words.append(" ")
        elif sign == "&" and self._rows is not None:
            self._rows[-1].append(self._said())
        elif sign == "&":
            self._words.append(" ")

    def _math(self, opening: str, closing: str) -> None:
        """Mathematics up to its closing sign, which stands in the same paragraph."""
        end = self._text.find(closing, self._at, self._at + MAX_MATH)
        if end < 0 or _BLANK.search(self._text, self._at, end):
            self._words.append(opening)
            return
        self._words.append(opening + self._text[self._at : end] + closing)
        self._at = end + len(closing)

    def _take_begin(self) -> None:
        name = self._argument()
        if name in CODE or name in MATH or name == "comment":
            self._kept(name)
            return
        self._flush()
        self._option()
        if name in TABLES and self._rows is None:
            self._rows = [[]]
        if name in LISTS:
            self._lists.append(1 if name in NUMBERED else None)
        for _ in range(TABLES.get(name, BEFORE.get(name, 0))):
            self._argument()

    def _take_end(self) -> None:
        name = self._argument()
        if name in TABLES:
            self._end_table()
        self._flush()
        if name in LISTS and self._lists:
            self._lists.pop()

    def _kept(self, name: str) -> None:
        """Code and mathematics as they are written."""
        mark = f"\\end{{{name}}}"
        end = self._text.find(mark, self._at)
        end = len(self._text) if end < 0 else end
        inside = self._text[self._at : end]
        self._at = end + len(mark)
        if name in MATH:
            self._words.append(f"\n{inside.strip()}\n")
        elif name in CODE:
            self._flush()
            option = _OPTION.match(inside)
            self._builder.add(ElementKind.CODE, inside[option.end() if option else 0 :].strip("\n"))

    def _take_verb(self) -> None:
        mark = self._text[self._at : self._at + 1]
        end = self._text.find(mark, self._at + 1) if mark else -1
        if end >= 0:
            self._words.append(self._text[self._at + 1 : end])
            self._at = end + 1

    def _take_par(self) -> None:
        self._flush()

    def _take_footnote(self) -> None:
        self._option()
        self._words.append(f" ({self._inline(self._argument())})")

    def _take_title(self) -> None:
        self._builder.title = self._told(ElementKind.TITLE, 1)

    def _take_author(self) -> None:
        self._told(ElementKind.PARAGRAPH)

    _take_date = _take_author

    def _take_caption(self) -> None:
        self._told(ElementKind.CAPTION)

    def _told(self, kind: ElementKind, level: int = 0) -> str:
        """Add an argument as an element of its own."""
        self._option()
        text = self._inline(self._argument())
        self._flush()
        self._builder.add(kind, text, level=level)
        return text

    def _take_item(self) -> None:
        self._flush()
        option = _OPTION.match(self._text, self._at)
        self._option()
        self._marker = "- "
        if option:
            self._words.append(self._inline(option[0].strip()[1:-1]) + " ")
        elif self._lists and (number := self._lists[-1]) is not None:
            self._marker = f"{number}. "
            self._lists[-1] = number + 1

    def _cite(self) -> None:
        self._option()
        self._option()
        self._words.append(f"[{self._argument()}]")

    def _take_def(self) -> None:
        if definition := _DEFINITION.match(self._text, self._at):
            self._at = definition.end()
        if self._text[self._at : self._at + 1] == "{":
            self._argument()

    _take_gdef = _take_edef = _take_let = _take_def

    def _accent(self, sign: str) -> None:
        letter = self._argument() if self._text[self._at : self._at + 1] == "{" else ""
        if not letter:
            letter = self._text[self._at : self._at + 1]
            self._at += 1
        letter = letter.replace("\\i", "i").replace("\\j", "j")
        self._words.append(unicodedata.normalize("NFC", letter[:1] + ACCENTS[sign] + letter[1:]))

    def _argument(self) -> str:
        """What stands in the braces that follow; nothing where none do."""
        space = _SPACE.match(self._text, self._at)
        start = space.end() if space else self._at
        end = self._closing.get(start)
        if end is None:
            return ""
        self._at = end + 1
        return self._text[start + 1 : end]

    def _option(self) -> None:
        if option := _OPTION.match(self._text, self._at):
            self._at = option.end()

    def _inline(self, text: str) -> str:
        """An argument's own words, on one line."""
        if self._depth >= MAX_DEPTH:
            return one_line(text)
        inner = TextBuilder()
        _Walk(text, inner, depth=self._depth + 1).take()
        return one_line(inner.document().pages[0].text)

    def _end_row(self) -> None:
        if self._rows is None:
            self._words.append("\n")
        else:
            self._rows[-1].append(self._said())
            self._rows.append([])

    def _end_table(self) -> None:
        if self._rows is None:
            return
        self._rows[-1].append(self._said())
        rows, self._rows = self._rows, None
        lines = (table_row(row) for row in rows if any(row))
        self._builder.add(ElementKind.TABLE, "\n".join(lines))

    def _said(self) -> str:
        """The words gathered so far, which are then no longer kept."""
        text, self._words = tidy("".join(self._words)), []
        return text

    def _flush(self) -> None:
        if self._rows is not None:
            return
        text = self._said()
        if text:
            kind = ElementKind.LIST_ITEM if self._marker else ElementKind.PARAGRAPH
            self._builder.add(kind, self._marker + text)
            self._marker = ""
