"""Archives: what is unpacked, under which names, and what is left out."""

import io
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.adapters.readers import archive, spool
from kb.adapters.readers.sandbox import is_sound
from kb.domain.documents import ParsedDocument
from kb.domain.errors import DamagedFileError, LimitError, PasswordNeededError


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Where a test puts its archive, while a spool is open for it."""
    path = tmp_path / "file"
    path.touch()
    (tmp_path / "spool").mkdir()
    with spool.opened(tmp_path / "spool", path):
        yield path


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return path


def tarred(path: Path, members: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as made:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return path


def kept(document: ParsedDocument) -> dict[str, bytes]:
    return {file.name: Path(file.file).read_bytes() for file in document.attachments}


def test_a_zip_is_its_files(path: Path) -> None:
    members = {"a.txt": b"one", "folder/": b"", "folder/b.txt": b"two", "empty.txt": b""}
    document = archive.read(zipped(path, members))
    assert kept(document) == {"a.txt": b"one", "folder/b.txt": b"two", "empty.txt": b""}
    assert document.pages[0].text == ""
    assert is_sound(document, path.parent / "spool")


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_tar_is_its_files(path: Path, mode: str) -> None:
    document = archive.read(tarred(path, {"folder/a.txt": b"one", "b.txt": b"two"}, mode))
    assert kept(document) == {"folder/a.txt": b"one", "b.txt": b"two"}


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("..\\..\\win.ini", "win.ini"),
        ("C:\\Users\\a.txt", "Users/a.txt"),
        ("a/./b//../c.txt", "a/b/c.txt"),
        ("a\nb\x1b[31m.txt", "a b[31m.txt"),
        ("a.txt\0.exe", "a.txt"),
        ("...", "..."),
        ("../", ""),
    ],
)
def test_a_members_name_leads_nowhere_else(name: str, safe: str) -> None:
    assert archive.safe_name(name) == safe


def test_what_systems_add_is_left_out_without_a_word(path: Path) -> None:
    members = {"__MACOSX/._a.txt": b"x", ".DS_Store": b"x", "a/Thumbs.db": b"x", "a.txt": b"one"}
    document = archive.read(zipped(path, members))
    assert list(kept(document)) == ["a.txt"]
    assert document.warnings == ()


def test_names_are_utf_8_where_they_can_be_whatever_the_flag_says(path: Path) -> None:
    zipped(path, {"Gr\u00fc\u00dfe.txt": b"one", "caf\u00e9.txt": b"two"})
    # The flag that names are UTF-8 is bit 11, in both places where the member is listed.
    content = path.read_bytes().replace("café.txt".encode(), b"caf\x82_.txt")
    path.write_bytes(content.replace(b"\x00\x08\x08\x00", b"\x00\x00\x08\x00"))
    assert list(kept(archive.read(path))) == ["Grüße.txt", "café_.txt"]


def test_links_and_devices_are_left_out_with_a_warning(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as made:
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(link, "/etc/passwd")
        made.writestr("a.txt", "one")
    document = archive.read(path)
    assert kept(document) == {"a.txt": b"one"}
    assert document.warnings == (f"link.txt was left out: {archive.NO_FILE}.",)


def test_links_in_a_tar_are_left_out_as_well(path: Path) -> None:
    with tarfile.open(path, "w") as made:
        made.addfile(tarfile.TarInfo("a.txt"))
        for name, kind in (("soft", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "../../etc/passwd"
            made.addfile(info)
    document = archive.read(path)
    assert kept(document) == {"a.txt": b""}
    assert len(document.warnings) == 2


def encrypted(path: Path, *names: bytes) -> Path:
    """The archive with the flag of these members saying that they are encrypted."""
    content = bytearray(path.read_bytes())
    for name in names:
        at = -1
        while (at := content.find(name, at + 1)) >= 0:
            is_listed = content[at - 46 : at - 42] == b"PK\x01\x02"
            content[at - (38 if is_listed else 24)] |= 1
    path.write_bytes(content)
    return path


def test_encrypted_members_are_left_out_with_a_warning(path: Path) -> None:
    zipped(path, {"secret.txt": b"one", "open.txt": b"two"})
    document = archive.read(encrypted(path, b"secret.txt"))
    assert kept(document) == {"open.txt": b"two"}
    assert document.warnings == (f"secret.txt was left out: {archive.SECRET}.",)


def test_an_archive_that_is_all_encrypted_wants_its_password(path: Path) -> None:
    zipped(path, {"secret.txt": b"one"})
    with pytest.raises(PasswordNeededError):
        archive.read(encrypted(path, b"secret.txt"))


def test_a_damaged_member_is_left_out_with_a_warning(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as made:
        made.writestr("bad.txt", "one thing")
        made.writestr("good.txt", "two")
    path.write_bytes(path.read_bytes().replace(b"one thing", b"one thinG"))
    document = archive.read(path)
    assert kept(document) == {"good.txt": b"two"}
    assert document.warnings == (f"bad.txt was left out: {archive.DAMAGED}.",)


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_archive_that_unpacks_to_too_much_writes_nothing(
    path: Path, pack: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool._spool.get(), "bytes_left", 1000)
    assert callable(pack)
    pack(path, {"a.txt": b"\0" * 600, "b.txt": b"\0" * 600})
    with pytest.raises(LimitError):
        archive.read(path)


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_archive_of_too_many_files_is_refused(
    path: Path, pack: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "MOST_FILES", 2)
    assert callable(pack)
    with pytest.raises(LimitError):
        archive.read(pack(path, {"a": b"", "b": b"", "c": b""}))


def test_only_some_of_many_faults_are_told(path: Path) -> None:
    with tarfile.open(path, "w") as made:
        made.addfile(tarfile.TarInfo("a.txt"))
        for number in range(archive.MOST_WARNINGS + 5):
            info = tarfile.TarInfo(f"link {number}")
            info.type = tarfile.SYMTYPE
            made.addfile(info)
    warnings = archive.read(path).warnings
    assert len(warnings) == archive.MOST_WARNINGS + 1
    assert warnings[-1] == "5 more files were left out."


def test_an_archive_without_files_says_so(path: Path) -> None:
    assert archive.read(zipped(path, {"folder/": b""})).warnings == (archive.NOTHING,)


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_archive_cut_short_is_damaged(path: Path, pack: object) -> None:
    assert callable(pack)
    pack(path, {"a.txt": bytes(range(256)) * 40})
    path.write_bytes(path.read_bytes()[:150])
    with pytest.raises(DamagedFileError):
        archive.read(path)
