"""Files kept under the hash of their content."""

import errno
import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kb.adapters.files import BLOCK, DRAFTS, ContentFiles
from kb.domain.errors import DiskFullError, StorageError


class Failing(io.RawIOBase):
    """Gives a few bytes, then fails as a disk does."""

    def __init__(self, number: int) -> None:
        self._number, self._given = number, False

    def read(self, size: int = -1) -> bytes:
        if self._given:
            raise OSError(self._number, os.strerror(self._number))
        self._given = True
        return b"half of it"


@pytest.fixture
def files(tmp_path: Path) -> ContentFiles:
    return ContentFiles(tmp_path / "files")


def drafts(folder: Path) -> list[Path]:
    return list((folder / "files" / DRAFTS).iterdir())


def test_a_file_is_kept_under_its_hash(files: ContentFiles, tmp_path: Path) -> None:
    content = os.urandom(2 * BLOCK + 1)
    sha256, size = files.put(io.BytesIO(content))
    assert sha256 == hashlib.sha256(content).hexdigest()
    assert size == len(content)
    assert files.path(sha256).read_bytes() == content
    assert files.all() == {sha256}
    assert drafts(tmp_path) == []


def test_the_same_content_is_kept_once_and_an_empty_one_is_kept_too(files: ContentFiles) -> None:
    first, again = files.put(io.BytesIO(b"same")), files.put(io.BytesIO(b"same"))
    empty, size = files.put(io.BytesIO())
    assert first == again
    assert size == 0
    assert files.all() == {first[0], empty}


def test_many_threads_may_keep_the_same_content(files: ContentFiles) -> None:
    with ThreadPoolExecutor(8) as threads:
        kept = set(threads.map(lambda _: files.put(io.BytesIO(b"same" * BLOCK)), range(8)))
    assert files.all() == {sha256 for sha256, _ in kept}
    assert len(kept) == 1


def test_removing_forgets_and_forgives(files: ContentFiles) -> None:
    sha256, _ = files.put(io.BytesIO(b"gone"))
    files.remove(sha256)
    files.remove(sha256)
    assert files.all() == set()


@pytest.mark.parametrize(
    ("number", "kind", "told"),
    [
        (errno.ENOSPC, DiskFullError, "The disk is full, so the file was not kept. Free some"),
        (errno.EIO, StorageError, "The file could not be kept: Input/output error."),
    ],
)
def test_a_file_that_fails_halfway_leaves_nothing(
    files: ContentFiles, tmp_path: Path, number: int, kind: type[StorageError], told: str
) -> None:
    with pytest.raises(kind) as caught:
        files.put(Failing(number))  # type: ignore[arg-type]
    assert str(caught.value).startswith(told)
    assert files.all() == set()
    assert drafts(tmp_path) == []


def test_drafts_of_a_process_that_ended_are_swept(files: ContentFiles, tmp_path: Path) -> None:
    sha256, _ = files.put(io.BytesIO(b"whole"))
    (tmp_path / "files" / DRAFTS / "draft").write_bytes(b"half")
    again = ContentFiles(tmp_path / "files")
    assert drafts(tmp_path) == []
    assert again.all() == {sha256}
