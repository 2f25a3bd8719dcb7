"""What a file is taken for."""

import gzip
import tarfile
import zipfile
from pathlib import Path

import pytest

from kb.domain.errors import (
    DamagedFileError,
    IngestionError,
    LimitError,
    UnsupportedFileError,
)
from kb.domain.media_types import (
    EML,
    EPUB,
    HTML,
    LATEX,
    MARKDOWN,
    MBOX,
    MHTML,
    MSG,
    NOTEBOOK,
    ORG,
    PDF,
    PLAIN,
    RST,
    SOURCE,
    SUBRIP,
    TAR,
    VTT,
    WORD,
    ZIP,
)
from kb.ingestion.detection import detect, ending_of
from tests.adapters.outlook_maker import fixed, make_msg

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
        ("a.rst", PROSE, RST),
        ("a.log", PROSE, PLAIN),
        ("README", PROSE, PLAIN),
        ("main.py", PROSE, SOURCE),
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


MAIL = b"From: a@example.org\r\nTo: b@example.org\r\nMIME-Version: 1.0\r\n\r\nText\r\n"
SAVED = b"From: <Saved by X>\nMIME-Version: 1.0\nContent-Type: multipart/related;\n boundary=b\n\n"
CUES = b"1\n00:00:01,000 --> 00:00:02,000\nText\n"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.eml", PROSE, EML),
        ("a.txt", MAIL, EML),
        ("mail", b"\xef\xbb\xbf" + MAIL, EML),
        ("a.md", MAIL, MARKDOWN),
        ("a.txt", b"Subject: a note\nTo: me\n\nText\n", PLAIN),
        ("a.eml", MAIL.replace(b"1.0", b"1.0\r\nContent-Type: multipart/related"), EML),
        ("a.mhtml", SAVED, MHTML),
        ("a.txt", SAVED, MHTML),
        ("a.mht", b"<html>", HTML),
        ("Inbox", b"From a@example.org Mon Jun 01 04:28:28 2009\n" + MAIL, MBOX),
        ("a.txt", b"From Ada, in 1987: a letter\n", PLAIN),
        ("a.srt", CUES, SUBRIP),
        ("a.txt", CUES, SUBRIP),
        ("a", b"WEBVTT\n\n", VTT),
        ("a.tex", PROSE, LATEX),
        ("a.org", PROSE, ORG),
        ("a.ipynb", b"{}", NOTEBOOK),
        ("a.c", PROSE, SOURCE),
    ],
)
def test_texts_with_marks_are_known_by_them(
    tmp_path: Path, name: str, content: bytes, expected: str
) -> None:
    assert detect(made(tmp_path, content), name) == expected


def test_a_book_is_known_by_its_first_member(tmp_path: Path) -> None:
    path = tmp_path / "stored-under-its-hash"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
    assert detect(path, "a.epub") == detect(path, "a.zip") == detect(path, "a.bin") == EPUB


def test_any_other_zip_is_an_archive_where_its_name_does_not_say_else(tmp_path: Path) -> None:
    path = zipped(tmp_path, "a.txt", "word/notes.txt")
    assert detect(path, "a.zip") == detect(path, "a") == ZIP
    for name in ("a.docx", "a.html", "a.epub", "a.jar"):
        with pytest.raises(IngestionError):
            detect(path, name)


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_an_archive_of_tar_is_known_also_when_it_is_pressed(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "stored-under-its-hash"
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        archive.addfile(tarfile.TarInfo("a.txt"))
    assert detect(path, "a.tar.gz") == detect(path, "a.tgz") == detect(path, "a") == TAR


def test_a_pressed_file_that_is_no_tar_is_refused(tmp_path: Path) -> None:
    for content in (gzip.compress(PROSE * 100), b"\x1f\x8b and no more"):
        with pytest.raises(IngestionError):
            detect(made(tmp_path, content), "a.gz")


def test_an_outlook_mail_is_known_by_its_streams(tmp_path: Path) -> None:
    path = make_msg(tmp_path / "stored-under-its-hash", fixed(32, {}))
    assert detect(path, "a.msg") == detect(path, "a") == MSG


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
        ("a.zip", b"PK\x03\x04 and no more"),
        ("a.epub", PROSE),
        ("a.mbox", PROSE),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old .doc"),
        ("a.odt", PROSE),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + NOISE),
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
