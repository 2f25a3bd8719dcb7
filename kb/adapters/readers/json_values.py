"""JSON, and files with a JSON value on every line (.jsonl, .ndjson)."""

import json
from dataclasses import replace
from pathlib import Path

from kb.adapters.readers.outline import Lines, Outline, Value
from kb.adapters.readers.plain import decode
from kb.adapters.readers.text import TextBuilder, clean
from kb.domain.documents import ElementKind, ParsedDocument

MAX_VALUES = 1_000_000
CUT_SHORT = f"Only the first {MAX_VALUES:,} values were read; the rest is left out."


def read(path: Path) -> ParsedDocument:
    """Records as rows, other values as lines under their keys, as one page."""
    text = decode(path.read_bytes())
    try:
        return told(_parsed(text))
    except ValueError:
        return _lines(text)


def told(value: Value, *warnings: str) -> ParsedDocument:
    """A parsed value as a document."""
    builder = TextBuilder()
    lines = Lines(builder)
    outline = Outline(lines, MAX_VALUES)
    outline.begin(value)
    lines.close()
    document = builder.document()
    warnings += (CUT_SHORT,) if outline.spent else ()
    return replace(document, warnings=document.warnings + warnings)


def as_lines(text: str, warning: str) -> ParsedDocument:
    """A text that could not be parsed, line by line as it stands."""
    builder = TextBuilder()
    builder.add(ElementKind.CODE, clean(text))
    document = builder.document()
    return replace(document, warnings=(*document.warnings, warning))


def _parsed(text: str) -> Value:
    """A value, its numbers as they are written. Raises ValueError."""
    value: Value = json.loads(text, object_pairs_hook=_mapping, parse_int=str, parse_float=str)
    return value


def _mapping(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    """All values of a key that is there more than once."""
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        for key in mapping:
            values = [value for name, value in pairs if name == key]
            mapping[key] = values if len(values) > 1 else values[0]
    return mapping


def _lines(text: str) -> ParsedDocument:
    """A value a line. Lines that are none are left out; a file without any is told as it is."""
    values, broken = [], 0
    for line in filter(str.strip, text.split("\n")):
        try:
            values.append(_parsed(line))
        except ValueError:
            broken += 1
    if broken >= len(values):
        return as_lines(text, "The file is not valid JSON, so it was read as plain text.")
    left_out = (
        f"{broken:,} lines are not valid JSON and were left out."
        if broken > 1
        else "1 line is not valid JSON and was left out."
    )
    return told(values, *([left_out] if broken else []))
