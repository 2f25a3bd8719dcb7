"""Where a reader puts the files it finds inside a file, within limits on number and bytes.

The reading process opens a folder for each request; its owner takes the files from there.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from kb.domain.documents import Attachment
from kb.domain.errors import LimitError

MOST_FILES = 10_000
MOST_BYTES = 300 * 1024**2
MOST_TIMES_AS_LARGE = 10
"""Bytes unpacked from a large file, as a multiple of its own size."""

BLOCK = 1 << 20


@dataclass(slots=True)
class Spool:
    """The open folder and what may still be written into it."""

    folder: Path
    bytes_left: int
    attachments: list[Attachment] = field(default_factory=list)


_spool: ContextVar[Spool] = ContextVar("spool")


@contextlib.contextmanager
def opened(folder: Path, source: Path) -> Iterator[None]:
    """Let `keep` write into a folder while `source` is read."""
    room = max(MOST_BYTES, MOST_TIMES_AS_LARGE * source.stat().st_size)
    token = _spool.set(Spool(folder=folder, bytes_left=room))
    try:
        yield
    finally:
        _spool.reset(token)


def bytes_left() -> int:
    """How much may still be written for the file that is read."""
    return _spool.get().bytes_left


def keep(name: str, content: bytes | BinaryIO) -> Attachment:
    """Write one file; its name is told, never used as a path. Raises LimitError."""
    spool = _spool.get()
    if len(spool.attachments) >= MOST_FILES:
        raise LimitError(f"The file holds more than {MOST_FILES:,} files.")
    path = spool.folder / str(len(spool.attachments))
    stream = BytesIO(content) if isinstance(content, bytes) else content
    with path.open("wb") as target:
        while block := stream.read(BLOCK):
            spool.bytes_left -= len(block)
            if spool.bytes_left < 0:
                raise LimitError("The file unpacks to more than is allowed for its size.")
            target.write(block)
    attachment = Attachment(name=name, file=str(path))
    spool.attachments.append(attachment)
    return attachment
