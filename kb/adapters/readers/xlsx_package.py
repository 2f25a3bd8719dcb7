"""The parts of an Excel workbook that is a zip (.xlsx, .xlsm, .xlsb), and how they hang together.

Source: ECMA-376 part 1, 18 (SpreadsheetML), and part 2 (packages).
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from lxml import etree

from kb.adapters.readers.office_drawings import A, chart_rows, chart_titles, paragraph_text
from kb.adapters.readers.office_zip import check_archive, transitional, xml_root
from kb.adapters.readers.sheets import Aside
from kb.adapters.readers.text import one_line
from kb.domain.documents import ElementKind
from kb.domain.errors import DamagedFileError

NAME = "Excel workbook"
WORKBOOKS = ("xl/workbook.xml", "xl/workbook.bin")

_REFERENCE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_THREAD_NOTE = re.compile(r"^\[Threaded comment\].*? Comment: ")


def opened(path: Path) -> ZipFile:
    """The workbook's zip. Raises DamagedFileError, PasswordNeededError or LimitError."""
    check_archive(path, NAME, "[Content_Types].xml")
    return ZipFile(path)


def part(archive: ZipFile, name: str) -> Any:
    """The root of an XML part; None where it is missing."""
    if name not in archive.NameToInfo:
        return None
    try:
        return xml_root(transitional(archive.read(name)))
    except etree.XMLSyntaxError as error:
        raise DamagedFileError(f"The {NAME} is damaged.") from error


def related(archive: ZipFile, name: str) -> Iterator[tuple[str, str, str]]:
    """Id, last word of the type and name of each part that a part refers to."""
    folder, file = posixpath.split(name)
    root = part(archive, f"{folder}/_rels/{file}.rels")
    for node in () if root is None else root.iter("{*}Relationship"):
        target = posixpath.normpath(posixpath.join("/", folder, node.get("Target", "")))[1:]
        if node.get("TargetMode") != "External" and target in archive.NameToInfo:
            yield node.get("Id", ""), node.get("Type", "").rpartition("/")[2], target


def sheet_parts(archive: ZipFile, workbook: Any) -> Iterator[tuple[str, bool, str]]:
    """Name, whether hidden, and part of each sheet, in the order of their tabs."""
    parts = {key: target for key, _, target in related(archive, WORKBOOKS[0])}
    for sheet in workbook.iter("{*}sheet"):
        hidden = sheet.get("state", "visible") != "visible"
        yield sheet.get("name", ""), hidden, parts.get(sheet.get(_REFERENCE, ""), "")


def asides(archive: ZipFile, sheet: str) -> list[Aside]:
    """What a sheet says outside its cells: text boxes, charts and comments."""
    told: list[Aside] = []
    for _, kind, target in related(archive, sheet):
        if kind == "drawing":
            told += _drawing(archive, target)
        elif kind == "comments" and target.endswith(".xml"):
            told += list(_comments(part(archive, target)))
    return told


def _drawing(archive: ZipFile, name: str) -> Iterator[Aside]:
    for body in part(archive, name).iter("{*}txBody"):
        lines = (one_line(paragraph_text(line)) for line in body.iter(f"{A}p"))
        yield ElementKind.PARAGRAPH, "\n".join(filter(None, lines))
    for _, kind, target in related(archive, name):
        if kind == "chart":
            chart = part(archive, target)
            heading = "Chart: " + ", ".join(chart_titles(chart))
            yield ElementKind.TABLE, "\n".join([heading, *chart_rows(chart)])


def _comments(root: Any) -> Iterator[Aside]:
    for comment in root.iter("{*}comment"):
        text = one_line("".join(node.text or "" for node in comment.iter("{*}t")))
        text = _THREAD_NOTE.sub("", text)
        if text:
            yield ElementKind.PARAGRAPH, f"Comment on {comment.get('ref', '')}: {text}"
