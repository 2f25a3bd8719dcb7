"""PowerPoint presentations, by python-pptx: a slide is a page.

Shapes come in the order in which they are stored, the one that a screen reader takes; the
title comes first.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER as PLACEHOLDER

from kb.adapters.readers.office_drawings import (
    A,
    chart_rows,
    chart_titles,
    diagram_lines,
    paragraph_text,
)
from kb.adapters.readers.office_zip import (
    check_archive,
    remove,
    rewritten,
    to_bytes,
    unwrap,
    xml_root,
)
from kb.adapters.readers.slides import Slide, slide_show
from kb.adapters.readers.text import one_line, table_row, tidy
from kb.domain.documents import ElementKind, ParsedDocument

NAME = "PowerPoint presentation"
MEDIA = ("ppt/media/", "ppt/embeddings/", "ppt/fonts/", "ppt/vbaProject", "docProps/thumbnail")
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
PASSED_OVER = frozenset({PLACEHOLDER.SLIDE_NUMBER, PLACEHOLDER.DATE})
BULLETS = frozenset({f"{A}buChar", f"{A}buBlip"})
BULLETED = frozenset({PLACEHOLDER.BODY, PLACEHOLDER.OBJECT, PLACEHOLDER.VERTICAL_BODY})


def read(path: Path) -> ParsedDocument:
    """The text of each slide, with its notes and comments. Raises IngestionError."""
    check_archive(path, NAME, "[Content_Types].xml")
    presentation = Presentation(rewritten(path, MEDIA, _plain))
    return slide_show([_slide(slide, at) for at, slide in enumerate(presentation.slides, 1)])


def _plain(name: str, data: bytes) -> bytes:
    """Of the ways in which a shape is stored for newer and older programs, the newest."""
    if not name.startswith("ppt/slides/") or MC[1:-1].encode() not in data:
        return data
    root = xml_root(data)
    for alternatives in list(root.iter(f"{MC}AlternateContent")):
        remove(alternatives.findall(f"{MC}Fallback") + alternatives.findall(f"{MC}Choice")[1:])
    unwrap(root.iter(f"{MC}Choice"))
    unwrap(root.iter(f"{MC}AlternateContent"))
    return to_bytes(root)


def _slide(slide: Any, number: int) -> Slide:
    builder = Slide(number)
    title = slide.shapes.title
    if title is not None:
        builder.add(ElementKind.TITLE, " ".join(_lines(title.text_frame)), level=1)
    for shape in _leaves(slide.shapes):
        if title is None or shape._element is not title._element:
            _add_shape(builder, shape)
    if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame):
        builder.add_aside("Notes", _lines(notes))
    builder.add_aside("Comments", _comments(slide.part))
    return builder


def _leaves(shapes: Any) -> Iterator[Any]:
    """The shapes, and those in groups."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _leaves(shape.shapes)
        else:
            yield shape


def _add_shape(builder: Slide, shape: Any) -> None:
    if shape.has_text_frame:
        _add_text(builder, shape)
    elif getattr(shape, "has_table", False):
        rows = (
            table_row(["\n".join(_lines(cell.text_frame)) for cell in row.cells])
            for row in shape.table.rows
        )
        builder.add(ElementKind.TABLE, "\n".join(row for row in rows if row.strip(" |")))
    else:
        _add_drawing(builder, shape)


def _add_text(builder: Slide, shape: Any) -> None:
    place = shape.placeholder_format.type if shape.is_placeholder else None
    if place in PASSED_OVER:
        return
    texts = [(p._p, tidy(paragraph_text(p._p))) for p in shape.text_frame.paragraphs]
    bulleted = place in BULLETED and sum(1 for _, text in texts if text) > 1
    numbers: dict[str, int] = {}
    for paragraph, text in texts:
        marker = _marker(paragraph, "- " if bulleted else "", numbers)
        kind = ElementKind.LIST_ITEM if marker else ElementKind.PARAGRAPH
        builder.add(kind, marker + text if text else "")


def _marker(paragraph: Any, otherwise: str, numbers: dict[str, int]) -> str:
    """What stands before a paragraph: its own bullet or number, or that of its place."""
    own = {child.tag: child for child in paragraph.iterfind(f"{A}pPr/*")}
    if f"{A}buNone" in own:
        return ""
    if f"{A}buAutoNum" not in own:
        return "- " if own.keys() & BULLETS else otherwise
    level = paragraph.find(f"{A}pPr").get("lvl", "0")
    start = own[f"{A}buAutoNum"].get("startAt", "1")
    first = int(start) if start.isdecimal() else 1
    numbers[level] = numbers[level] + 1 if level in numbers else first
    return f"{numbers[level]}. "


def _add_drawing(builder: Slide, shape: Any) -> None:
    """A chart or SmartArt, which have parts of their own."""
    for name in shape._element.xpath(".//c:chart/@r:id"):
        root = xml_root(shape.part.related_part(name).blob)
        for title in chart_titles(root):
            builder.add(ElementKind.PARAGRAPH, title)
        builder.add(ElementKind.TABLE, "\n".join(chart_rows(root)))
    for name in shape._element.xpath(".//@*[local-name()='dm']"):
        for line in diagram_lines(xml_root(shape.part.related_part(name).blob)):
            builder.add(ElementKind.LIST_ITEM, f"- {line}")


def _comments(part: Any) -> Iterator[str]:
    """What people remarked on a slide, in the older and the newer way of storing it."""
    for relation in part.rels.values():
        if relation.reltype.endswith("/comments") and not relation.is_external:
            for node in xml_root(relation.target_part.blob).iter("{*}text", f"{A}p"):
                yield tidy(node.text or "" if not node.tag.startswith(A) else paragraph_text(node))


def _lines(frame: Any) -> list[str]:
    lines = (one_line(paragraph_text(paragraph._p)) for paragraph in frame.paragraphs)
    return [line for line in lines if line]
