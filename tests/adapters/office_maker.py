"""Small office files for tests, made from their own XML."""

import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

OFFICE_NAMES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (
        *((name, name) for name in ("office", "style", "text", "table", "presentation", "chart")),
        ("draw", "drawing"),
        ("svg", "svg-compatible"),
    )
)
OTHER_NAMES = (
    'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'
)
NAMES = f"{OFFICE_NAMES} {OTHER_NAMES}"
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
SECTOR = 512
NO_SECTOR, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def zipped(path: Path, members: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def changed(path: Path, made: Path, members: Mapping[str, str | bytes]) -> Path:
    """A copy of a zip with some members in place of its own, or beside them."""
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    return zipped(made, {**kept, **members})


def open_document(
    path: Path,
    body: str,
    *,
    kind: str = "text",
    styles: str = "",
    margins: str = "",
    others: Mapping[str, str] | None = None,
) -> Path:
    """An OpenDocument file with this XML in its body, its styles and its page margins."""
    content = (
        f"<office:document-content {NAMES}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}>"
        "</office:body></office:document-content>"
    )
    shared = (
        f"<office:document-styles {NAMES}><office:master-styles><style:master-page>{margins}"
        "</style:master-page></office:master-styles></office:document-styles>"
    )
    members = {
        "mimetype": OPEN_DOCUMENT + kind,
        "META-INF/manifest.xml": "<manifest/>",
        "content.xml": content,
        "styles.xml": shared,
    }
    return zipped(path, {**members, **(others or {})})


def flat_document(path: Path, body: str, *, kind: str = "text") -> Path:
    path.write_text(
        f'<?xml version="1.0"?>\n<office:document {NAMES} office:mimetype="{OPEN_DOCUMENT}{kind}">'
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document>"
    )
    return path


def ole(path: Path, streams: Mapping[str, bytes]) -> Path:
    """An OLE file with these streams at its root, each filled up to eight sectors.

    Source: [MS-CFB].
    """
    sectors = [content.ljust(8 * SECTOR, b"\0")[: 8 * SECTOR] for content in streams.values()]
    directory_sectors = -(-(len(streams) + 1) // 4)
    first = 1 + directory_sectors
    chains = [FAT, *range(2, first), END]
    entries = [_entry("Root Entry", 5, END, 0, child=1)]
    for number, name in enumerate(streams):
        start = first + 8 * number
        chains += [*range(start + 1, start + 8), END]
        following = number + 2 if number + 1 < len(streams) else NO_SECTOR
        entries.append(_entry(name, 2, start, 8 * SECTOR, right=following))
    table = struct.pack("<128I", *chains, *[NO_SECTOR] * (128 - len(chains)))
    directory = b"".join(entries).ljust(directory_sectors * SECTOR, b"\0")
    path.write_bytes(_ole_header() + table + directory + b"".join(sectors))
    return path


def _ole_header() -> bytes:
    head = struct.pack(
        "<8s16sHHHHH6xIIIIIIIII",
        *(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6),
        *(0, 1, 1, 0, 4096, END, 0, END, 0),
    )
    return head + struct.pack("<109I", 0, *[NO_SECTOR] * 108)


def _entry(
    name: str, kind: int, start: int, size: int, *, right: int = NO_SECTOR, child: int = NO_SECTOR
) -> bytes:
    letters = name.encode("utf-16-le") + b"\0\0"
    return struct.pack(
        "<64sHBBIII16sI8s8sIQ",
        *(letters, len(letters), kind, 1, NO_SECTOR, right, child),
        *(b"", 0, b"", b"", start, size),
    )
