"""Blocks of lines, and how they make up a page's text and elements. Pure."""

from dataclasses import dataclass

from kb.adapters.readers.page_lines import Line, Sheet
from kb.adapters.readers.pdf_hyphens import Hyphens
from kb.domain.documents import Element, ElementKind, Page, TextBox, TextSource


@dataclass(slots=True)
class Block:
    """Lines that belong together."""

    lines: list[Line]
    kind: ElementKind = ElementKind.PARAGRAPH
    level: int = 0
    furniture: bool = False

    @property
    def text(self) -> str:
        """Its lines as one."""
        return " ".join(line.text for line in self.lines)


def compose(sheet: Sheet, blocks: list[Block], hyphens: Hyphens) -> tuple[Page, list[Element]]:
    """A page's text, and its elements as slices of it."""
    parts: list[str] = []
    elements: list[Element] = []
    length = 0
    before: Block | None = None
    for block in blocks:
        separator = _separator(before, block)
        text, spans = hyphens.join(block.lines)
        start = length + len(separator)
        parts += [separator, text]
        length = start + len(text)
        boxes = tuple(
            _text_box(sheet.number, line, start + first, start + last)
            for line, (first, last) in zip(block.lines, spans, strict=True)
        )
        if not block.furniture:
            elements.append(
                Element(
                    kind=block.kind,
                    page=sheet.number,
                    start=start,
                    end=length,
                    level=block.level,
                    boxes=boxes,
                )
            )
        before = block
    page = Page(
        number=sheet.number,
        text="".join(parts),
        label=sheet.label,
        width=sheet.width or None,
        height=sheet.height or None,
        text_source=TextSource.DIGITAL if parts else TextSource.EMPTY,
        ocr_wanted=sheet.ocr_wanted,
    )
    return page, elements


def _separator(before: Block | None, block: Block) -> str:
    if before is None:
        return ""
    return "\n" if before.kind is block.kind is ElementKind.LIST_ITEM else "\n\n"


def _text_box(page: int, line: Line, start: int, end: int) -> TextBox:
    return TextBox(
        page=page,
        start=start,
        end=end,
        left=line.left,
        top=line.top,
        right=line.right,
        bottom=line.bottom,
    )
