"""What lies below a watched folder now."""

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kb.domain.documents import DocumentId
from kb.domain.sources import SourceFile

SETTLED_SECONDS = 2.0
"""A file that changed a moment ago may still be being written."""

MOST_FILES = 100_000
TOO_MANY = f"The folder holds more than {MOST_FILES:,} files; only so many are taken in."
PARTLY = "Part of the folder cannot be read now; no documents are removed until it can: "


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file of a folder as it is now; its name is the path below the folder."""

    path: Path
    name: str
    size_bytes: int
    modified_ns: int

    def is_new_to(self, known: SourceFile | None) -> bool:
        """Whether it is to be taken in now."""
        same = known and (known.size_bytes, known.modified_ns) == (
            self.size_bytes,
            self.modified_ns,
        )
        if known and same and not known.error:
            return False
        return not 0 <= time.time_ns() - self.modified_ns < SETTLED_SECONDS * 1e9

    def taken(self, document_id: DocumentId | None, error: str = "") -> SourceFile:
        """What is noted of it."""
        return SourceFile(
            name=self.name,
            size_bytes=self.size_bytes,
            modified_ns=self.modified_ns,
            document_id=document_id,
            error=error,
        )


class FolderFiles:
    """What lies below a folder; `problem` says why that may not be all."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.problem = ""

    def found(self) -> Iterator[tuple[str, FoundFile]]:
        """By name; hidden ones and links are left out."""
        count = 0
        for at, folders, names in os.walk(self._root, onerror=self._unread):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                path = Path(at, name)
                if name.startswith(".") or path.is_symlink():
                    continue
                if count == MOST_FILES:
                    self.problem = TOO_MANY
                    return
                found = self._found(path)
                if found:
                    count += 1
                    yield found.name, found

    def _found(self, path: Path) -> FoundFile | None:
        # Names that are no text cannot be kept as they are.
        name = path.relative_to(self._root).as_posix().encode("utf-8", "replace").decode()
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._unread(error)
            return None
        if not stat.S_ISREG(status.st_mode):
            # A pipe would be waited for without end.
            return None
        return FoundFile(
            path=path, name=name, size_bytes=status.st_size, modified_ns=status.st_mtime_ns
        )

    def _unread(self, error: OSError) -> None:
        self.problem = f"{PARTLY}{error.filename}, {error.strerror}."
