"""What a .docx file says beside its body: notes, comments, charts and SmartArt."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from kb.adapters.readers.office_drawings import chart_rows, chart_titles, diagram_lines
from kb.adapters.readers.office_zip import transitional, xml_root
from kb.adapters.readers.text import TextBuilder, one_line
from kb.adapters.readers.word_package import W
from kb.domain.documents import ElementKind

NOTES = ("word/footnotes.xml", "word/endnotes.xml")
COMMENTS = ("word/comments.xml",)

_CHART = re.compile(r"word/charts/chart\d+\.xml")
_DIAGRAM = re.compile(r"word/diagrams/data\d+\.xml")


def add_asides(path: Path, builder: TextBuilder) -> None:
    """Append them, notes and comments under headings of their own."""
    with ZipFile(path) as archive:
        for name in filter(_CHART.fullmatch, archive.namelist()):
            root = _root(archive, name)
            for title in chart_titles(root):
                builder.add(ElementKind.PARAGRAPH, title)
            builder.add(ElementKind.TABLE, "\n".join(chart_rows(root)))
        for name in filter(_DIAGRAM.fullmatch, archive.namelist()):
            for line in diagram_lines(_root(archive, name)):
                builder.add(ElementKind.LIST_ITEM, f"- {line}")
        _add_section(builder, "Notes", list(_texts(archive, NOTES)))
        _add_section(builder, "Comments", list(_texts(archive, COMMENTS)))


def _add_section(builder: TextBuilder, heading: str, texts: list[str]) -> None:
    if texts:
        builder.add(ElementKind.TITLE, heading, level=1)
    for text in texts:
        builder.add(ElementKind.PARAGRAPH, text)


def _texts(archive: ZipFile, names: tuple[str, ...]) -> Iterator[str]:
    """The text of each note, after the name of who made it where it is told."""
    for name in names:
        if name in archive.namelist():
            for note in _root(archive, name):
                author = one_line(note.get(f"{W}author", ""))
                if text := one_line("".join(_pieces(note))):
                    yield f"{author}: {text}" if author else text


def _pieces(note: Any) -> Iterator[str]:
    for part in note.iter(f"{W}t", f"{W}tab", f"{W}br", f"{W}p"):
        yield (part.text or "") if part.tag == f"{W}t" else " "


def _root(archive: ZipFile, name: str) -> Any:
    return xml_root(transitional(archive.read(name)))
