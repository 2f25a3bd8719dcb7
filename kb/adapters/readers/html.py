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
from kb.adapters.readers.plain import BOMS, decode
from kb.adapters.readers.text import MAX_TITLE, TextBuilder, one_line, tidy
from kb.domain.documents import ElementKind, ParsedDocument

MAX_MAIN_CHARS = 2_000_000  # trafilatura takes minutes over more
MIN_MAIN_SHARE = 0.3
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
    text = decode_html(path.read_bytes())
    tree = parse(text)
    if tree is None:
        return TextBuilder().document()
    builder = TextBuilder(title=_title(tree))
    main = _main_text(tree) if len(text) <= MAX_MAIN_CHARS else None
    drop(tree, HIDDEN)
    drop_aside(tree)
    if main is not None and _is_enough(main, tree):
        _add_lost_heading(tree, main, builder)
        add_blocks(main, builder)
    else:
        add_blocks(tree, builder)
    if builder.length == 0:
        builder.add(ElementKind.PARAGRAPH, without_tags(text))
    return builder.document()


def _is_enough(main: Any, tree: Any) -> bool:
    """Whether the main text is a fair part of the page, and more than its words in one heap."""
    blocks = sum(1 for _ in main.iter("p", "li", "tr", "pre", "blockquote"))
    return blocks > 1 and _length(main) >= MIN_MAIN_SHARE * _length(tree)


def _add_lost_heading(tree: Any, main: Any, builder: TextBuilder) -> None:
    """trafilatura takes the page's first heading for its title and leaves it out."""
    heading = one_line(" ".join(str(node.text_content()) for node in tree.xpath("(//h1)[1]")))
    kept = {one_line(str(node.text_content())) for node in main.iter("h1", "h2", "h3")}
    if heading and heading not in kept:
        builder.add(ElementKind.TITLE, heading[:MAX_TITLE], level=1)


def fragment_text(markup: str) -> str:
    """The text in a piece of HTML."""
    tree = parse(markup)
    if tree is None:
        return ""
    drop(tree, HIDDEN)
    builder = TextBuilder()
    add_blocks(tree, builder)
    return builder.document().pages[0].text


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
    if sum(map(_length, aside)) <= (1 - MIN_OWN_SHARE) * _length(tree):
        _drop_nodes(aside)


def _is_aside(node: Any) -> bool:
    hidden = node.get("hidden") is not None or node.get("aria-hidden") == "true"
    return hidden or node.get("role") in ASIDE_ROLES


def _drop_nodes(nodes: list[Any]) -> None:
    for node in nodes:
        if node.getparent() is not None:
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


def _length(tree: Any) -> int:
    """How much text there is, without the white space between."""
    return sum(len(text.strip()) for text in tree.itertext())


def _title(tree: Any) -> str:
    for query in ("//title", "//h1"):
        for node in tree.xpath(query):
            if title := one_line(tidy(str(node.text_content()))):
                return title
    return ""
