"""Where a web page leads."""

from pathlib import Path
from urllib.parse import urljoin

from kb.adapters.readers.html import decode_html, parse

MOST_LINKS = 5_000
MAX_LENGTH = 2_000


def page_links(path: Path) -> tuple[str, ...]:
    """What the page's <a href> say, each once and in order; a page's <base> is heeded."""
    tree = parse(decode_html(path.read_bytes()))
    if tree is None:
        return ()
    base = str(next(iter(tree.xpath("//base/@href")), ""))
    found: dict[str, None] = {}
    for written in tree.xpath("//a/@href"):
        if len(written) <= MAX_LENGTH and (link := _joined(base, str(written).strip())):
            found[link] = None
        if len(found) >= MOST_LINKS:
            break
    return tuple(found)


def _joined(base: str, written: str) -> str:
    try:
        return urljoin(base, written)
    except ValueError:
        return ""
