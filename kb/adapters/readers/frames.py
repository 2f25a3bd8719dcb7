"""What the reading process and its owner say to each other.

A request is one line of JSON. A reply is a frame: its length as eight bytes, then JSON.
"""

import struct
from typing import BinaryIO, Literal

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from kb.domain.documents import ParsedDocument
from kb.domain.errors import LimitError

MAX_FRAME_BYTES = 512 * 1024 * 1024

_LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A file to read, or a page of it to draw."""

    path: str
    op: Literal["read", "picture"] = "read"
    media_type: str = ""
    name: str = ""
    page: int = 1
    scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error of `kb.domain.errors` by its name."""

    kind: str
    what: str
    subject: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Exactly one of these; a picture is base64 of a PNG."""

    document: ParsedDocument | None = None
    picture: str | None = None
    error: Failure | None = None


REQUEST = TypeAdapter(Request)
REPLY = TypeAdapter(Reply)


def write_frame(stream: BinaryIO, body: bytes) -> None:
    """Send one frame."""
    stream.write(_LENGTH.pack(len(body)))
    stream.write(body)
    stream.flush()


def read_frame(stream: BinaryIO, limit: int = MAX_FRAME_BYTES) -> bytes | None:
    """The next frame, None where the stream ends first. Raises LimitError."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    length = _LENGTH.unpack(head)[0]
    if length > limit:
        raise LimitError("The file gives more text than can be taken in one piece.")
    body = stream.read(length)
    return body if len(body) == length else None
