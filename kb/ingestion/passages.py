"""Cuts a parsed document into passages along headings, paragraphs and sentences.

A passage never crosses a page's end, and its text is exactly a stretch of the document's.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from math import ceil

from kb.domain.documents import (
    PAGE_SEPARATOR,
    DocumentId,
    Element,
    ElementKind,
    Page,
    ParsedDocument,
    Passage,
    PassageId,
    TextBox,
)
from kb.domain.sentences import sentence_spans

MAX_TOKENS = 200
"""Room for a passage's own text, in the embedding model's tokens."""

NEARLY_EVEN = 0.85
"""Share of an even part from which the end of a paragraph ends the part."""

HEADER_TOKENS = 24
"""Room for title and nearest heading, embedded before the text. Whole heading paths cost twice
that, a fifth of all embedding, and found nothing more: word search has them anyway."""

LONGEST_UNIT = 2000
"""Characters of a sentence or a row that is looked at as one."""

CountTokens = Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit:
    """The smallest stretch that stays whole: a sentence, a row or a line of one page."""

    page: int
    start: int
    end: int
    heading_path: tuple[str, ...]
    is_title: bool
    begins_element: bool
    tokens: int = 0


def cut(
    document_id: DocumentId,
    parsed: ParsedDocument,
    count_tokens: CountTokens,
    max_tokens: int = MAX_TOKENS,
) -> list[Passage]:
    """Passages in reading order, each of at most max_tokens tokens."""
    texts = {page.number: page.text for page in parsed.pages}
    units = _fitting(list(_units(parsed, texts)), texts, count_tokens, max_tokens)
    groups = [group for group in _grouped(units, max_tokens) if group]
    offsets = page_offsets(parsed.pages)
    boxes = _boxes_by_page(parsed.elements)
    counts = count_tokens([_slice(texts, group[0], group[-1]) for group in groups])
    return [
        _passage(document_id, ordinal, group, count, texts, offsets, boxes, max_tokens)
        for ordinal, (group, count) in enumerate(zip(groups, counts, strict=True))
    ]


def embedded_texts(title: str, passages: Sequence[Passage], count_tokens: CountTokens) -> list[str]:
    """What is embedded for each passage: title and heading on a line, then its text."""
    headers = [_header(title, passage) for passage in passages]
    distinct = list(dict.fromkeys(headers))
    fitting = {
        header: header[: len(header) * HEADER_TOKENS // max(count, HEADER_TOKENS)].rstrip()
        for header, count in zip(distinct, count_tokens(distinct), strict=True)
    }
    # The bars between the cells of a row cost as much as words and say nothing.
    texts = [" ".join(passage.text.replace(" | ", " ").split()) for passage in passages]
    return [
        f"{fitting[header]}\n{text}".lstrip("\n")
        for header, text in zip(headers, texts, strict=True)
    ]


def _header(title: str, passage: Passage) -> str:
    path = [" ".join(part.split()) for part in (title, *passage.heading_path[-1:])]
    return " > ".join(dict.fromkeys(part for part in path if part))


def page_offsets(pages: Sequence[Page]) -> dict[int, int]:
    """Where each page's text begins in the document's text, by page number."""
    offsets, position = {}, 0
    for page in pages:
        offsets[page.number] = position
        position += len(page.text) + len(PAGE_SEPARATOR)
    return offsets


def _units(parsed: ParsedDocument, texts: dict[int, str]) -> Iterator[_Unit]:
    headings: list[tuple[int, str]] = []
    for element in parsed.elements:
        text = texts[element.page][element.start : element.end]
        if element.kind is ElementKind.TITLE:
            level = max(element.level, 1)
            headings = [(at, name) for at, name in headings if at < level]
            headings.append((level, " ".join(text.split())))
        path = tuple(name for _, name in headings)
        for number, (start, end) in enumerate(_short_spans(element.kind, text)):
            yield _Unit(
                page=element.page,
                start=element.start + start,
                end=element.start + end,
                heading_path=path,
                is_title=element.kind is ElementKind.TITLE and number == 0,
                begins_element=number == 0,
            )


def _short_spans(kind: ElementKind, text: str) -> Iterator[tuple[int, int]]:
    """The spans, none of more than LONGEST_UNIT characters: a line of megabytes is no unit."""
    for first, end in _spans(kind, text):
        start = first
        while end - start > LONGEST_UNIT:
            space = text.rfind(" ", start + 1, start + LONGEST_UNIT)
            at = space if space > start else start + LONGEST_UNIT
            yield start, at
            start = at + (text[at] == " ")
        yield start, end


def _spans(kind: ElementKind, text: str) -> list[tuple[int, int]]:
    if kind in (ElementKind.TABLE, ElementKind.CODE):
        return [match.span() for match in re.finditer(r"[^\n]*\S[^\n]*", text)]
    return sentence_spans(text)


def _fitting(
    units: list[_Unit], texts: dict[int, str], count_tokens: CountTokens, max_tokens: int
) -> list[_Unit]:
    counts = count_tokens([texts[unit.page][unit.start : unit.end] for unit in units])
    fitting: list[_Unit] = []
    halves: list[_Unit] = []
    for unit, count in zip(units, counts, strict=True):
        if count <= max_tokens or unit.end - unit.start < 2:
            fitting.append(replace(unit, tokens=min(count, max_tokens)))
        else:
            halves.extend(_halved(unit, texts[unit.page]))
    if not halves:
        return fitting
    rest = _fitting(halves, texts, count_tokens, max_tokens)
    return sorted([*fitting, *rest], key=lambda unit: (unit.page, unit.start))


def _halved(unit: _Unit, text: str) -> list[_Unit]:
    middle = (unit.start + unit.end) // 2
    space = text.rfind(" ", unit.start + 1, middle)
    at = space if space > unit.start else middle
    second = replace(unit, start=at, is_title=False, begins_element=False)
    lead = len(text[at : unit.end]) - len(text[at : unit.end].lstrip())
    return [replace(unit, end=at), replace(second, start=min(at + lead, unit.end - 1))]


def _grouped(units: Sequence[_Unit], max_tokens: int) -> Iterator[list[_Unit]]:
    section: list[_Unit] = []
    for unit in units:
        if section and _begins_section(unit, section[-1]):
            yield from _parts(section, max_tokens)
            section = []
        section.append(unit)
    yield from _parts(section, max_tokens)


def _begins_section(unit: _Unit, before: _Unit) -> bool:
    return unit.page != before.page or (unit.is_title and not before.is_title)


def _parts(section: Sequence[_Unit], max_tokens: int) -> Iterator[list[_Unit]]:
    """A section in parts of about one size: a short rest would be hard to find and to read."""
    total = sum(unit.tokens for unit in section)
    even = total / max(1, ceil(total / max_tokens))
    part: list[_Unit] = []
    size = 0
    for unit in section:
        if part and _is_full(part, size, unit, even, max_tokens):
            yield part
            part, size = [], 0
        part.append(unit)
        size += unit.tokens
    yield part


def _is_full(part: Sequence[_Unit], size: int, unit: _Unit, even: float, max_tokens: int) -> bool:
    if size + unit.tokens > max_tokens:
        return True
    if all(one.is_title for one in part):
        return False
    ends_well = unit.begins_element and size >= NEARLY_EVEN * even
    return ends_well or size + unit.tokens / 2 > even


def _passage(
    document_id: DocumentId,
    ordinal: int,
    group: Sequence[_Unit],
    token_count: int,
    texts: dict[int, str],
    offsets: dict[int, int],
    boxes: dict[int, list[TextBox]],
    max_tokens: int,
) -> Passage:
    first, last = group[0], group[-1]
    within = [
        box for box in boxes.get(first.page, []) if box.start < last.end and box.end > first.start
    ]
    return Passage(
        id=passage_id(document_id, str(max_tokens), ordinal),
        document_id=document_id,
        ordinal=ordinal,
        text=_slice(texts, first, last),
        heading_path=_common_path([unit.heading_path for unit in group]),
        page_first=first.page,
        page_last=last.page,
        start=offsets[first.page] + first.start,
        end=offsets[last.page] + last.end,
        token_count=token_count,
        boxes=tuple(within),
    )


def passage_id(document_id: DocumentId, origin: str, ordinal: int) -> PassageId:
    """The same for the same document, origin and place, so that repeating is harmless.

    The origin is how the document was cut, or the passage that this one repeats.
    """
    key = f"{document_id} {origin} {ordinal}"
    return PassageId(hashlib.sha256(key.encode()).hexdigest()[:32])


def _slice(texts: dict[int, str], first: _Unit, last: _Unit) -> str:
    return texts[first.page][first.start : last.end]


def _common_path(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    common = paths[0]
    for path in paths[1:]:
        both = zip(common, path, strict=False)
        common = tuple(name for name, _ in takewhile(lambda pair: pair[0] == pair[1], both))
    return common


def _boxes_by_page(elements: Sequence[Element]) -> dict[int, list[TextBox]]:
    boxes: dict[int, list[TextBox]] = {}
    for element in elements:
        boxes.setdefault(element.page, []).extend(element.boxes)
    return boxes
