"""Word documents, by Unstructured, made to work without a network.

Unstructured would fetch a language model at its first paragraph. A blank English pipeline
takes its place: headings, lists and tables come from Word's own styles, not from it.
"""

import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from kb.adapters.readers.text import TextBuilder, one_line, table_row, tidy
from kb.adapters.readers.word_package import BODY, notes, plain_package
from kb.domain.documents import ElementKind, ParsedDocument
from kb.domain.errors import DamagedFileError, LimitError, PasswordNeededError

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
MAX_MEMBERS = 20_000

KINDS = {"Title": ElementKind.TITLE, "ListItem": ElementKind.LIST_ITEM}
QUIET = ("DO_NOT_TRACK", "SCARF_NO_ANALYTICS", "UNSTRUCTURED_DISABLE_NOTICE")
DROPPED = frozenset({"PageBreak", "Image", "Footer"})

_LABEL = re.compile(r"\(?(\d{1,3}|[A-Za-z]|[ivxlc]{1,6})[.)]\s")


def read(path: Path) -> ParsedDocument:
    """Headings, paragraphs, list items and tables of a .docx file, as one page."""
    check_archive(path)
    elements = partition(path)
    builder = TextBuilder(title=_title(elements))
    for element in elements:
        _add(builder, element)
    for note in notes(path):
        builder.add(ElementKind.PARAGRAPH, note)
    document = builder.document()
    if not document.elements and _body_has_text(path):
        raise DamagedFileError("No text could be taken from the Word document.")
    return document


def check_archive(path: Path) -> None:
    """Refuse what is encrypted, broken or unpacks to far more than a document."""
    with path.open("rb") as file:
        if file.read(len(OLE)) == OLE:
            raise PasswordNeededError(
                "The Word document opens only with a password.",
                advice="Save a copy without one and add that.",
            )
    try:
        with ZipFile(path) as archive:
            members = archive.infolist()
            archive.getinfo("[Content_Types].xml")
    except (BadZipFile, KeyError, OSError, ValueError, NotImplementedError) as error:
        raise DamagedFileError("The Word document is cut short or damaged.") from error
    if len(members) > MAX_MEMBERS or sum(m.file_size for m in members) > MAX_UNPACKED_BYTES:
        raise LimitError("The Word document unpacks to more than is allowed.")


def partition(path: Path) -> list[Any]:
    """Unstructured's elements of a .docx file."""
    return list(_partitioner()(file=plain_package(path), infer_table_structure=True))


@cache
def _partitioner() -> Any:
    """Unstructured's reader, with nothing left in it that would use the network."""
    for variable in QUIET:
        os.environ[variable] = "1"
    import spacy
    from unstructured.nlp import tokenize

    sentences_only = spacy.blank("en")
    sentences_only.add_pipe("sentencizer")
    tokenize._load_spacy_model = lambda: sentences_only
    tokenize._get_nlp.cache_clear()

    from unstructured.partition.docx import partition_docx

    return partition_docx


def _add(builder: TextBuilder, element: Any) -> None:
    name = type(element).__name__
    if name in DROPPED:
        return
    if name == "Table":
        builder.add(ElementKind.TABLE, _table_text(element))
        return
    kind = KINDS.get(name, ElementKind.PARAGRAPH)
    depth = element.metadata.category_depth or 0
    if kind is ElementKind.TITLE:
        builder.add(kind, one_line(element.text), level=depth + 1)
    else:
        text = tidy(element.text)
        bare = kind is ElementKind.LIST_ITEM and not _LABEL.match(text)
        builder.add(kind, f"- {text}" if bare else text)


def _table_text(element: Any) -> str:
    """Row by row; the plain text where Unstructured gives no rows."""
    markup = element.metadata.text_as_html
    if not markup:
        return tidy(element.text)
    from lxml import html

    rows = html.fromstring(markup).iter("tr")
    return "\n".join(table_row([str(cell.text_content()) for cell in row]) for row in rows)


def _title(elements: Iterable[Any]) -> str:
    """The first heading of the highest level."""
    for element in elements:
        if type(element).__name__ == "Title" and not element.metadata.category_depth:
            return str(element.text)
    return ""


def _body_has_text(path: Path) -> bool:
    """Whether any run of the document's body holds more than white space."""
    from lxml import etree

    with ZipFile(path) as archive, archive.open(BODY) as body:
        for _, node in etree.iterparse(body, resolve_entities=False, no_network=True):
            if str(node.tag).endswith("}t") and (node.text or "").strip():
                return True
    return False
