"""Rich Text Format: what Word would show, with headings, lists, tables, notes and margins."""

import codecs
import re
from dataclasses import dataclass, replace
from pathlib import Path

from kb.adapters.readers.rtf_story import Block, Story, add_blocks
from kb.adapters.readers.rtf_tokens import CHARSETS, CODE_PAGES, SAID, Kind, Token, tokens
from kb.adapters.readers.text import TextBuilder
from kb.domain.documents import ElementKind, ParsedDocument

CUT_SHORT = "The file is cut short; what is there was read."

HEADERS = frozenset({"header", "headerf", "headerl", "headerr"})
FOOTERS = frozenset({"footer", "footerf", "footerl", "footerr"})
BOXES = frozenset({"footnote", "shptxt", "dptxbxtext"})
STORIES = frozenset({"annotation", *HEADERS, *FOOTERS, *BOXES})
MARKERS = frozenset({"listtext", "pntext"})
TABLES = frozenset({"fonttbl", "stylesheet"})
SKIPPED = frozenset(
    """colortbl info pict objdata objclass fldinst sp xe tc rxe txe template filetbl revtbl
    pntxta pntxtb bkmkstart bkmkend ftnsep ftnsepc ftncn aftnsep aftnsepc aftncn atnid atnauthor
    atntime atnref atndate atnicn atnparent formfield nonshppict shprslt nonesttables
    mmathPict listtable listoverridetable""".split()
)
OPENED = frozenset({"annotation", "shpinst", "do", *BOXES})
"""Destinations that are read although older programs may pass them over."""
PARAGRAPH_ENDS = frozenset({"par", "sect", "page", "\n", "\r"})
BODY_LEVEL = 9
OTHER_CODE_PAGES = {65001: "utf-8", 1361: "johab", 10000: "mac_roman"}
HIDING = frozenset({"v", "deleted", "htmlrtf"})

_HEADING = re.compile(r"heading\s+([1-9])\b", re.IGNORECASE)


@dataclass(slots=True)
class _Group:
    """What holds until the group ends."""

    story: Story
    opened_by: str = ""
    place: str = ""  # "" for running text, a name of MARKERS or TABLES, or "skipped"
    font: int = -1
    unicode_bytes: int = 1
    hidden: bool = False
    style: int = 0
    outline: int = -1
    in_table: bool = False


def read(path: Path) -> ParsedDocument:
    """Headers first, the body with its notes and boxes, footers and comments last."""
    reader = _Reader()
    whole = reader.take(path.read_bytes())
    builder = TextBuilder()
    add_blocks(builder, _once(reader.headers))
    add_blocks(builder, reader.body.finish())
    builder.title = builder.heading()
    add_blocks(builder, _once(reader.footers))
    if reader.comments:
        builder.add(ElementKind.TITLE, "Comments", level=1)
        add_blocks(builder, reader.comments)
    document = builder.document()
    return document if whole else replace(document, warnings=(*document.warnings, CUT_SHORT))


class _Reader:
    """Goes through the tokens once; groups are a list, so that nesting costs no stack."""

    def __init__(self) -> None:
        self.body = Story()
        self.headers: list[Block] = []
        self.footers: list[Block] = []
        self.comments: list[Block] = []
        self._group = _Group(story=self.body)
        self._outer: list[_Group] = []
        self._fonts: dict[int, str] = {}
        self._levels: dict[int, int] = {}
        self._code_page = "cp1252"
        self._bytes = bytearray()
        self._to_skip = 0
        self._starred = False
        self._style_name = ""
        self._default_font = -1

    def take(self, data: bytes) -> bool:
        """Read a file; whether it had its end."""
        for token in tokens(data):
            if token.kind is Kind.TEXT:
                self._text(token.text)
                continue
            self._flush()
            self._to_skip = 0
            if token.kind is Kind.OPEN:
                self._outer.append(replace(self._group))
            elif token.kind is Kind.WORD:
                self._word(token)
            elif self._close():
                return True
        self._flush()
        return False

    def _text(self, text: bytes) -> None:
        """Text after a \\u is for programs that know no Unicode."""
        self._bytes += text[self._to_skip :]
        self._to_skip = max(0, self._to_skip - len(text))

    def _flush(self) -> None:
        if self._bytes:
            encoding = self._fonts.get(self._group.font, self._code_page)
            self._say(self._bytes.decode(encoding, "replace"))
            self._bytes.clear()

    def _say(self, text: str) -> None:
        group = self._group
        if group.place == "stylesheet":
            self._style_name += text
        elif group.place in MARKERS:
            group.story.marker.append(text)
        elif not group.place and not group.hidden:
            group.story.say(text)

    def _close(self) -> bool:
        """End a group; whether it was the outermost."""
        inner = self._group
        if inner.place == "stylesheet":
            self._name_style()
        if not self._outer:
            return True
        self._group = self._outer.pop()
        if inner.story is not self._group.story:
            self._end_story(inner)
        return not self._outer

    def _word(self, token: Token) -> None:
        word, number = token.word, token.number
        starred, self._starred = self._starred, word == "*"
        if self._group.place == "skipped" or self._opens(word, starred):
            return
        if word == "u":
            self._say(chr((number or 0) % 0x10000))
            self._to_skip = self._group.unicode_bytes
        elif word in SAID:
            self._say(SAID[word])
        elif not self._group.place and self._ends(word):
            return
        else:
            self._set(word, number)

    def _opens(self, word: str, starred: bool) -> bool:
        """Whether the word says where the text of its group goes."""
        if word in SKIPPED or (starred and word not in OPENED):
            self._group.place = "skipped"
        elif word in TABLES or word in MARKERS:
            self._group.place = word
        elif word in STORIES:
            self._group.story = Story()
            self._group.opened_by = word
        else:
            return word in OPENED
        return True

    def _end_story(self, inner: _Group) -> None:
        """Put what a group of its own held where it belongs."""
        blocks = inner.story.finish()
        if inner.opened_by in HEADERS:
            self.headers += blocks
        elif inner.opened_by in FOOTERS:
            self.footers += blocks
        elif inner.opened_by == "annotation":
            self.comments += blocks
        else:
            self._group.story.after += blocks

    def _ends(self, word: str) -> bool:
        """Whether the word ends a paragraph, cell or row."""
        group = self._group
        if word in PARAGRAPH_ENDS:
            group.story.end_paragraph(in_table=group.in_table, level=self._level())
        elif word == "cell":
            group.story.end_cell()
        elif word == "row":
            group.story.end_row()
        else:
            return False
        return True

    def _level(self) -> int:
        group = self._group
        outline = group.outline if group.outline >= 0 else self._levels.get(group.style, -1)
        return outline + 1 if outline < BODY_LEVEL else 0

    def _set(self, word: str, number: int | None) -> None:
        """Words that change how what follows is read."""
        group, value = self._group, number or 0
        if word in HIDING:
            group.hidden = number != 0
        elif word == "pard":
            group.style, group.outline, group.in_table = 0, -1, False
        elif word == "plain":
            group.hidden, group.font = False, self._default_font
        elif word == "intbl":
            group.in_table = True
        elif word == "s":
            group.style = value
        elif word == "uc":
            group.unicode_bytes = max(0, value)
        elif word == "outlinelevel":
            group.outline = value
            if group.place == "stylesheet":
                self._levels[group.style] = value
        else:
            self._set_encoding(word, value)

    def _set_encoding(self, word: str, value: int) -> None:
        if word == "f":
            self._group.font = value
        elif word == "deff":
            self._group.font = self._default_font = value
        elif word == "fcharset" and value in CHARSETS:
            self._fonts[self._group.font] = CHARSETS[value]
        elif word == "ansicpg" and (code_page := _code_page(value)):
            self._code_page = code_page
        elif word in CODE_PAGES:
            self._code_page = CODE_PAGES[word]

    def _name_style(self) -> None:
        """A style may be known as a heading by its name alone."""
        if heading := _HEADING.search(self._style_name):
            self._levels.setdefault(self._group.style, int(heading.group(1)) - 1)
        self._style_name = ""


def _code_page(number: int) -> str:
    """Python's name of a Windows code page; empty where it has none."""
    try:
        return codecs.lookup(OTHER_CODE_PAGES.get(number, f"cp{number}")).name
    except LookupError:
        return ""


def _once(blocks: list[Block]) -> list[Block]:
    """Headers and footers come for each section; a mere page number is none."""
    distinct = {block.text: block for block in blocks if any(map(str.isalpha, block.text))}
    return list(distinct.values())
