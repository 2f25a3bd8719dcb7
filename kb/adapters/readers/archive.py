"""Archives (.zip, .tar, .tar.gz): the files inside are unpacked to be read one by one."""

import re
import stat
import tarfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from lzma import LZMAError
from pathlib import Path
from typing import BinaryIO, cast
from zipfile import BadZipFile, ZipFile, ZipInfo, is_zipfile

from kb.adapters.readers import spool
from kb.adapters.readers.text import one_line
from kb.domain.documents import Attachment, Page, ParsedDocument, TextSource
from kb.domain.errors import DamagedFileError, IngestionError, LimitError, PasswordNeededError

SYSTEM_FILES = frozenset({"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"})
ENCRYPTED_FLAG = 1
UTF8_FLAG = 0x800
MAX_NAME = 1000
MOST_WARNINGS = 20

NOTHING = "The archive holds no files."
SECRET = "it opens only with a password"  # noqa: S105 - told to people
DAMAGED = "it is damaged"
UNKNOWN = "it is compressed in a way that Quire does not know"
NO_FILE = "it is a link or a device, not a file"
BROKEN = (BadZipFile, tarfile.TarError, zlib.error, LZMAError, EOFError, OSError, ValueError)

Open = Callable[[], BinaryIO]
Member = tuple[str, Open | str]
"""A file's safe name, and how to open it or why that cannot be."""

_DRIVE = re.compile(r"\A[A-Za-z]:")


def read(path: Path) -> ParsedDocument:
    """A document without text, whose attachments are the archive's files.

    Raises PasswordNeededError, DamagedFileError or LimitError where none can be had.
    """
    kept: list[Attachment] = []
    faults: list[tuple[str, str]] = []
    try:
        for name, opened in _zip_members(path) if is_zipfile(path) else _tar_members(path):
            fault = opened if isinstance(opened, str) else _keep(name, opened, kept)
            if fault:
                faults.append((name, fault))
    except BROKEN as error:
        raise DamagedFileError("The archive is cut short or damaged.") from error
    if faults and not kept:
        raise _failure([fault for _, fault in faults])
    return ParsedDocument(
        pages=(Page(number=1, text="", text_source=TextSource.EMPTY),),
        elements=(),
        warnings=_warnings(faults) if kept else (NOTHING,),
        attachments=tuple(kept),
    )


def safe_name(name: str) -> str:
    """A member's name as a relative path that leads nowhere else, for people to read."""
    path = _DRIVE.sub("", one_line(name.split("\0", maxsplit=1)[0]).replace("\\", "/"))
    parts = (part.strip() for part in path.split("/"))
    return "/".join(part for part in parts if part not in ("", ".", ".."))[-MAX_NAME:]


def _keep(name: str, opened: Open, kept: list[Attachment]) -> str:
    """Unpack one file; what is wrong with it, where it cannot be."""
    try:
        with opened() as content:
            kept.append(spool.keep(name, content))
    except NotImplementedError:
        return UNKNOWN
    except BROKEN:
        return DAMAGED
    return ""


def _zip_members(path: Path) -> Iterator[Member]:
    with ZipFile(path) as archive:
        members = archive.infolist()
        _check_room(len(members), sum(member.file_size for member in members))
        for member in members:
            name = safe_name(_zip_name(member))
            if not member.is_dir() and not _is_system_file(name):
                yield name, _zip_fault(member) or partial(_zip_content, archive, member)


def _tar_members(path: Path) -> Iterator[Member]:
    size = 0
    with tarfile.open(path) as archive:
        for number, member in enumerate(archive, 1):
            size += member.size
            _check_room(number, size)
            name = safe_name(member.name)
            if member.isfile() and not _is_system_file(name):
                yield name, partial(_tar_content, archive, member)
            elif not member.isdir() and not member.isfile():
                yield name, NO_FILE


def _check_room(files: int, size: int) -> None:
    """Refuse by what the archive says of itself, before anything is written."""
    if files > spool.MOST_FILES:
        raise LimitError(f"The archive holds more than {spool.MOST_FILES:,} files.")
    if size > spool.bytes_left():
        raise LimitError("The archive unpacks to more than is allowed for its size.")


def _zip_name(member: ZipInfo) -> str:
    """Many programs write UTF-8 without saying so; Python then takes it for code page 437."""
    if member.flag_bits & UTF8_FLAG:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return member.filename


def _zip_fault(member: ZipInfo) -> str:
    if member.flag_bits & ENCRYPTED_FLAG:
        return SECRET
    kind = stat.S_IFMT(member.external_attr >> 16)
    return NO_FILE if kind not in (0, stat.S_IFREG) else ""


def _zip_content(archive: ZipFile, member: ZipInfo) -> BinaryIO:
    return cast(BinaryIO, archive.open(member))


def _tar_content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> BinaryIO:
    return cast(BinaryIO, archive.extractfile(member))


def _is_system_file(name: str) -> bool:
    return not name or not SYSTEM_FILES.isdisjoint(name.split("/"))


def _failure(faults: list[str]) -> IngestionError:
    """What to tell where no file could be unpacked."""
    if SECRET in faults:
        return PasswordNeededError(
            "The files in the archive open only with a password.",
            advice="Unpack it and add the files.",
        )
    return DamagedFileError("None of the files in the archive can be unpacked.")


def _warnings(faults: list[tuple[str, str]]) -> tuple[str, ...]:
    told = [f"{name} was left out: {fault}." for name, fault in faults[:MOST_WARNINGS]]
    if len(faults) > MOST_WARNINGS:
        told.append(f"{len(faults) - MOST_WARNINGS:,} more files were left out.")
    return tuple(told)
