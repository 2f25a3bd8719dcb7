"""Outlook mails made by the tests."""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SECTOR = 512
FAT, END, FREE = 0xFFFFFFFD, 0xFFFFFFFE, 0xFFFFFFFF
STORAGE, STREAM, ROOT = 1, 2, 5

Tree = Mapping[str, Any]
"""Names to the bytes of a stream, or to the tree of a storage."""


def text(number: int, value: str) -> dict[str, bytes]:
    """A property that is text."""
    return {f"__substg1.0_{number:04X}001F": value.encode("utf-16-le")}


def fixed(header: int, values: Mapping[int, int]) -> dict[str, bytes]:
    """The properties of fixed length; `header` is how many bytes stand before them."""
    listed = (struct.pack("<HHIq", 3, number, 6, value) for number, value in values.items())
    return {"__properties_version1.0": b"\0" * header + b"".join(listed)}


def make_msg(path: Path, tree: Tree) -> Path:
    """An OLE file with this tree, each stream filled up to eight sectors.

    Source: [MS-CFB].
    """
    entries: list[bytes] = [b""]
    streams: list[bytes] = []
    places: list[tuple[int, int]] = []
    child = _add(tree, entries, streams, places)
    directory_sectors = -(-len(entries) // 4)
    first = 1 + directory_sectors
    entries[0] = _entry("Root Entry", ROOT, child=child)
    for number, stream in places:
        entries[number] = (
            entries[number][:116] + struct.pack("<I", first + 8 * stream) + (entries[number][120:])
        )
    chains = [FAT, *range(2, first), END]
    for _ in streams:
        chains += [*range(len(chains) + 1, len(chains) + 8), END]
    table = struct.pack("<128I", *chains, *[FREE] * (128 - len(chains)))
    directory = b"".join(entries).ljust(directory_sectors * SECTOR, b"\0")
    path.write_bytes(_header() + table + directory + b"".join(streams))
    return path


def _add(
    tree: Tree, entries: list[bytes], streams: list[bytes], places: list[tuple[int, int]]
) -> int:
    """Append a storage's members, each linked to the next; the number of the first."""
    numbers = range(len(entries), len(entries) + len(tree))
    entries += [b""] * len(tree)
    for number, (name, value) in zip(numbers, tree.items(), strict=True):
        right = number + 1 if number + 1 in numbers else FREE
        if isinstance(value, bytes):
            entries[number] = _entry(name, STREAM, size=8 * SECTOR, right=right)
            places.append((number, len(streams)))
            streams.append(value.ljust(8 * SECTOR, b"\0"))
        else:
            child = _add(value, entries, streams, places)
            entries[number] = _entry(name, STORAGE, child=child, right=right)
    return numbers[0] if tree else FREE


def _header() -> bytes:
    return struct.pack(
        "<8s16sHHHHH6xIIIIIIIII",
        *(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6),
        *(0, 1, 1, 0, 4096, END, 0, END, 0),
    ) + struct.pack("<109I", 0, *[FREE] * 108)


def _entry(name: str, kind: int, *, size: int = 0, right: int = FREE, child: int = FREE) -> bytes:
    letters = name.encode("utf-16-le") + b"\0\0"
    return struct.pack(
        "<64sHBBIII16sI8s8sIQ",
        *(letters, len(letters), kind, 1, FREE, right, child),
        *(b"", 0, b"", b"", 0, size),
    )
