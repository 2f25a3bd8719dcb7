"""Running text of an RTF file as it is put together: paragraphs, list items and tables."""

from dataclasses import dataclass, field

from kb.adapters.readers.text import TextBuilder, one_line, table_row, tidy
from kb.domain.documents import ElementKind

MAX_HEADING = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What becomes an element."""

    kind: ElementKind
    text: str
    level: int = 0


@dataclass(slots=True)
class Story:
    """The body, a header, a note or a text box. `after` waits for the paragraph's end."""

    blocks: list[Block] = field(default_factory=list)
    after: list[Block] = field(default_factory=list)
    marker: list[str] = field(default_factory=list)
    _pieces: list[str] = field(default_factory=list)
    _cells: list[str] = field(default_factory=list)
    _rows: list[list[str]] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Go on with the paragraph."""
        self._pieces.append(text)

    def end_paragraph(self, *, in_table: bool, level: int) -> None:
        """A paragraph becomes a block, or stays in its cell. `level` is 0 for no heading."""
        if in_table or self._cells:
            self.say("\n")
            return
        self._end_table()
        marker = one_line(_joined(self.marker))
        label = marker if any(map(str.isalnum, marker)) else marker and "-"
        text = tidy(_joined(self._pieces))
        self.marker.clear()
        self._pieces.clear()
        if text and level > 0 and len(text) <= MAX_HEADING:
            heading = one_line(f"{label.strip('-')} {text}")
            self.blocks.append(Block(kind=ElementKind.TITLE, text=heading, level=level))
        elif text and label:
            self.blocks.append(Block(kind=ElementKind.LIST_ITEM, text=f"{label} {text}"))
        elif text:
            self.blocks.append(Block(kind=ElementKind.PARAGRAPH, text=text))
        self._add_what_waits()

    def end_cell(self) -> None:
        """What was said since the last cell is this one."""
        label = one_line(_joined(self.marker))
        self._cells.append(one_line(f"{label} {_joined(self._pieces)}"))
        self._pieces.clear()
        self.marker.clear()

    def end_row(self) -> None:
        """The cells since the last row are this one."""
        self._rows.append(self._cells)
        self._cells = []

    def finish(self) -> list[Block]:
        """All blocks, once nothing comes any more."""
        if self._cells:
            self.end_cell()
            self.end_row()
        self.end_paragraph(in_table=False, level=0)
        return self.blocks

    def _end_table(self) -> None:
        """A table of one column only frames its content."""
        rows = [row for row in self._rows if any(row)]
        self._rows = []
        if max(map(len, rows), default=0) > 1:
            text = "\n".join(map(table_row, rows))
            self.blocks.append(Block(kind=ElementKind.TABLE, text=text))
        else:
            texts = ("".join(row) for row in rows)
            self.blocks += [Block(kind=ElementKind.PARAGRAPH, text=text) for text in texts]
        if rows:
            self._add_what_waits()

    def _add_what_waits(self) -> None:
        self.blocks += self.after
        self.after.clear()


def add_blocks(builder: TextBuilder, blocks: list[Block]) -> None:
    """Append blocks as elements."""
    for block in blocks:
        builder.add(block.kind, block.text, block.level)


def _joined(pieces: list[str]) -> str:
    """One text; characters that were given as two halves are put together."""
    return "".join(pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
