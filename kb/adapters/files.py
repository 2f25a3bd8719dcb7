"""Keeps files under the sha256 of their content, each written whole or not at all."""

import errno
import hashlib
import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from kb.domain.errors import DiskFullError, StorageError

BLOCK = 1 << 20
DRAFTS = ".drafts"


class ContentFiles:
    """Files in `root`, two levels deep."""

    def __init__(self, root: Path) -> None:
        self._root = root
        (root / DRAFTS).mkdir(parents=True, exist_ok=True)
        for leftover in (root / DRAFTS).iterdir():
            leftover.unlink()

    def put(self, stream: BinaryIO) -> tuple[str, int]:
        """Store a stream; its sha256 and size in bytes. Raises DiskFullError."""
        descriptor, draft = tempfile.mkstemp(dir=self._root / DRAFTS)
        try:
            with os.fdopen(descriptor, "wb") as target:
                sha256, size = _copy(stream, target)
            self._keep(Path(draft), self.path(sha256))
        except OSError as error:
            raise _translated(error) from error
        finally:
            Path(draft).unlink(missing_ok=True)
        return sha256, size

    def path(self, sha256: str) -> Path:
        """Where the content lies."""
        return self._root / sha256[:2] / sha256

    def remove(self, sha256: str) -> None:
        """Forget the content; nothing happens where there is none."""
        self.path(sha256).unlink(missing_ok=True)

    def all(self) -> set[str]:
        """The hashes of everything kept."""
        return {path.name for path in self._root.glob("??/*")}

    def _keep(self, draft: Path, target: Path) -> None:
        target.parent.mkdir(exist_ok=True)
        draft.replace(target)
        # The rename itself must survive a power cut, and so must a new folder.
        _sync_folder(target.parent)
        _sync_folder(self._root)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy(stream: BinaryIO, target: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while block := stream.read(BLOCK):
        digest.update(block)
        size += len(block)
        target.write(block)
    target.flush()
    os.fsync(target.fileno())
    return digest.hexdigest(), size


def _translated(error: OSError) -> StorageError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(
            "The disk is full, so the file was not kept.", advice="Free some space and try again."
        )
    return StorageError(f"The file could not be kept: {error.strerror}.")
