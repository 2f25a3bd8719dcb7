"""Rich Text Format as a stream of groups, control words and bytes of text.

Source: Microsoft, "Rich Text Format (RTF) Specification", version 1.9.1.
"""

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

CHARSETS = {
    0: "cp1252",
    77: "mac_roman",
    78: "cp932",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "gbk",
    136: "big5",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
}
"""What `fcharset` means; text in other fonts is in the code page of the file."""

CODE_PAGES = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
SAID = {
    **{"tab": "\t", "line": "\n", "softline": "\n", "bullet": "•", "emdash": "—", "endash": "–"},
    **{"lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”"},
    **{"emspace": " ", "enspace": " ", "qmspace": " ", "~": " ", "_": "-", "nestcell": " "},
}
"""Control words that are a character."""

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,9})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])"
    rb"|([{}])|([^\\{}\r\n\0]+)|[\r\n\0\\]"
)


class Kind(Enum):
    """What a token is."""

    OPEN = auto()
    CLOSE = auto()
    WORD = auto()
    TEXT = auto()


class Token(NamedTuple):
    """A control word has a number or None; text is bytes in an encoding that others tell."""

    kind: Kind
    word: str = ""
    number: int | None = None
    text: bytes = b""


def tokens(data: bytes) -> Iterator[Token]:
    """All that stands in a file; binary data is passed over."""
    at = 0
    while found := _TOKEN.match(data, at):
        at = found.end()
        word, number, code, symbol, brace, text = found.groups()
        if word:
            value = int(number) if number else None
            if word == b"bin":
                at += max(value or 0, 0)
            else:
                yield Token(Kind.WORD, word.decode("ascii"), value)
        elif text or code:
            yield Token(Kind.TEXT, text=text or bytes.fromhex(code.decode("ascii")))
        elif brace:
            yield Token(Kind.OPEN if brace == b"{" else Kind.CLOSE)
        elif symbol in (b"\\", b"{", b"}"):
            yield Token(Kind.TEXT, text=symbol)
        elif symbol:
            yield Token(Kind.WORD, symbol.decode("latin-1"))
