"""A .docx file made plain, so that no text is passed over by what reads it next.

python-docx, on which Unstructured builds, does not see text boxes, content controls,
inserted text and files saved as "Strict Open XML": here they become ordinary paragraphs.
Unstructured knows headings by the names of Word's own styles: here every style and paragraph
with an outline level gets such a name.
"""

import io
import re
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from lxml import etree

from kb.adapters.readers.office_zip import remove, rewritten, to_bytes, unwrap, xml_root

MEDIA = ("word/media/", "word/embeddings/", "word/fonts/", "word/vbaProject")
STYLES = "word/styles.xml"

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
DROPPED = (f"{W}del", f"{W}moveFrom", f"{MC}Fallback")
WRAPPERS = (
    *(f"{W}{name}" for name in ("ins", "moveTo", "smartTag", "customXml", "fldSimple")),
    *(f"{W}{name}" for name in ("sdt", "sdtContent")),
)
LABELS = (f"{W}sdtPr", f"{W}sdtEndPr", f"{W}customXmlPr", f"{W}smartTagPr")
OUTLINE_LEVELS = range(9)  # Word's level 9 is body text
OUTLINE_STYLE = "outline-level-"

_BODY = re.compile(r"word/document\d*\.xml")
_STORY = re.compile(rf"{_BODY.pattern}|word/(header|footer)\d*\.xml")


def plain_package(path: Path) -> io.BytesIO:
    """The same document with plain text and headings, its pictures left out."""
    return rewritten(path, MEDIA, _plain)


def body_has_text(path: Path) -> bool:
    """Whether any run of the document's body holds more than white space."""
    with ZipFile(path) as archive:
        for name in filter(_BODY.fullmatch, archive.namelist()):
            with archive.open(name) as body:
                for _, node in etree.iterparse(body, resolve_entities=False, no_network=True):
                    if str(node.tag).endswith("}t") and (node.text or "").strip():
                        return True
    return False


def _plain(name: str, data: bytes) -> bytes:
    if name == STYLES:
        return _plain_styles(data)
    return _plain_story(data) if _STORY.fullmatch(name) else data


def _plain_story(data: bytes) -> bytes:
    """The body, a header or a footer."""
    root = xml_root(data)
    remove(root.iter(*DROPPED, *LABELS))
    unwrap(root.iter(*WRAPPERS))
    for box in reversed(list(root.iter(f"{W}txbxContent"))):
        _lift_out(box)
    for properties in root.iter(f"{W}pPr"):
        level = _outline_level(properties)
        if level in OUTLINE_LEVELS:
            _set_style(properties, f"{OUTLINE_STYLE}{level}")
    return to_bytes(root)


def _lift_out(box: Any) -> None:
    """Put a text box's paragraphs after the paragraph that it is anchored in."""
    holder = next(box.iterancestors(f"{W}p"), None)
    if holder is None:
        return
    for child in reversed(list(box)):
        holder.addnext(child)
    remove([box])


def _set_style(properties: Any, style: str) -> None:
    remove(properties.findall(f"{W}pStyle"))
    properties.insert(0, etree.Element(f"{W}pStyle", {f"{W}val": style}))


def _plain_styles(data: bytes) -> bytes:
    """Name each style with an outline level as Word names its headings, and add one a level."""
    root = xml_root(data)
    styles = {style.get(f"{W}styleId"): style for style in root.iter(f"{W}style")}
    for style in styles.values():
        level = _inherited_level(style, styles)
        name = style.find(f"{W}name")
        if level in OUTLINE_LEVELS and name is not None:
            name.set(f"{W}val", f"heading {level + 1}")
    for level in OUTLINE_LEVELS:
        style = etree.SubElement(
            root, f"{W}style", {f"{W}type": "paragraph", f"{W}styleId": f"{OUTLINE_STYLE}{level}"}
        )
        etree.SubElement(style, f"{W}name", {f"{W}val": f"heading {level + 1}"})
    return to_bytes(root)


def _inherited_level(style: Any, styles: dict[str, Any]) -> int:
    """The outline level of a style or of the nearest one that it builds on; -1 for none."""
    seen: set[str] = set()
    while style is not None:
        properties = style.find(f"{W}pPr")
        level = -1 if properties is None else _outline_level(properties)
        if level >= 0:
            return level
        based_on = style.find(f"{W}basedOn")
        name = "" if based_on is None else str(based_on.get(f"{W}val"))
        style = None if name in seen else styles.get(name)
        seen.add(name)
    return -1


def _outline_level(properties: Any) -> int:
    own = properties.find(f"{W}outlineLvl")
    value = "" if own is None else str(own.get(f"{W}val"))
    return int(value) if value.isdecimal() and len(value) < 3 else -1
