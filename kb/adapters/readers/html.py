"""Web pages: the main text where there is one, else everything that people would see."""

import codecs
import re
from pathlib import Path
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from kb.adapters.readers.html_blocks import add_blocks
from kb.adapters.readers.plain import BOMS, decode
from kb.adapters.readers.text import TextBuilder, one_line, tidy
from kb.domain.documents import ParsedDocument

MIN_MAIN_CHARS = 250
MIN_MAIN_SHARE = 0.3
DECLARED_WITHIN = 4096
HIDDEN = (
    "script style noscript template svg math head iframe object canvas select button "
    "input textarea audio video map"
).split()
ASIDE = ("nav", "aside", "footer", "dialog", "menu")
ASIDE_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "menu", "alert"})

_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.I)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>", re.I)


def read(path: Path) -> ParsedDocument:
    """Headings, paragraphs, lists, tables and preformatted text of a web page."""
    tree = parse(decode_html(path.read_bytes()))
    if tree is None:
        return TextBuilder().document()
    title = _title(tree)
    main = _main_text(tree)
    drop(tree, HIDDEN)
    whole = _blocks(tree, title)
    drop_aside(tree)
    body = _blocks(tree, title)
    if _length(body) < MIN_MAIN_SHARE * _length(whole):
        body = whole
    if main is None or _length(found := _blocks(main, title)) < MIN_MAIN_SHARE * _length(body):
        return body.document()
    return found.document() if _length(found) >= MIN_MAIN_CHARS else body.document()


def fragment_text(markup: str) -> str:
    """The text in a piece of HTML."""
    tree = parse(markup)
    if tree is None:
        return ""
    drop(tree, HIDDEN)
    return _blocks(tree, "").document().pages[0].text


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


def drop(tree: Any, tags: list[str]) -> None:
    """Take elements out, with all in them but not what follows them."""
    for node in list(tree.iter(*tags)):
        if node.getparent() is not None:
            node.drop_tree()


def drop_aside(tree: Any) -> None:
    """Take out what surrounds a page's own text: menus, side columns, feet."""
    for node in list(tree.iter(*ASIDE)):
        if node.getparent() is not None:
            node.drop_tree()
    for node in tree.xpath("//*[@role or @hidden or @aria-hidden='true']"):
        hidden = node.get("hidden") is not None or node.get("aria-hidden") == "true"
        if (hidden or node.get("role") in ASIDE_ROLES) and node.getparent() is not None:
            node.drop_tree()


def _main_text(tree: Any) -> Any:
    """What trafilatura takes for the page's main text, as HTML again; None without."""
    import trafilatura

    found = trafilatura.extract(
        lxml_html.tostring(tree, encoding="unicode"),
        output_format="html",
        include_comments=False,
        include_tables=True,
        include_formatting=True,
        favor_recall=True,
    )
    return parse(found) if found else None


def _blocks(tree: Any, title: str) -> TextBuilder:
    builder = TextBuilder(title=title)
    add_blocks(tree, builder)
    return builder


def _length(builder: TextBuilder) -> int:
    return builder.length


def _title(tree: Any) -> str:
    for query in ("//title", "//h1"):
        for node in tree.xpath(query):
            if title := one_line(tidy(str(node.text_content()))):
                return title
    return ""
