"""OpenDocument texts, presentations and drawings, of LibreOffice and others."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kb.adapters.readers.opendocument_blocks import ANNOTATION, Blocks, Styles, inline_text
from kb.adapters.readers.opendocument_package import Parts, parts_of, q
from kb.adapters.readers.slides import Slide, slide_show
from kb.adapters.readers.text import TextBuilder, one_line
from kb.domain.documents import ElementKind, ParsedDocument
from kb.domain.errors import DamagedFileError

HEADERS = tuple(map(q, ("style:header", "style:header-left", "style:header-first")))
FOOTERS = tuple(map(q, ("style:footer", "style:footer-left", "style:footer-first")))
NOTES = q("presentation:notes")
REPEATED = frozenset({"header", "footer", "date-time", "page-number", "page"})


def read(path: Path) -> ParsedDocument:
    """A text as one page, a presentation or drawing as a page for each of its own.

    Raises IngestionError.
    """
    parts = parts_of(path)
    for name in ("office:presentation", "office:drawing"):
        shown = parts.body.find(q(name))
        if shown is not None:
            pages = enumerate(shown.iterchildren(q("draw:page")), 1)
            styles = Styles(parts.styles)
            return slide_show([_slide(parts, styles, page, number) for number, page in pages])
    text = parts.body.find(q("office:text"))
    if text is None:
        raise DamagedFileError("The OpenDocument file holds neither a text nor slides.")
    return _text(parts, text)


def _text(parts: Parts, text: Any) -> ParsedDocument:
    builder = TextBuilder()
    _add_margins(parts, builder, HEADERS)
    Blocks(parts, Styles(parts.styles), builder).add(text)
    builder.title = builder.heading()
    _add_margins(parts, builder, FOOTERS)
    if comments := list(_comments(text)):
        builder.add(ElementKind.TITLE, "Comments", level=1)
        for comment in comments:
            builder.add(ElementKind.PARAGRAPH, comment)
    return builder.document()


def _add_margins(parts: Parts, builder: TextBuilder, tags: tuple[str, ...]) -> None:
    """The page headers or footers, each once; a mere page number is none."""
    lines = (
        one_line(inline_text(paragraph))
        for root in parts.styles
        for margin in root.iter(*tags)
        for paragraph in margin.iter(q("text:p"), q("text:h"))
    )
    for line in dict.fromkeys(lines):
        if any(map(str.isalpha, line)):
            builder.add(ElementKind.PARAGRAPH, line)


def _slide(parts: Parts, styles: Styles, page: Any, number: int) -> Slide:
    builder = Slide(number)
    titles = [
        frame
        for frame in page.iterchildren(q("draw:frame"))
        if frame.get(q("presentation:class")) == "title"
    ]
    builder.add(ElementKind.TITLE, one_line(_all_text(titles)), level=1)
    shapes = (shape for shape in _shown(page) if shape not in titles)
    Blocks(parts, styles, builder).add(shapes)
    notes = (shape for part in page.iterchildren(NOTES) for shape in _shown(part))
    builder.add_aside("Notes", _paragraphs(notes))
    builder.add_aside("Comments", _comments(page))
    return builder


def _shown(page: Any) -> Iterator[Any]:
    """What stands on a slide or its notes, without what is the same on each."""
    return (shape for shape in page if shape.get(q("presentation:class")) not in REPEATED)


def _all_text(nodes: Iterable[Any]) -> str:
    return " ".join(_paragraphs(nodes))


def _paragraphs(nodes: Iterable[Any]) -> Iterator[str]:
    for node in nodes:
        for paragraph in node.iter(q("text:p"), q("text:h")):
            yield one_line(inline_text(paragraph))


def _comments(node: Any) -> Iterator[str]:
    """What people remarked in the margin, after their names."""
    for comment in node.iter(ANNOTATION):
        author = one_line(comment.findtext(q("dc:creator")) or "")
        if said := one_line(_all_text([comment])):
            yield f"{author}: {said}" if author else said
