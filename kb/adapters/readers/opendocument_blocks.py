"""The blocks of an OpenDocument text or slide, in the order in which they stand."""

from collections.abc import Iterable, Iterator
from typing import Any

from kb.adapters.readers.opendocument_package import Parts, q
from kb.adapters.readers.text import TextBuilder, one_line, table_row, tidy
from kb.domain.documents import ElementKind

MAX_SPACES = 100
MAX_HEADING = 300

ANNOTATION = q("office:annotation")
PASSED_OVER = frozenset(
    (
        ANNOTATION,
        *map(q, ("text:tracked-changes", "text:ruby-text", "office:forms", "presentation:notes")),
        *map(q, ("svg:title", "svg:desc", "table:shapes")),
    )
)
NO_BREAK_HYPHEN = "\u2011"
SPACES = {q("text:tab"): " ", q("text:line-break"): "\n"}
DRAWN = q("draw:frame").removesuffix("frame")
CELLS = frozenset((q("table:table-cell"), q("table:covered-table-cell")))
ROW_GROUPS = frozenset(
    map(q, ("table:table-header-rows", "table:table-rows", "table:table-row-group"))
)


class Styles:
    """What the styles say of headings and lists."""

    def __init__(self, roots: Iterable[Any]) -> None:
        self._parents: dict[str, str] = {}
        self._numbered: dict[tuple[str, int], int] = {}
        for root in roots:
            for style in root.iter(q("style:style")):
                self._parents[style.get(q("style:name"), "")] = style.get(
                    q("style:parent-style-name"), ""
                )
            for level in root.iter(q("text:list-level-style-number")):
                if level.get(q("style:num-format")):
                    name = level.getparent().get(q("style:name"), "")
                    place = name, _number(level.get(q("text:level"))) or 1
                    self._numbered[place] = _number(level.get(q("text:start-value"))) or 1

    def is_title(self, style: str) -> bool:
        """Whether a paragraph of this style is the document's title."""
        seen: set[str] = set()
        while style and style not in seen:
            if style == "Title":
                return True
            seen.add(style)
            style = self._parents.get(style, "")
        return False

    def first_number(self, style: str, level: int) -> int | None:
        """Where a list begins to count; None where it has bullets."""
        return self._numbered.get((style, level))


class Blocks:
    """Adds what stands under a node to a builder."""

    def __init__(self, parts: Parts, styles: Styles, builder: TextBuilder) -> None:
        self._builder = builder
        self._objects = parts.objects
        self._styles = styles
        self._numbers: dict[tuple[str, int], int] = {}

    def add(self, nodes: Iterable[Any]) -> None:
        """Append the blocks that these nodes are or hold."""
        for node in nodes:
            tag = node.tag
            if tag in PASSED_OVER or not isinstance(tag, str):
                continue
            if tag == q("text:h"):
                self._heading(node, _number(node.get(q("text:outline-level"))) or 1)
            elif tag == q("text:p"):
                self._paragraph(node)
            elif tag == q("text:list"):
                self._list(node, "", 1)
            elif tag == q("table:table"):
                self._table(node)
            elif tag == q("draw:object"):
                self._object(node)
            else:
                self.add(node)

    def _paragraph(self, node: Any) -> None:
        if self._styles.is_title(node.get(q("text:style-name"), "")):
            self._heading(node, 1)
        else:
            self._running(node, ElementKind.PARAGRAPH)

    def _heading(self, node: Any, level: int) -> None:
        if len(inline_text(node)) > MAX_HEADING:
            self._running(node, ElementKind.PARAGRAPH)
        else:
            self._running(node, ElementKind.TITLE, level=level)

    def _running(self, node: Any, kind: ElementKind, *, level: int = 0, marker: str = "") -> None:
        """A paragraph, then the notes and drawings that are anchored in it."""
        text = tidy(inline_text(node))
        if kind is ElementKind.TITLE:
            text = one_line(text)
        self._builder.add(kind, marker + text if text else "", level)
        self.add(_anchored(node))

    def _list(self, node: Any, style: str, level: int) -> None:
        style = node.get(q("text:style-name"), style)
        place = (style, level)
        goes_on = node.get(q("text:continue-numbering")) == "true"
        if not (goes_on or node.get(q("text:continue-list"))):
            self._numbers.pop(place, None)
        for item in node.iterchildren(q("text:list-item"), q("text:list-header")):
            marker = self._marker(item, place)
            for child in item:
                if child.tag == q("text:list"):
                    self._list(child, style, level + 1)
                elif child.tag == q("text:p"):
                    kind = ElementKind.LIST_ITEM if marker else ElementKind.PARAGRAPH
                    self._running(child, kind, marker=marker)
                    marker = ""
                else:
                    self.add([child])

    def _marker(self, item: Any, place: tuple[str, int]) -> str:
        """What stands before an item; nothing before what only looks like one."""
        if item.tag == q("text:list-header"):
            return ""
        start = self._styles.first_number(*place)
        if start is None:
            return "- "
        own = _number(item.get(q("text:start-value")))
        self._numbers[place] = own or self._numbers.get(place, start - 1) + 1
        return f"{self._numbers[place]}. "

    def _table(self, table: Any) -> None:
        """Its rows, a line each; a table of one column only frames its content."""
        rows = [[cell for cell in row if cell.tag in CELLS] for row in _rows(table)]
        if max(map(len, rows), default=0) < 2:
            self.add(cell for row in rows for cell in row)
            return
        lines = (table_row([_cell_text(cell) for cell in row]) for row in rows)
        self._builder.add(ElementKind.TABLE, "\n".join(line for line in lines if line.strip(" |")))

    def _object(self, node: Any) -> None:
        """A chart or other document inside this one, each shown once."""
        name = node.get(q("xlink:href"), "").removeprefix("./")
        inside = self._objects.pop(name, None)
        self.add(node if inside is None else [inside])


def inline_text(node: Any) -> str:
    """The running text of a paragraph, without what is anchored in it."""
    return "".join(_pieces(node)).replace(NO_BREAK_HYPHEN, "-")


def _pieces(node: Any) -> Iterator[str]:
    yield node.text or ""
    for child in node:
        tag = child.tag
        if tag == q("text:s"):
            yield " " * min(_number(child.get(q("text:c"))) or 1, MAX_SPACES)
        elif tag in SPACES:
            yield SPACES[tag]
        elif _is_running(child):
            yield from _pieces(child)
        yield child.tail or ""


def _anchored(node: Any) -> Iterator[Any]:
    """The notes' bodies and the drawings inside a paragraph."""
    for child in node:
        if child.tag == q("text:note"):
            yield from child.iterchildren(q("text:note-body"))
        elif _is_running(child):
            yield from _anchored(child)
        elif isinstance(child.tag, str):
            yield child


def _is_running(node: Any) -> bool:
    tag = node.tag
    if not isinstance(tag, str) or tag in PASSED_OVER or tag == q("text:note"):
        return False
    return tag == q("draw:a") or not tag.startswith(DRAWN)


def _rows(table: Any) -> Iterator[Any]:
    """The rows of a table, not those of tables in its cells."""
    for child in table:
        if child.tag == q("table:table-row"):
            yield child
        elif child.tag in ROW_GROUPS:
            yield from _rows(child)


def _cell_text(cell: Any) -> str:
    paragraphs = cell.iter(q("text:p"), q("text:h"))
    return " ".join(
        inline_text(paragraph)
        for paragraph in paragraphs
        if next(paragraph.iterancestors(ANNOTATION), None) is None
    )


def _number(value: str | None) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 7 else 0
