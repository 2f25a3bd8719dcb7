"""The streams of an OLE file, which Office wrote before 2007, by olefile."""

from pathlib import Path

import olefile

from kb.domain.errors import DamagedFileError

HEAD_BYTES = 64


def stream_head(path: Path, name: str) -> bytes:
    """The first bytes of a stream at the root; empty where there is none.

    Raises DamagedFileError.
    """
    try:
        with olefile.OleFileIO(path) as file:
            return bytes(file.openstream(name).read(HEAD_BYTES)) if file.exists(name) else b""
    except OSError as error:
        raise DamagedFileError("The file is cut short or damaged.") from error
