"""A .docx file made plain, so that no text is passed over by what reads it next.

python-docx, on which Unstructured builds, does not see text boxes, content controls,
inserted text and files saved as "Strict Open XML". Here they become ordinary paragraphs.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

from lxml import etree

from kb.adapters.readers.text import one_line

BODY = "word/document.xml"
FOOTNOTES = ("word/footnotes.xml", "word/endnotes.xml")
MEDIA = ("word/media/", "word/embeddings/", "word/fonts/")

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
DROPPED = (f"{W}del", f"{W}moveFrom", f"{MC}Fallback")
WRAPPERS = (
    *(f"{W}{name}" for name in ("ins", "moveTo", "smartTag", "customXml", "fldSimple")),
    *(f"{W}{name}" for name in ("sdt", "sdtContent")),
)
LABELS = (f"{W}sdtPr", f"{W}sdtEndPr", f"{W}customXmlPr", f"{W}smartTagPr")

_STRICT = (
    (b"http://purl.oclc.org/ooxml/wordprocessingml/main", W[1:-1].encode()),
    (
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    ),
    (
        b"http://purl.oclc.org/ooxml/drawingml/",
        b"http://schemas.openxmlformats.org/drawingml/2006/",
    ),
)


def plain_package(path: Path) -> io.BytesIO:
    """The same document with a plain body, its pictures left out."""
    made = io.BytesIO()
    with ZipFile(path) as source, ZipFile(made, "w", ZIP_STORED) as target:
        for name in dict.fromkeys(source.namelist()):
            target.writestr(name, _part(source, name))
    made.seek(0)
    return made


def notes(path: Path) -> Iterator[str]:
    """The footnotes and endnotes of a document."""
    with ZipFile(path) as archive:
        for name in FOOTNOTES:
            if name in archive.namelist():
                for note in _tree(_transitional(archive.read(name))):
                    if text := one_line("".join(_texts(note))):
                        yield text


def _part(source: ZipFile, name: str) -> bytes:
    if name.startswith(MEDIA) or name.endswith("/"):
        return b""
    data = source.read(name)
    if not name.endswith((".xml", ".rels")):
        return data
    data = _transitional(data)
    return _plain_body(data) if name == BODY else data


def _transitional(data: bytes) -> bytes:
    """A part in the name spaces that every reader knows."""
    if b"http://purl.oclc.org/ooxml/" in data:
        for strict, usual in _STRICT:
            data = data.replace(strict, usual)
    return data


def _tree(data: bytes) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    return etree.fromstring(data, parser)


def _plain_body(data: bytes) -> bytes:
    root = _tree(data)
    for node in list(root.iter(*DROPPED, *LABELS)):
        _remove(node)
    for node in list(root.iter(*WRAPPERS)):
        _unwrap(node)
    for box in reversed(list(root.iter(f"{W}txbxContent"))):
        _lift_out(box)
    plain: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return plain


def _remove(node: Any) -> None:
    parent = node.getparent()
    if parent is not None:
        parent.remove(node)


def _unwrap(node: Any) -> None:
    """Put a node's children in its place."""
    parent = node.getparent()
    if parent is None:
        return
    at = parent.index(node)
    parent[at : at + 1] = list(node)


def _lift_out(box: Any) -> None:
    """Put a text box's paragraphs after the paragraph that it is anchored in."""
    holder = next(box.iterancestors(f"{W}p"), None)
    if holder is None:
        return
    for child in reversed(list(box)):
        holder.addnext(child)
    _remove(box)


def _texts(node: Any) -> Iterator[str]:
    for part in node.iter(f"{W}t", f"{W}tab", f"{W}br", f"{W}p"):
        yield (part.text or "") if part.tag == f"{W}t" else " "
