"""What a file is taken for."""

import zipfile
from pathlib import Path

import pytest

from kb.domain.errors import (
    DamagedFileError,
    IngestionError,
    LimitError,
    UnsupportedFileError,
)
from kb.domain.media_types import HTML, MARKDOWN, PDF, PLAIN, WORD
from kb.ingestion.detection import detect, ending_of

PROSE = b"The footbridge was opened in 1987.\n"
NOISE = bytes(range(256)) * 8


def made(folder: Path, content: bytes) -> Path:
    path = folder / "stored-under-its-hash"
    path.write_bytes(content)
    return path


def zipped(folder: Path, *members: str) -> Path:
    path = folder / "stored-under-its-hash"
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, "x")
    return path


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.pdf", b"%PDF-1.4\n...", PDF),
        ("a.pdf", b"HTTP/1.1 200 OK\r\n\r\n%PDF-1.4\n...", PDF),
        ("no ending", b"%PDF-1.4\n...", PDF),
        ("a.txt", b"%PDF-1.4\n" + NOISE, PDF),
        ("a.docx", b"%PDF-1.4\n1 0 obj", PDF),
        ("a.md", PROSE, MARKDOWN),
        ("A.MARKDOWN", PROSE, MARKDOWN),
        ("a.md", b"<html> is how a page begins", MARKDOWN),
        ("a.html", PROSE, HTML),
        ("a.HTM", PROSE, HTML),
        ("a.xhtml", b"<?xml version='1.0'?><html/>", HTML),
        ("a.txt", b"\xef\xbb\xbf <!DOCTYPE html><p>x", HTML),
        ("page", b"<!-- saved -->\n<HTML>", HTML),
        ("a.html", "<html>".encode("utf-16"), HTML),
        ("a.txt", PROSE, PLAIN),
        ("a.rst", PROSE, PLAIN),
        ("a.log", PROSE, PLAIN),
        ("README", PROSE, PLAIN),
        ("main.py", PROSE, PLAIN),
        ("a.txt", "Grüße".encode("latin-1"), PLAIN),
        ("a.txt", "こんにちは世界".encode("shift-jis"), PLAIN),
        ("a.txt", "plain".encode("utf-16"), PLAIN),
        ("a.txt", b"A text that only speaks of %PDF-1.4 headers", PLAIN),
    ],
)
def test_a_file_is_known_by_its_content_and_then_by_its_name(
    tmp_path: Path, name: str, content: bytes, expected: str
) -> None:
    assert detect(made(tmp_path, content), name) == expected


def test_a_zip_with_a_word_body_is_a_word_document(tmp_path: Path) -> None:
    path = zipped(tmp_path, "[Content_Types].xml", "word/document.xml")
    assert detect(path, "letter.docx") == WORD
    assert detect(path, "letter.zip") == WORD


def test_a_zip_of_very_many_members_is_refused_before_they_are_listed(tmp_path: Path) -> None:
    path = zipped(tmp_path, *(f"word/{number:0200}" for number in range(20_000)))
    with pytest.raises(LimitError) as caught:
        detect(path, "letter.docx")
    assert caught.value.subject == "letter.docx"


def test_a_word_document_with_a_password_goes_to_its_reader(tmp_path: Path) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")
    assert detect(made(tmp_path, ole), "secret.docx") == WORD


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", b""),
        ("a.txt", b""),
        ("a.pdf", PROSE),
        ("a.pdf", NOISE),
        ("a.docx", PROSE),
        ("a.docx", b"PK\x03\x04 and no more"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old .doc"),
        ("a.txt", NOISE),
        ("a.html", b"PK\x03\x04" + NOISE),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_damaged(
    tmp_path: Path, name: str, content: bytes
) -> None:
    with pytest.raises(DamagedFileError) as told:
        detect(made(tmp_path, content), name)
    assert told.value.subject == name


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xyz", NOISE),
        ("a", NOISE),
        ("a.csv", b"a,b\n1,2\n"),
        ("a.json", b"{}"),
        ("a.odt", PROSE),
        ("a.png", b"\x89PNG\r\n\x1a\n" + NOISE),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + NOISE),
        ("a.zip", b"PK\x03\x04 and no more"),
    ],
)
def test_other_types_are_refused_with_their_ending(
    tmp_path: Path, name: str, content: bytes
) -> None:
    with pytest.raises(UnsupportedFileError) as told:
        detect(made(tmp_path, content), name)
    assert told.value.subject == name
    assert ending_of(name) in told.value.what
    assert "PDF" in told.value.advice


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError, match=r"The file is empty\."):
        detect(made(tmp_path, b""), "a.pdf")


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a\0.pdf", "", "x" * 5000, "\ud800.bin", "a.\n\x1b[31m", "...."]
)
def test_hostile_names_are_only_names(tmp_path: Path, name: str) -> None:
    path = made(tmp_path, NOISE)
    with pytest.raises(IngestionError) as told:
        detect(path, name)
    assert told.value.subject == name
    assert told.value.what.isprintable()
    assert len(told.value.what) < 100


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("a.PDF", ".pdf"),
        ("a.tar.gz", ".gz"),
        ("c:\\x.y\\a", ""),
        (".bashrc", ""),
        ("a.b c", ".b c"),
    ],
)
def test_the_ending_of_a_name(name: str, ending: str) -> None:
    assert ending_of(name) == ending
