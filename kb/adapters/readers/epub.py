"""Books (.epub): the chapters in the order of reading."""

import zlib
from dataclasses import dataclass
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any
from urllib.parse import unquote
from zipfile import BadZipFile, ZipFile

from lxml import etree

from kb.adapters.readers.html import HIDDEN, decode_html, drop, parse
from kb.adapters.readers.html_blocks import HEADINGS, add_blocks
from kb.adapters.readers.text import MAX_TITLE, TextBuilder, one_line
from kb.domain.documents import ElementKind, ParsedDocument
from kb.domain.errors import DamagedFileError, LimitError, PasswordNeededError

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
MAX_PART_BYTES = 50 * 1024**2
MAX_TEXT_BYTES = 300 * 1024**2
BROKEN = (
    *(BadZipFile, zlib.error, etree.XMLSyntaxError),
    *(KeyError, EOFError, OSError, ValueError, NotImplementedError),
)
PAGE_TYPES = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml"})
NCX_TYPE = "application/x-dtbncx+xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """A file that the book's package lists; `name` is that of its member."""

    name: str
    media_type: str
    properties: str

    @property
    def is_contents(self) -> bool:
        """Whether it is the table of contents of EPUB 3."""
        return "nav" in self.properties.split()


def read(path: Path) -> ParsedDocument:
    """The text of every chapter; one without a heading gets that of the table of contents."""
    try:
        with ZipFile(path) as archive:
            return _Book(archive).document()
    except BROKEN as error:
        raise DamagedFileError("The book is cut short or damaged.") from error


class _Book:
    """Source: EPUB 3.3, and EPUB 2.0.1 for the older table of contents (NCX)."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self._bytes_left = MAX_TEXT_BYTES
        rootfile = _first(self._tree(CONTAINER), ".//{*}rootfile")
        package_name = unquote(rootfile.get("full-path", "")) if rootfile is not None else ""
        self._folder = dirname(package_name)
        self._package = self._tree(package_name)

    def document(self) -> ParsedDocument:
        """All chapters as one page."""
        items = self._items()
        labels = self._labels(items)
        encrypted = self._encrypted()
        title = _first(self._package, ".//{*}title")
        builder = TextBuilder(title=_text(title))
        for item in self._chapters(items):
            if item.name in encrypted:
                raise PasswordNeededError(
                    "The book is copy-protected.", advice="Quire reads books without protection."
                )
            self._add_chapter(item, labels.get(item.name, ""), builder)
        return builder.document()

    def _items(self) -> dict[str, _Item]:
        return {
            node.get("id", ""): _Item(
                name=_target(self._folder, node.get("href", "")),
                media_type=node.get("media-type", ""),
                properties=node.get("properties", ""),
            )
            for node in self._package.iterfind(".//{*}manifest/{*}item")
        }

    def _chapters(self, items: dict[str, _Item]) -> list[_Item]:
        """Pages in the order of the spine, each once."""
        names = set(self._archive.namelist())
        spine = self._package.iterfind(".//{*}spine/{*}itemref")
        found = dict.fromkeys(items[ref] for node in spine if (ref := node.get("idref")) in items)
        pages = (item for item in found if item.media_type in PAGE_TYPES and not item.is_contents)
        return [item for item in pages if item.name in names]

    def _add_chapter(self, item: _Item, label: str, builder: TextBuilder) -> None:
        tree = parse(decode_html(self._bytes(item.name)))
        if tree is None:
            return
        drop(tree, HIDDEN)
        if label and next(tree.iter(*HEADINGS), None) is None and tree.text_content().strip():
            builder.add(ElementKind.TITLE, label[:MAX_TITLE], level=1)
        add_blocks(tree, builder)

    def _labels(self, items: dict[str, _Item]) -> dict[str, str]:
        """What the table of contents calls each file, by its first entry."""
        labels: dict[str, str] = {}
        for item in items.values():
            if item.is_contents or item.media_type == NCX_TYPE:
                for target, label in self._entries(item):
                    labels.setdefault(target, label)
        return labels

    def _entries(self, item: _Item) -> list[tuple[str, str]]:
        try:
            tree = self._tree(item.name)
        except (KeyError, etree.XMLSyntaxError):
            return []
        links = [(node.get("href", ""), _text(node)) for node in tree.iterfind(".//{*}nav//{*}a")]
        for point in tree.iterfind(".//{*}navPoint"):
            source = _first(point, "{*}content")
            told = _text(_first(point, "{*}navLabel"))
            links.append((source.get("src", "") if source is not None else "", told))
        folder = dirname(item.name)
        return [(_target(folder, link), told) for link, told in links if link and told]

    def _encrypted(self) -> frozenset[str]:
        if ENCRYPTION not in self._archive.namelist():
            return frozenset()
        references = self._tree(ENCRYPTION).iterfind(".//{*}CipherReference")
        return frozenset(_target("", node.get("URI", "")) for node in references)

    def _tree(self, name: str) -> Any:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        return etree.fromstring(self._bytes(name), parser)

    def _bytes(self, name: str) -> bytes:
        with self._archive.open(name) as member:
            data = member.read(min(MAX_PART_BYTES, self._bytes_left) + 1)
        self._bytes_left -= len(data)
        if len(data) > MAX_PART_BYTES or self._bytes_left < 0:
            raise LimitError("The book unpacks to more than is allowed.")
        return data


def _target(folder: str, link: str) -> str:
    """The member that a link in a file of this folder leads to."""
    return normpath(join(folder, unquote(link.split("#", maxsplit=1)[0])))


def _first(tree: Any, path: str) -> Any:
    return next(tree.iterfind(path), None)


def _text(node: Any) -> str:
    return one_line(" ".join(node.itertext())) if node is not None else ""
