"""XML of any kind: records as rows, other elements as lines with their names, or running text."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from kb.adapters.readers.html import without_tags
from kb.adapters.readers.json_values import as_lines
from kb.adapters.readers.outline import MAX_PHRASE, MAX_ROW, SEPARATOR, Lines
from kb.adapters.readers.plain import decode
from kb.adapters.readers.text import TextBuilder, one_line
from kb.domain.documents import ElementKind, ParsedDocument
from kb.domain.errors import LimitError

MAX_BYTES = 50 * 1024**2
"""A tree takes ten to twenty times as much memory."""
BROKEN = "The file is not well-formed XML, so only its bare text was read."
HEADINGS = frozenset("title head heading headline".split())
PROSE = frozenset("p para simpara paragraph text".split())
OF_THE_PARSER = "{http://www.w3.org/2001/XMLSchema-instance}"

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


def read(path: Path) -> ParsedDocument:
    """Headings, rows and paragraphs, as one page; entities are not replaced, nothing fetched."""
    if path.stat().st_size > MAX_BYTES:
        raise LimitError(f"The XML file is larger than {MAX_BYTES // 1024**2} MB.")
    data = path.read_bytes()
    root = _root(data)
    if root is None:
        return as_lines(without_tags(decode(data)), BROKEN)
    builder = TextBuilder()
    lines = Lines(builder)
    _add(lines, root, 1)
    lines.close()
    return builder.document()


def _root(data: bytes) -> Any:
    """The root in the encoding that is declared, else in the one it looks like; None if broken."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        pass
    try:
        return etree.fromstring(_DECLARATION.sub("", decode(data)).encode(), parser)
    except etree.XMLSyntaxError:
        return None


def _add(lines: Lines, node: Any, level: int) -> None:
    name = _name(node.tag)
    inner = [child for child in node if isinstance(child.tag, str)]
    if not inner or _is_mixed(node):
        _say(lines, node, name, level)
    elif (row := _record(node, inner)) is not None:
        lines.row(f"{name}{SEPARATOR}{row}")
    else:
        lines.add(ElementKind.TITLE, name, level)
        lines.row(SEPARATOR.join(_attributes(node)))
        for child in inner:
            _add(lines, child, level + 1)


def _say(lines: Lines, node: Any, name: str, level: int) -> None:
    """An element that holds text rather than other elements."""
    text = one_line("".join(node.itertext()))
    told = SEPARATOR.join([f"{name}: {text}" if text else name, *_attributes(node)])
    if text and name.lower() in HEADINGS:
        lines.builder.title = lines.builder.title or text
        lines.add(ElementKind.TITLE, text, level)
    elif text and name.lower() in PROSE:
        lines.add(ElementKind.PARAGRAPH, text)
    elif len(told) > MAX_PHRASE:
        lines.add(ElementKind.PARAGRAPH, told)
    elif told != name:
        lines.row(told)


def _record(node: Any, inner: list[Any]) -> str | None:
    """An element of short fields in one row; None where it is more than that."""
    told = list(_attributes(node))
    length = 0
    for child in inner:
        if len(child):
            return None
        text = one_line(child.text or "")
        told += [f"{_name(child.tag)}: {text}"] if text else []
        told += [f"{_name(child.tag)} {attribute}" for attribute in _attributes(child)]
        length += len(text) + len(SEPARATOR)
        if length > MAX_ROW:
            return None
    return SEPARATOR.join(told)


def _is_mixed(node: Any) -> bool:
    """Whether running text stands between the elements inside."""
    return bool((node.text or "").strip()) or any((child.tail or "").strip() for child in node)


def _attributes(node: Any) -> Iterator[str]:
    for key, value in node.attrib.items():
        if value.strip() and not key.startswith(OF_THE_PARSER):
            yield f"{_name(key)}: {one_line(value)}"


def _name(tag: str) -> str:
    return str(etree.QName(tag).localname)
