"""Plain text: paragraphs are parted by blank lines."""

import re
from pathlib import Path

from kb.adapters.readers.text import TextBuilder, clean
from kb.domain.documents import ElementKind, ParsedDocument
from kb.domain.errors import DamagedFileError

BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
SAMPLE_BYTES = 256 * 1024

_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")


def read(path: Path) -> ParsedDocument:
    """The text's paragraphs."""
    builder = TextBuilder()
    add_paragraphs(decode(path.read_bytes()), builder)
    return builder.document()


def add_paragraphs(text: str, builder: TextBuilder) -> None:
    """Append the paragraphs of a text."""
    for paragraph in _BLANK_LINES.split(clean(text).expandtabs(4)):
        lines = (line.rstrip() for line in paragraph.split("\n"))
        builder.add(ElementKind.PARAGRAPH, "\n".join(lines))


def decode(data: bytes) -> str:
    """The text of a file in whatever encoding. Raises DamagedFileError where there is none."""
    for bom, encoding in BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding, "replace")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _guess(data)
    if text.count("\0") * 100 > len(text):
        return _guess(data)
    return text


def _guess(data: bytes) -> str:
    """Text in an encoding that nothing declares."""
    from charset_normalizer import from_bytes

    best = from_bytes(data[:SAMPLE_BYTES]).best()
    if best is None or _is_binary(text := data.decode(best.encoding, "replace")):
        raise DamagedFileError("The file holds no text that can be read.")
    return text


def _is_binary(text: str) -> bool:
    control = sum(1 for c in text[:SAMPLE_BYTES] if c < " " and c not in "\n\r\t\f\x0b\x1b")
    return control * 50 > len(text[:SAMPLE_BYTES])
