"""Word documents, by Unstructured, made to work without a network.

Unstructured would fetch a language model at its first paragraph. A blank English pipeline
takes its place: headings, lists and tables come from Word's own styles, not from it.
"""

import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from kb.adapters.readers.office_zip import check_archive
from kb.adapters.readers.text import TextBuilder, one_line, table_row, tidy
from kb.adapters.readers.word_asides import add_asides
from kb.adapters.readers.word_package import body_has_text, plain_package
from kb.domain.documents import ElementKind, ParsedDocument
from kb.domain.errors import DamagedFileError

QUIET = ("DO_NOT_TRACK", "SCARF_NO_ANALYTICS", "UNSTRUCTURED_DISABLE_NOTICE")
DROPPED = frozenset({"PageBreak", "Image"})
MAX_HEADING = 300  # people give whole paragraphs an outline level

_DIGITS = re.compile(r"\d+")
_LABEL = re.compile(r"\(?(\d{1,3}|[A-Za-z]|[ivxlc]{1,6})[.)]\s")


def read(path: Path) -> ParsedDocument:
    """Headings, paragraphs, list items and tables of a .docx file, as one page."""
    check_archive(path, "Word document", "[Content_Types].xml")
    builder = TextBuilder()
    for element in _once(partition(path)):
        _add(builder, element)
    builder.title = builder.heading()
    add_asides(path, builder)
    document = builder.document()
    if not document.elements and body_has_text(path):
        raise DamagedFileError("No text could be taken from the Word document.")
    return document


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


def _once(elements: Iterable[Any]) -> Iterator[Any]:
    """Headers and footers stand in every section; a mere page number is none."""
    seen = set()
    for element in elements:
        if type(element).__name__ in ("Header", "Footer"):
            said = _DIGITS.sub("", element.text).strip()
            if said in seen or not any(map(str.isalpha, said)):
                continue
            seen.add(said)
        yield element


def _add(builder: TextBuilder, element: Any) -> None:
    name = type(element).__name__
    if name in DROPPED:
        return
    if name == "Table":
        builder.add(ElementKind.TABLE, _table_text(element))
        return
    text = tidy(element.text)
    if name == "Title" and len(text) <= MAX_HEADING:
        depth = element.metadata.category_depth or 0
        builder.add(ElementKind.TITLE, one_line(text), level=depth + 1)
    elif name == "ListItem":
        builder.add(ElementKind.LIST_ITEM, text if _LABEL.match(text) else f"- {text}")
    else:
        builder.add(ElementKind.PARAGRAPH, text)


def _table_text(element: Any) -> str:
    """Row by row; the plain text where Unstructured gives no rows."""
    markup = element.metadata.text_as_html
    if not markup:
        return tidy(element.text)
    from lxml import html

    rows = html.fromstring(markup).iter("tr")
    return "\n".join(table_row([str(cell.text_content()) for cell in row]) for row in rows)
