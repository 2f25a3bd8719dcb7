"""The Noto fonts that come with Quire, and which characters they have."""

import unicodedata
from functools import cache
from importlib.resources import files
from pathlib import Path

import regex
import uharfbuzz

PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")

_CLUSTER = regex.compile(r"\X")
_INVISIBLE = regex.compile(r"[\p{Default_Ignorable_Code_Point}\s]")


def folders() -> list[str]:
    """Where the fonts are."""
    return [str(files(package)) for package in PACKAGES]


class Coverage:
    """Puts codes in place of what no font has, and keeps what that was."""

    def __init__(self) -> None:
        self.missing: dict[str, None] = {}

    def told(self, text: str) -> str:
        """The text with `[U+1234]` for a character that would be printed as an empty box."""
        return text if text.isascii() else _CLUSTER.sub(lambda it: self._cluster(it[0]), text)

    @property
    def names(self) -> list[str]:
        """The codes and names of what was missing, in the order it was met."""
        return [f"{_code(c)} {unicodedata.name(c, 'unnamed')}" for c in self.missing]

    def _cluster(self, cluster: str) -> str:
        """Letters with their marks are drawn by one font, or not at all."""
        wanted = set(_INVISIBLE.sub("", cluster))
        if any(wanted <= characters for characters in _characters()):
            return cluster
        return "".join(self._character(c, alone=c == cluster[0]) for c in cluster)

    def _character(self, c: str, *, alone: bool) -> str:
        if _INVISIBLE.match(c) or (alone and any(c in each for each in _characters())):
            return c
        self.missing[c] = None
        return f"[{_code(c)}]"


def _code(c: str) -> str:
    return f"U+{ord(c):04X}"


@cache
def _characters() -> list[frozenset[str]]:
    """What each font has."""
    paths = [path for folder in folders() for path in sorted(Path(folder).glob("*.tt[fc]"))]
    faces = [uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(path))) for path in paths]
    return [frozenset(map(chr, face.unicodes)) for face in faces]
