"""PowerPoint presentations of before 2007, through LibreOffice."""

from pathlib import Path

from kb.adapters.readers import opendocument
from kb.adapters.readers.libreoffice import converted
from kb.adapters.readers.office_zip import password_needed
from kb.adapters.readers.ole import stream_head
from kb.domain.documents import ParsedDocument

NAME = "old PowerPoint presentation"
TOKEN_AT = 12
ENCRYPTED = 0xF3D1C4DF


def read(path: Path) -> ParsedDocument:
    """What LibreOffice makes of the slides, each a page. Raises IngestionError."""
    if _is_encrypted(path):
        raise password_needed(NAME)
    with converted(path, NAME, "ppt", "odp") as made:
        return opendocument.read(made)


def _is_encrypted(path: Path) -> bool:
    """Source: [MS-PPT] 2.3.2, CurrentUserAtom, headerToken."""
    if stream_head(path, "EncryptedPackage") or stream_head(path, "EncryptedSummary"):
        return True
    head = stream_head(path, "Current User")
    return int.from_bytes(head[TOKEN_AT : TOKEN_AT + 4], "little") == ENCRYPTED
