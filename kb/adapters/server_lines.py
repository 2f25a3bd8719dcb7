"""Cuts what a model server streams into lines."""

from collections.abc import Iterator

import httpx

_LONGEST = 1_000_000


def lines_of(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Whole lines only: one that was broken off says nothing.

    At line feeds alone; texts have other characters that end lines. Raises httpx.DecodingError
    where a line does not end.
    """
    held = bytearray()
    for block in blocks:
        held += block
        *lines, rest = bytes(held).split(b"\n")
        held = bytearray(rest)
        if len(held) > _LONGEST:
            raise httpx.DecodingError("a line does not end")
        yield from lines
