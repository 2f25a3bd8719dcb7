"""The parts of an OpenDocument file, zipped or flat.

Source: OpenDocument 1.3, part 2 (packages) and part 3 (schema).
"""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZipFile

from lxml import etree

from kb.adapters.readers.office_zip import check_archive, password_needed, xml_root
from kb.domain.errors import DamagedFileError

NAME = "OpenDocument file"
MANIFEST = "META-INF/manifest.xml"

_NAMES = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "draw": "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
    "presentation": "urn:oasis:names:tc:opendocument:xmlns:presentation:1.0",
    "chart": "urn:oasis:names:tc:opendocument:xmlns:chart:1.0",
    "svg": "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xlink": "http://www.w3.org/1999/xlink",
}
_PICTURES = re.compile(rb"<office:binary-data>[^<]*</office:binary-data>")


def q(name: str) -> str:
    """A name as `text:p`, as lxml writes it."""
    prefix, local = name.split(":")
    return f"{{{_NAMES[prefix]}}}{local}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The body, the roots that hold styles, and the bodies of embedded objects by their name."""

    body: Any
    styles: tuple[Any, ...]
    objects: dict[str, Any]


def parts_of(path: Path) -> Parts:
    """Raises DamagedFileError, PasswordNeededError or LimitError."""
    with path.open("rb") as file:
        is_zip = file.read(2) == b"PK"
    try:
        return _zipped(path) if is_zip else _flat(path)
    except etree.XMLSyntaxError as error:
        raise DamagedFileError(f"The {NAME} is damaged.") from error


def _flat(path: Path) -> Parts:
    root = xml_root(_PICTURES.sub(b"", path.read_bytes()))
    return Parts(body=_body(root), styles=(root,), objects={})


def _zipped(path: Path) -> Parts:
    check_archive(path, NAME, MANIFEST)
    with ZipFile(path) as archive:
        names = set(archive.namelist())
        manifest = xml_root(archive.read(MANIFEST))
        if "encrypted-package" in names or _is_encrypted(manifest):
            raise password_needed(NAME)
        if "content.xml" not in names:
            raise DamagedFileError(f"The {NAME} has no content.")
        content = xml_root(archive.read("content.xml"))
        styles = (xml_root(archive.read("styles.xml")),) if "styles.xml" in names else ()
        objects = {
            str(PurePosixPath(name).parent): xml_root(archive.read(name))
            for name in sorted(names)
            if re.fullmatch(r"Object \d+/content\.xml", name)
        }
    return Parts(body=_body(content), styles=(content, *styles), objects=objects)


def _is_encrypted(manifest: Any) -> bool:
    return any(etree.QName(node).localname == "encryption-data" for node in manifest.iter("{*}*"))


def _body(root: Any) -> Any:
    body = root.find(q("office:body"))
    if body is None:
        raise DamagedFileError(f"The {NAME} has no body.")
    return body
