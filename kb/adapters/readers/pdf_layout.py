"""From lines to titles, paragraphs and list items. Pure.

PDF says nothing of structure: it is guessed from gaps, indents, font sizes and weights,
measured against what is usual in the same document.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

from kb.adapters.readers.page_lines import Line, Sheet
from kb.adapters.readers.page_tables import find_tables, table_rows
from kb.adapters.readers.pdf_blocks import Block, compose
from kb.adapters.readers.pdf_furniture import furniture
from kb.adapters.readers.pdf_hyphens import Hyphens
from kb.adapters.readers.pdf_outline import Outline, likeness
from kb.domain.documents import Element, ElementKind, Page

TITLE_GROWTH = 1.12
MAX_TITLE_CHARS = 200
MAX_TITLE_LINES = 4
MAX_LEVEL = 6
GAP_GROWTH = 1.25
USUAL_PITCH = 1.2
FULL_LINE = 0.85

BULLET = re.compile(r"[•●○◦▪■□▸►‣⁃∙·\uf0b7\uf0a7\uf076\uf0d8❖✓➢➤*–—-]\s+\S")
NUMBER = re.compile(r"(\d{1,2}[.)]|\(\d{1,2}\)|\(?[a-z]\)|\([A-Z]\)|\(?[ivx]{1,5}\))\s+\S")
CAPTION = re.compile(r"(figure|fig\.|table|abbildung|tabelle|tableau|figura|tabla)\s*\d+[.:]", re.I)
_FIELD = re.compile(r"\S+( \S+)?: ")
_HAS_WORD = re.compile(r"[^\W\d_]{2}|[^\x00-\u2fff]")
_SENTENCE_END = (".", "!", "?", ":", ";", ",")


@dataclass(frozen=True, slots=True)
class Measures:
    """What is usual in a document."""

    body_size: float
    bold_body: bool
    pitch: float  # distance of baselines, in font sizes


def arrange(
    sheets: list[Sheet], outline: Outline | None = None
) -> tuple[list[Page], list[Element]]:
    """Pages with their text, and elements with their boxes."""
    measures = measure(sheets)
    extras = furniture(sheets)
    hyphens = Hyphens(sheets)
    per_sheet = [list(_blocks(sheet, measures, extras)) for sheet in sheets]
    _name_kinds(per_sheet, measures)
    if outline:
        _follow(outline, sheets, per_sheet)
    pages: list[Page] = []
    elements: list[Element] = []
    for sheet, blocks in zip(sheets, per_sheet, strict=True):
        page, found = compose(sheet, blocks, hyphens)
        pages.append(page)
        elements += found
    return pages, elements


def measure(sheets: list[Sheet]) -> Measures:
    """Body font and line distance: what most characters have."""
    sizes: Counter[float] = Counter()
    bold: Counter[bool] = Counter()
    for sheet in sheets:
        for line in sheet.lines:
            sizes[rounded(line.size)] += len(line.text)
            bold[line.bold] += len(line.text)
    body = sizes.most_common(1)[0][0] if sizes else 10.0
    return Measures(body_size=body, bold_body=bold[True] > bold[False], pitch=_pitch(sheets))


def rounded(size: float) -> float:
    """A font size to half a point."""
    return round(size * 2) / 2


def _pitch(sheets: list[Sheet]) -> float:
    """The smallest common distance of baselines, in font sizes."""
    seen: Counter[float] = Counter()
    for sheet in sheets:
        for one, other in pairwise(sheet.lines):
            if rounded(one.size) == rounded(other.size) and one.size > 0:
                ratio = round((other.baseline - one.baseline) / one.size, 1)
                if 0.8 <= ratio <= 3.0:
                    seen[ratio] += 1
    total = sum(seen.values())
    common = [ratio for ratio, count in seen.items() if count >= 0.2 * total]
    return min(common, default=USUAL_PITCH)


def _blocks(
    sheet: Sheet, measures: Measures, extras: frozenset[tuple[int, int]]
) -> Iterator[Block]:
    block: Block | None = None
    own = frozenset(index for index in range(len(sheet.lines)) if (sheet.number, index) in extras)
    tables = {table.start: table for table in find_tables(sheet.lines, own)}
    within = frozenset(index for table in tables.values() for index in table)
    for index, line in enumerate(sheet.lines):
        if index in within:
            if block:
                yield block
            block = None
            if index in tables:
                yield _table(sheet.lines, tables[index])
            continue
        extra = index in own
        if block and extra == block.furniture and _goes_on(block, line, measures):
            block.lines.append(line)
            continue
        if block:
            yield block
        block = Block(lines=[line], furniture=extra)
    if block:
        yield block


def _table(lines: Sequence[Line], table: range) -> Block:
    rows = table_rows(lines[table.start : table.stop])
    return Block(lines=rows, kind=ElementKind.TABLE)


def _goes_on(block: Block, line: Line, measures: Measures) -> bool:
    """Whether a line belongs to the block before it."""
    last = block.lines[-1]
    if last.broken:
        return True
    if last.upright != line.upright or BULLET.match(line.text):
        return False
    if abs(last.size - line.size) > max(0.6, 0.08 * last.size):
        return False
    if line.baseline < last.baseline - 0.3 * last.size:  # the next column
        return line.text[0].islower() and not last.text.endswith(_SENTENCE_END)
    if line.baseline - last.baseline > GAP_GROWTH * measures.pitch * max(last.size, line.size):
        return False
    full = last.right - last.left >= FULL_LINE * _widest(block)
    if last.bold != line.bold and not (full and line.text[0].islower()):
        return False
    return not _starts_anew(block, line, last)


def _widest(block: Block) -> float:
    return max(line.right - line.left for line in block.lines)


def _starts_anew(block: Block, line: Line, last: Line) -> bool:
    """Whether an indent or a number says that a paragraph or item begins."""
    ended = last.text.endswith(_SENTENCE_END)
    indent = line.left - last.left
    first = block.lines[0]
    in_list = BULLET.match(first.text) or NUMBER.match(first.text)
    if NUMBER.match(line.text) and (in_list or ended or indent > 0.7 * line.size):
        return True
    if in_list:
        return line.left < first.left - 0.7 * line.size
    return ended and 0.7 * line.size < indent < 6 * line.size


def _name_kinds(per_sheet: list[list[Block]], measures: Measures) -> None:
    """Say of every block what it is; titles get levels by their fonts."""
    blocks = [block for sheet in per_sheet for block in sheet if not block.furniture]
    for block, after in zip_longest(blocks, blocks[1:]):
        if block.kind is not ElementKind.TABLE:
            block.kind = _kind(block, after, measures)
    styles = {_style(block) for block in blocks if block.kind is ElementKind.TITLE}
    ranks = {style: rank for rank, style in enumerate(sorted(styles, reverse=True), start=1)}
    for block in blocks:
        if block.kind is ElementKind.TITLE:
            block.level = min(ranks[_style(block)], MAX_LEVEL)
    for block, after in pairwise(blocks):
        if block.kind is ElementKind.PARAGRAPH and _reads_as_title(block, after, measures):
            block.kind, block.level = ElementKind.TITLE, min(len(ranks) + 1, MAX_LEVEL)


def _follow(outline: Outline, sheets: list[Sheet], per_sheet: list[list[Block]]) -> None:
    """Make titles of what the outline names; others get the level of the next smaller font."""
    levels: defaultdict[tuple[float, bool], Counter[int]] = defaultdict(Counter)
    named: set[int] = set()
    for sheet, blocks in zip(sheets, per_sheet, strict=True):
        for block in blocks:
            level = outline.get((sheet.number, likeness(block.text)))
            if level and not block.furniture and _could_be_title(block):
                block.kind, block.level = ElementKind.TITLE, level
                levels[_style(block)][level] += 1
                named.add(id(block))
    lowest = max((max(counts) for counts in levels.values()), default=0)
    for block in (block for blocks in per_sheet for block in blocks):
        if named and block.kind is ElementKind.TITLE and id(block) not in named:
            near = [style for style in levels if style <= _style(block)]
            level = levels[max(near)].most_common(1)[0][0] if near else lowest + 1
            block.level = min(level, MAX_LEVEL)


def _style(block: Block) -> tuple[float, bool]:
    first = block.lines[0]
    return rounded(max(line.size for line in block.lines)), first.bold


def _kind(block: Block, after: Block | None, measures: Measures) -> ElementKind:
    text = block.text
    if BULLET.match(text):
        return ElementKind.LIST_ITEM
    if CAPTION.match(text):
        return ElementKind.CAPTION
    if _could_be_title(block) and _stands_out(block, after, measures):
        return ElementKind.TITLE
    return ElementKind.LIST_ITEM if NUMBER.match(text) else ElementKind.PARAGRAPH


def _stands_out(block: Block, after: Block | None, measures: Measures) -> bool:
    """Whether a block is larger than the body, or bold and no head of a table."""
    size = min(line.size for line in block.lines)
    if size >= TITLE_GROWTH * measures.body_size:
        return True
    bold = all(line.bold for line in block.lines) and not measures.bold_body
    if not bold or size < 0.95 * measures.body_size or len(block.lines) > 2:
        return False
    return not block.text.startswith("(") and not (after and _is_figures(after.text))


def _is_figures(text: str) -> bool:
    """Whether a good part of a text is digits, as in a table's row."""
    start = text[:200]
    return sum(character.isdigit() for character in start) > 0.12 * len(start)


def _could_be_title(block: Block) -> bool:
    text = block.text
    return (
        all(line.upright for line in block.lines)
        and len(block.lines) <= MAX_TITLE_LINES
        and len(text) <= MAX_TITLE_CHARS
        and not text.endswith((",", ";"))
        and _HAS_WORD.search(text) is not None
    )


def _reads_as_title(block: Block, after: Block, measures: Measures) -> bool:
    """Find titles set in the body's own font: short lines alone above a paragraph."""
    text = block.text
    words = [word for word in text.split() if word[0].isalpha()]
    capitals = sum(word[0].isupper() for word in words)
    return (
        len(block.lines) == 1
        and block.lines[0].size >= 0.95 * measures.body_size
        and _could_be_title(block)
        and len(text) <= 70
        and text[0].isupper()
        and not text.endswith(_SENTENCE_END)
        and not _FIELD.match(text)
        and not any(character.isdigit() for character in text)
        and capitals * 2 >= len(words)
        and _is_prose(after)
    )


def _is_prose(block: Block) -> bool:
    text = block.text
    sentence = len(block.lines) > 1 or text.endswith((".", ":", "?"))
    return (
        block.kind is ElementKind.PARAGRAPH
        and sentence
        and len(text) >= 40
        and not _is_figures(text)
    )
