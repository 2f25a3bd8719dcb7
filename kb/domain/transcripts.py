"""What leaves Quire as a file: a conversation, or one of its answers, with its citations."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kb.domain.blocks import Block

LONGEST_NAME = 120
"""Bytes of a file's name in UTF-8 before its ending: less than half of what file systems hold."""

_KEPT_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\ufffd]|\s+')
_DEVICES = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)")


class ExportFormat(StrEnum):
    """The formats, each by the ending of its files."""

    MARKDOWN = "md"
    WORD = "docx"
    PDF = "pdf"


MEDIA_TYPES = {
    ExportFormat.MARKDOWN: "text/markdown",
    ExportFormat.WORD: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ExportFormat.PDF: "application/pdf",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedPlace:
    """A line of the sources: the mark's number, the document and page, the words quoted."""

    number: int
    place: str
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One turn: a question, or an answer with its sources. All its text is `shown`."""

    heading: str
    blocks: tuple[Block, ...]
    sources: tuple[CitedPlace, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What is exported. `about` are lines such as the knowledge base's name and the date."""

    title: str
    exported_at: datetime
    about: tuple[str, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A finished file."""

    name: str
    media_type: str
    data: bytes


def shown(text: str) -> str:
    """The text with a sign in place of each character that hides, turns round or obeys.

    So that XML can hold it. Spaces of all kinds stay, and the joiners that scripts need.
    """
    return "".join(c if _is_harmless(c) else "\N{REPLACEMENT CHARACTER}" for c in text)


def _is_harmless(c: str) -> bool:
    return c.isprintable() or c in "\n\t" or c in _KEPT_JOINERS or unicodedata.category(c) == "Zs"


def file_name(title: str, format: ExportFormat) -> str:
    """A name that every file system takes, made of a title."""
    spaced = _NOT_IN_NAMES.sub(" ", shown(unicodedata.normalize("NFC", title)))
    words = " ".join(spaced.split()).strip(" .")
    short = words.encode()[:LONGEST_NAME].decode(errors="ignore").strip(" .") or "Conversation"
    harmless = _DEVICES.sub(r"\1_", short)
    return f"{harmless}.{format}"
