"""Nested values to text: records as rows, the rest as lines under headings of their keys."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kb.adapters.readers.text import TextBuilder, clean, one_line
from kb.domain.documents import ElementKind

Value = object
"""A mapping, a sequence, or a scalar, as parsers of JSON and YAML give them."""

MAX_ROW = 600
"""Characters of a record that is told in one row: about what a passage holds."""
MAX_PHRASE = 200
MAX_HEADING = 120
MAX_LEVEL = 6
SEPARATOR = " | "
NAMES = ("title", "name", "label", "subject", "id", "key")
"""Keys whose value tells a record from its neighbours."""


@dataclass(slots=True)
class Lines:
    """Puts rows that follow each other into one table."""

    builder: TextBuilder
    _rows: list[str] = field(default_factory=list)

    def row(self, text: str) -> None:
        """Append one row."""
        if text := one_line(text):
            self._rows.append(text)

    def add(self, kind: ElementKind, text: str, level: int = 0) -> None:
        """Append another element; a title of no more than a line."""
        self.close()
        if kind is ElementKind.TITLE:
            text, level = one_line(text)[:MAX_HEADING], min(level, MAX_LEVEL)
        self.builder.add(kind, clean(text), level)

    def close(self) -> None:
        """End the table."""
        self.builder.add(ElementKind.TABLE, "\n".join(self._rows))
        self._rows.clear()


@dataclass(slots=True)
class Outline:
    """Writes values until a number of them is told; `spent` says that some were left out."""

    lines: Lines
    values_left: int
    spent: bool = False
    _open: set[int] = field(default_factory=set)

    def begin(self, value: Value) -> None:
        """Append all that a file holds."""
        if isinstance(value, Mapping | list):
            self._section(value, "", 1)
        else:
            self.add(value)

    def add(self, value: Value, key: str = "", level: int = 1) -> None:
        """Append a value under its key."""
        if self.spent:
            return
        row = self._as_row(value)
        if row is not None:
            self.lines.row(f"{key}: {row}" if key and row else row)
        elif isinstance(value, str):
            self.lines.add(ElementKind.PARAGRAPH, f"{key}: {value}" if key else value)
        elif id(value) not in self._open:
            self._open.add(id(value))
            self._section(value, key, level)
            self._open.discard(id(value))

    def _section(self, value: Value, key: str, level: int) -> None:
        if key:
            self.lines.add(ElementKind.TITLE, key, level)
            level += 1
        if isinstance(value, Mapping):
            for name, inner in value.items():
                self.add(inner, str(name), level)
        elif isinstance(value, Sequence):
            for number, inner in enumerate(value, 1):
                is_short = self._as_row(inner, count=False) is not None
                self.add(inner, "" if is_short else _name(inner, number), level)

    def _as_row(self, value: Value, *, count: bool = True) -> str | None:
        """A value in one row; None where it is too long for one, or several records."""
        if isinstance(value, list) and any(isinstance(inner, Mapping | list) for inner in value):
            return None
        told: list[str] = []
        length = 0
        for path, scalar in _leaves(value, frozenset(self._open)):
            text = one_line(scalar)
            told.append(f"{path}: {text}" if path and text else text)
            length += len(told[-1]) + len(SEPARATOR)
            if length > (MAX_ROW if path else MAX_PHRASE) or (path and "\n\n" in scalar):
                return None
        if count:
            self.values_left -= max(1, len(told))
            self.spent = self.values_left < 0
        separator = SEPARATOR if isinstance(value, Mapping) else ", "
        return separator.join(filter(None, told))


def _leaves(value: Value, seen: frozenset[int], path: str = "") -> Iterator[tuple[str, str]]:
    """Key paths and scalars of a value; one that holds itself ends where it begins again."""
    if isinstance(value, Mapping | list):
        if id(value) in seen:
            return
        seen |= {id(value)}
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, seen, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        if all(not isinstance(inner, Mapping | list) for inner in value):
            phrase = ", ".join(filter(None, map(scalar_text, value)))
            yield path, phrase
            return
        for inner in value:
            yield from _leaves(inner, seen, path)
    else:
        yield path, scalar_text(value)


def scalar_text(value: Value) -> str:
    """A value that holds no others, as a file writes it; nothing for null."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _name(record: Value, number: int) -> str:
    """What a record is called among its neighbours."""
    if isinstance(record, Mapping):
        for key in NAMES:
            if (name := scalar_text(record.get(key))) and not isinstance(
                record[key], Mapping | list
            ):
                return name
    return f"{number}"
