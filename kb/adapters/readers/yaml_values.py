"""YAML, its values as they are written: no types, no tags, no Python objects."""

from pathlib import Path

import yaml

from kb.adapters.readers.json_values import as_lines, told
from kb.adapters.readers.outline import Value
from kb.adapters.readers.plain import decode
from kb.adapters.readers.text import clean
from kb.domain.documents import ParsedDocument
from kb.domain.errors import LimitError

MAX_DEPTH = 100
"""The C parser has none and would end the process."""
MOST_TIMES_REPEATED = 100
MAX_CHARS = 30_000_000
NO_YAML = "The file is not valid YAML, so it was read as plain text."

Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def read(path: Path) -> ParsedDocument:
    """Records as rows, other values as lines under their keys, as one page."""
    text = clean(decode(path.read_bytes())).expandtabs(4)
    if len(text) > MAX_CHARS:
        raise LimitError(f"The YAML file is longer than {MAX_CHARS:,} characters.")
    try:
        _check_depth(text)
        documents = list(yaml.load_all(text, Loader=Loader))
    except (yaml.YAMLError, ValueError, TypeError):
        return as_lines(text, NO_YAML)
    _check_aliases(documents)
    return told(documents[0] if len(documents) == 1 else documents)


def _check_depth(text: str) -> None:
    """Go through the file without building it. Raises LimitError or yaml.YAMLError."""
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise LimitError("The file is nested too deeply to be read.")


def _check_aliases(documents: list[Value]) -> None:
    """Refuse values that are repeated by aliases until they are far more than the file holds."""
    sizes: dict[int, int] = {}
    if sum(_size(document, sizes) for document in documents) > MOST_TIMES_REPEATED * (
        len(sizes) + MOST_TIMES_REPEATED
    ):
        raise LimitError("The file repeats its values more often than is allowed.")


def _size(value: Value, sizes: dict[int, int]) -> int:
    """How many values there are when every alias is written out; loops end where they begin."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in sizes:
        sizes[id(value)] = 1
        inner = value.values() if isinstance(value, dict) else value
        sizes[id(value)] += sum(_size(one, sizes) for one in inner)
    return sizes[id(value)]
