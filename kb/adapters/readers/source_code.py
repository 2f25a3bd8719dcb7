"""Source code, as it is written."""

import re
from pathlib import Path

from kb.adapters.readers.plain import decode
from kb.adapters.readers.text import TextBuilder, clean
from kb.domain.documents import ElementKind, ParsedDocument

TAB_WIDTH = 4

_BETWEEN_BLOCKS = re.compile(r"\n(?:[^\S\n]*\n)+(?=\S)")


def read(path: Path) -> ParsedDocument:
    """Code, parted where a blank line is followed by a line without indent."""
    builder = TextBuilder()
    text = clean(decode(path.read_bytes())).expandtabs(TAB_WIDTH)
    for block in _BETWEEN_BLOCKS.split(text):
        builder.add(ElementKind.CODE, block.strip("\n"))
    return builder.document()
