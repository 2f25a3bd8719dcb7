"""A web page's main text, without the menus, teasers and comments around it.

An article says so to search engines and to those who share it, and trafilatura finds its
text well. Any other page may be a document, whose tables, code and lists trafilatura takes
for surroundings: there its find is taken only where hardly a word is lost by it.
"""

import re
from collections import Counter
from typing import Any

from lxml import html as lxml_html

from kb.adapters.readers.html_blocks import add_blocks
from kb.adapters.readers.text import TextBuilder
from kb.domain.documents import ElementKind, ParsedDocument

MIN_ARTICLE_SHARE = 0.1
MOST_LOST = 0.05
"""Share of a document's words outside links. Tuned on documentation pages and articles."""
RUN = 3
"""Words in a row that tell a stretch of text from others."""

_ARTICLE = re.compile(r"article|\w*Posting\b|\w*Report\b", re.I)
_TYPED_ARTICLE = re.compile(r'"@type"\s*:\s*\[?\s*"\w*(?:Article|Posting|Report)\b')
_WORD = re.compile(r"\w+")


def declares_article(tree: Any) -> bool:
    """Whether the page calls itself an article, by Open Graph or schema.org."""
    kinds = tree.xpath("//meta[@property='og:type']/@content | //@itemtype")
    linked = tree.xpath("//script[@type='application/ld+json']/text()")
    return any(_ARTICLE.search(str(kind)) for kind in kinds) or any(
        _TYPED_ARTICLE.search(str(data)) for data in linked
    )


def main_text(tree: Any) -> str:
    """What trafilatura takes for the page's main text, as HTML again; empty without."""
    import trafilatura

    found = trafilatura.extract(
        lxml_html.tostring(tree, encoding="unicode"),
        output_format="html",
        include_comments=False,
        include_tables=True,
        include_formatting=True,
        favor_recall=True,
    )
    return found or ""


def is_enough(main: Any, tree: Any, *, is_article: bool) -> bool:
    """Whether the main text may stand for the page: it has a structure, and loses no document."""
    if sum(1 for _ in main.iter("p", "li", "tr", "pre", "blockquote")) < 2:
        return False
    if is_article:
        return length(main) >= MIN_ARTICLE_SHARE * length(tree)
    own = _words(tree.xpath(".//text()[not(ancestor::a)]"))
    lost = own - _words(main.itertext())
    return lost.total() <= MOST_LOST * own.total()


def only_main(document: ParsedDocument, main: Any) -> TextBuilder:
    """Those elements of a page that the main text holds, and the page's first heading.

    trafilatura takes that heading for a title, and keeps no code and no rows as such.
    """
    found = TextBuilder()
    add_blocks(main, found)
    said = found.document().pages[0].text
    runs, lines = set(_runs(_split(said))), {" ".join(_split(line)) for line in said.split("\n")}
    builder = TextBuilder(title=document.title)
    text, lacks_heading = document.pages[0].text, True
    for element in document.elements:
        told = text[element.start : element.end]
        own = _runs(words := _split(told))
        is_said = (
            2 * sum(run in runs for run in own) >= len(own) if own else " ".join(words) in lines
        )
        is_heading = element.kind is ElementKind.TITLE and element.level == 1
        if is_said or (is_heading and lacks_heading):
            builder.add(element.kind, told, level=element.level)
        lacks_heading = lacks_heading and not is_heading
    return builder


def length(tree: Any) -> int:
    """How much text there is, without the white space between."""
    return sum(len(text.strip()) for text in tree.itertext())


def _words(texts: Any) -> Counter[str]:
    return Counter(word for text in texts for word in _split(str(text)))


def _split(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _runs(words: list[str]) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)]
