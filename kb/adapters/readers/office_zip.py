"""What office files share: a zip of XML parts, opened within limits and without entities."""

from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from lxml import etree

from kb.domain.errors import DamagedFileError, LimitError, PasswordNeededError

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
MAX_MEMBERS = 20_000

_STRICT = (
    (
        b"http://purl.oclc.org/ooxml/wordprocessingml/main",
        b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    ),
    (
        b"http://purl.oclc.org/ooxml/presentationml/main",
        b"http://schemas.openxmlformats.org/presentationml/2006/main",
    ),
    (
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    ),
    (
        b"http://purl.oclc.org/ooxml/drawingml/",
        b"http://schemas.openxmlformats.org/drawingml/2006/",
    ),
)


def check_archive(path: Path, what: str, needed: str) -> None:
    """Refuse what is encrypted, broken or unpacks to far more than a document.

    `what` is what people call the file; `needed` the member that each such file has.
    Raises IngestionError.
    """
    with path.open("rb") as file:
        if file.read(len(OLE)) == OLE:
            raise password_needed(what)
    try:
        with ZipFile(path) as archive:
            members = archive.infolist()
            archive.getinfo(needed)
    except (BadZipFile, KeyError, OSError, ValueError, NotImplementedError) as error:
        raise DamagedFileError(f"The {what} is cut short or damaged.") from error
    if len(members) > MAX_MEMBERS or sum(m.file_size for m in members) > MAX_UNPACKED_BYTES:
        raise LimitError(f"The {what} unpacks to more than is allowed.")


def password_needed(what: str) -> PasswordNeededError:
    """What to tell of a file that nobody can read as it is."""
    return PasswordNeededError(
        f"The {what} opens only with a password.", advice="Save a copy without one and add that."
    )


def rewritten(
    path: Path, left_out: tuple[str, ...], plain: Callable[[str, bytes], bytes]
) -> BytesIO:
    """The same Office Open XML file, without its media and with each XML part made plain."""
    made = BytesIO()
    with ZipFile(path) as source, ZipFile(made, "w", ZIP_STORED) as target:
        for name in dict.fromkeys(source.namelist()):
            if name.startswith(left_out) or name.endswith("/"):
                target.writestr(name, b"")
            elif name.endswith((".xml", ".rels")):
                target.writestr(name, plain(name, transitional(source.read(name))))
            else:
                target.writestr(name, source.read(name))
    made.seek(0)
    return made


def transitional(data: bytes) -> bytes:
    """A part of a "Strict Open XML" file in the name spaces that every reader knows."""
    if b"http://purl.oclc.org/ooxml/" in data:
        for strict, usual in _STRICT:
            data = data.replace(strict, usual)
    return data


def xml_root(data: bytes) -> Any:
    """The root of a part, without comments and entities. Nothing is fetched."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    root = etree.fromstring(data, parser)
    etree.strip_elements(root, etree.Entity, with_tail=False)
    return root


def remove(nodes: Iterable[Any]) -> None:
    """Take elements out with all in them, but not what follows them."""
    for node in list(nodes):
        parent = node.getparent()
        if parent is not None:
            keep_tail(node, parent)
            parent.remove(node)


def keep_tail(node: Any, parent: Any) -> None:
    """Give the text after an element to what stands before it."""
    if node.tail:
        before = node.getprevious()
        if before is None:
            parent.text = (parent.text or "") + node.tail
        else:
            before.tail = (before.tail or "") + node.tail
        node.tail = None


def unwrap(nodes: Iterable[Any]) -> None:
    """Put the children of elements in their place."""
    for node in list(nodes):
        parent = node.getparent()
        if parent is not None:
            at = parent.index(node)
            parent[at : at + 1] = list(node)


def to_bytes(root: Any) -> bytes:
    """A tree as a part again."""
    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return data
