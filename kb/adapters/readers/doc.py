"""Word documents of before 2007, through LibreOffice."""

from pathlib import Path

from kb.adapters.readers import opendocument
from kb.adapters.readers.libreoffice import converted
from kb.adapters.readers.office_zip import password_needed
from kb.adapters.readers.ole import stream_head
from kb.domain.documents import ParsedDocument

NAME = "old Word document"
FLAGS_AT = 10
ENCRYPTED = 0x0100


def read(path: Path) -> ParsedDocument:
    """What LibreOffice makes of the document, as one page. Raises IngestionError."""
    if _is_encrypted(path):
        raise password_needed(NAME)
    with converted(path, NAME, "doc", "odt") as made:
        return opendocument.read(made)


def _is_encrypted(path: Path) -> bool:
    """Source: [MS-DOC] 2.5.2, FibBase, the bit fEncrypted."""
    if stream_head(path, "EncryptedPackage"):
        return True
    head = stream_head(path, "WordDocument")
    return bool(int.from_bytes(head[FLAGS_AT : FLAGS_AT + 2], "little") & ENCRYPTED)
