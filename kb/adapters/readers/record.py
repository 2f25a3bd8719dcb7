"""One record of a corpus: a JSON object with id, title and text."""

import json
import re
from pathlib import Path

from kb.adapters.readers.text import TextBuilder, clean
from kb.domain.documents import ElementKind, ParsedDocument
from kb.domain.errors import DamagedFileError

_BLANK_LINES = re.compile(r"\n\s*\n")


def read(path: Path) -> ParsedDocument:
    """The record's text; a record without text is a document without elements."""
    record = _load(path)
    builder = TextBuilder(title=_string(record, "title"))
    for paragraph in _BLANK_LINES.split(clean(_string(record, "text"))):
        builder.add(ElementKind.PARAGRAPH, paragraph)
    return builder.document()


def _load(path: Path) -> dict[str, object]:
    try:
        record = json.loads(path.read_bytes())
    except ValueError as error:
        raise DamagedFileError("The record is not valid JSON.") from error
    if not isinstance(record, dict):
        raise DamagedFileError("The record is not a JSON object.")
    return record


def _string(record: dict[str, object], key: str) -> str:
    value = record.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DamagedFileError(f"The record's {key} is not text.")
    return value
