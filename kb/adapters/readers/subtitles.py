"""Subtitles (.srt, .vtt): what is said, in paragraphs that begin with their time."""

import re
from html import unescape
from pathlib import Path

from kb.adapters.readers.plain import decode
from kb.adapters.readers.text import TextBuilder, clean, one_line
from kb.domain.documents import ElementKind, ParsedDocument

PARAGRAPH_SECONDS = 30
PAUSE_SECONDS = 5

_CUE = re.compile(
    r"^[ \t]*(?:(\d+):)?(\d\d):(\d\d)[.,]\d+[ \t]*-->[ \t]*(?:(\d+):)?(\d\d):(\d\d)[.,]\d+[^\n]*\n"
    r"((?:[^\n]*\S[^\n]*(?:\n|\Z))*)",
    re.MULTILINE,
)
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_MARK = re.compile(r"</?[a-zA-Z][^>\n]*>|<\d[\d:.]*>|\{\\[^}\n]*\}")


def read(path: Path) -> ParsedDocument:
    """Cues joined to paragraphs of about half a minute, each led by the time it begins."""
    builder = TextBuilder()
    lines: list[str] = []
    begun = ended = 0
    speaker = ""
    for cue in _CUE.finditer(clean(decode(path.read_bytes()))):
        start, end = _seconds(*cue.group(1, 2, 3)), _seconds(*cue.group(4, 5, 6))
        voice, text = _said(cue.group(7))
        if lines and (start - begun >= PARAGRAPH_SECONDS or start - ended >= PAUSE_SECONDS):
            _close(builder, begun, lines)
            speaker = ""
        if text:
            begun = begun if lines else start
            ended = end
            lines.append(f"{voice}: {text}" if voice and voice != speaker else text)
            speaker = voice
    _close(builder, begun, lines)
    return builder.document()


def _said(text: str) -> tuple[str, str]:
    """Who speaks, where it is told, and the words without their marks."""
    voice = _VOICE.search(text)
    return one_line(voice.group(1)) if voice else "", one_line(unescape(_MARK.sub("", text)))


def _close(builder: TextBuilder, begun: int, lines: list[str]) -> None:
    if lines:
        time = f"[{begun // 3600:02}:{begun // 60 % 60:02}:{begun % 60:02}]"
        builder.add(ElementKind.PARAGRAPH, f"{time} {' '.join(lines)}")
    lines.clear()


def _seconds(hours: str | None, minutes: str, seconds: str) -> int:
    return int((hours or "0")[-6:]) * 3600 + int(minutes) * 60 + int(seconds)
