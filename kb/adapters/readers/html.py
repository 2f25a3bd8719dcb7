"""Web pages: the main text where there is one, else everything that people would see."""

import codecs
import html
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from kb.adapters.readers.html_blocks import add_blocks
from kb.adapters.readers.html_main import (
    declares_article,
    is_enough,
    length,
    main_text,
    only_main,
)
from kb.adapters.readers.plain import BOMS, decode
from kb.adapters.readers.text import TextBuilder, one_line, tidy
from kb.domain.documents import ElementKind, ParsedDocument

MAX_MAIN_CHARS = 2_000_000  # trafilatura takes minutes over more
MIN_OWN_SHARE = 0.1
DECLARED_WITHIN = 4096
HIDDEN = (
    "script style noscript template svg math head iframe object canvas select button "
    "input textarea audio video map"
).split()
ASIDE = ("nav", "aside", "footer", "dialog", "menu")
ASIDE_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "menu", "alert"})

_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.I)
_SCRIPT = re.compile(r"<(script|style)\b.*?</\1\s*>", re.I | re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>", re.I)


def read(path: Path) -> ParsedDocument:
    """Headings, paragraphs, lists, tables and preformatted text of a web page."""
    return read_markup(decode_html(path.read_bytes()))


def read_markup(text: str) -> ParsedDocument:
    """The same of a page that is already text."""
    tree = parse(text)
    if tree is None:
        return TextBuilder().document()
    builder = TextBuilder(title=_title(tree))
    is_article = declares_article(tree)
    main = parse(main_text(tree)) if len(text) <= MAX_MAIN_CHARS else None
    drop(tree, HIDDEN)
    drop_aside(tree)
    add_blocks(tree, builder)
    if main is not None and is_enough(main, tree, is_article=is_article):
        builder = only_main(builder.document(), main)
    if builder.length == 0:
        builder.add(ElementKind.PARAGRAPH, without_tags(text))
    return builder.document()


def fragment(markup: str) -> ParsedDocument:
    """All that people would see of a piece of HTML."""
    builder = TextBuilder()
    tree = parse(markup)
    if tree is not None:
        drop(tree, HIDDEN)
        add_blocks(tree, builder)
    return builder.document()


def parse(text: str) -> Any:
    """A tree, or None where there is nothing in it. Never reaches out to the network."""
    parser = lxml_html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True)
    try:
        return lxml_html.document_fromstring(_XML_DECLARATION.sub("", text), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None


def decode_html(data: bytes) -> str:
    """The text in the encoding that a mark or the page itself declares, else as it looks."""
    if any(data.startswith(bom) for bom, _ in BOMS):
        return decode(data)
    declared = _DECLARED.search(data[:DECLARED_WITHIN])
    if declared and b"\0" not in data[:DECLARED_WITHIN]:
        encoding = _known_encoding(declared.group(1).decode("ascii", "replace"))
        if encoding:
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                return decode(data)
    return decode(data)


def _known_encoding(name: str) -> str:
    """Python's name of an encoding; what the web calls Latin-1 is Windows-1252."""
    try:
        known = codecs.lookup(name).name
    except LookupError:
        return ""
    if known in ("iso8859-1", "ascii"):
        return "cp1252"
    return "" if known.startswith(("utf-16", "utf-32", "utf-7")) else known


def without_tags(text: str) -> str:
    """What is left of a page that no parser makes sense of, such as endless nesting."""
    return tidy(html.unescape(_TAG.sub(" ", _SCRIPT.sub(" ", text))))


def drop(tree: Any, tags: Iterable[str]) -> None:
    """Take elements out, with all in them but not what follows them."""
    _drop_nodes(list(tree.iter(*tags)))


def drop_aside(tree: Any) -> None:
    """Take out what surrounds a page's own text, unless that is nearly the whole page."""
    nodes = [*tree.iter(*ASIDE), *tree.xpath("//*[@role or @hidden or @aria-hidden='true']")]
    aside = [node for node in nodes if node.tag in ASIDE or _is_aside(node)]
    if sum(map(length, aside)) <= (1 - MIN_OWN_SHARE) * length(tree):
        _drop_nodes(aside)


def _is_aside(node: Any) -> bool:
    hidden = node.get("hidden") is not None or node.get("aria-hidden") == "true"
    return hidden or node.get("role") in ASIDE_ROLES


def _drop_nodes(nodes: list[Any]) -> None:
    for node in nodes:
        if node.getparent() is not None:
            node.drop_tree()


def _title(tree: Any) -> str:
    for query in ("//title", "//h1"):
        for node in tree.xpath(query):
            if title := one_line(tidy(str(node.text_content()))):
                return title
    return ""
