"""Reading in a child process: what goes wrong there stays there."""

import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from docx import Document
from PIL import Image

from kb.adapters.child_process import package_root
from kb.adapters.readers.sandbox import ReadingProcess, child_environment
from kb.domain.errors import (
    DamagedFileError,
    IngestionError,
    InvalidInputError,
    LimitError,
    PasswordNeededError,
    ReaderCrashedError,
)
from kb.domain.media_types import HTML, MARKDOWN, PDF, PLAIN, WORD
from tests.adapters.pdf_maker import PdfPage, Text, make_pdf

ODD = "tests.adapters.odd_child"


@pytest.fixture(scope="module")
def reader() -> Iterator[ReadingProcess]:
    process = ReadingProcess(seconds=60)
    yield process
    process.close()


@pytest.fixture
def odd() -> Iterator[ReadingProcess]:
    process = ReadingProcess(seconds=30, child_module=ODD)
    yield process
    process.close()


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "stored-under-its-hash"
    path.write_text("Grüße\n\nfrom a file")
    return path


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    path = tmp_path / "some.pdf"
    path.write_bytes(make_pdf(PdfPage([Text("A line")]), PdfPage([Text("Another")])))
    return path


def test_one_process_reads_many_files(reader: ReadingProcess, note: Path, pdf: Path) -> None:
    assert reader.read(note, PLAIN, "note.txt").pages[0].text == "Grüße\n\nfrom a file"
    first = reader.pid
    document = reader.read(pdf, PDF, "some.pdf")
    assert [page.text for page in document.pages] == ["A line", "Another"]
    assert document.elements[0].boxes[0].page == 1
    assert reader.pid == first


def test_a_word_document_is_read_without_a_network(reader: ReadingProcess, tmp_path: Path) -> None:
    document = Document()
    document.add_heading("Hours", level=1)
    document.add_paragraph("Work begins at nine, and nobody is asked to come any earlier.")
    path = tmp_path / "file"
    document.save(str(path))
    read = reader.read(path, WORD, "hours.docx")
    assert [element.kind for element in read.elements] == ["title", "paragraph"]


def test_the_child_cannot_reach_a_host() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = (
            "import socket; from kb.adapters.readers.child import forbid_network\n"
            "forbid_network()\n"
            f"socket.create_connection(('127.0.0.1', {port}), timeout=5)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=package_root(), capture_output=True, check=False
        )
    assert done.returncode != 0
    assert b"may not use the network" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux counts what a process maps.")
def test_the_child_may_not_take_all_memory() -> None:
    code = (
        "from kb.adapters.readers.child import MAX_MEMORY_BYTES, limit_memory\n"
        "limit_memory()\n"
        "bytearray(MAX_MEMORY_BYTES + 1)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=package_root(), capture_output=True, check=False
    )
    assert done.stderr.strip().endswith(b"MemoryError")


def test_errors_come_back_as_themselves(reader: ReadingProcess, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"%PDF-1.7 nothing")
    with pytest.raises(DamagedFileError) as told:
        reader.read(path, PDF, "report.pdf")
    assert told.value.subject == "report.pdf"
    assert str(told.value) == "report.pdf: The PDF is damaged or cut short."
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    with pytest.raises(PasswordNeededError, match="password"):
        reader.read(path, WORD, "secret.docx")


def test_a_file_that_is_gone_is_told_plainly(reader: ReadingProcess, tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError) as told:
        reader.read(tmp_path / "gone", PLAIN, "gone.txt")
    assert told.value.what == "The file could not be read as text."


def test_a_parsers_own_error_is_a_damaged_file(reader: ReadingProcess, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"PK\x05\x06" + b"\0" * 18)
    with pytest.raises(DamagedFileError) as told:
        reader.read(path, WORD, "letter.docx")
    assert "Traceback" not in str(told.value)


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "a\nb", "\ud800.txt", "nul\0.txt", "x" * 5000, '"}\n{"op":"picture"}', ""],
)
def test_hostile_names_change_nothing(reader: ReadingProcess, note: Path, name: str) -> None:
    assert reader.read(note, PLAIN, name).pages[0].text.startswith("Grüße")
    with pytest.raises(IngestionError) as told:
        reader.read(note, PDF, name)
    assert told.value.subject == name


def test_a_hostile_path_is_only_a_path(reader: ReadingProcess, tmp_path: Path) -> None:
    path = tmp_path / "a\n\"b' ü \U0001f600"
    path.write_text("words")
    assert reader.read(path, PLAIN, "a.txt").pages[0].text == "words"


def test_after_a_crash_the_next_file_is_read(odd: ReadingProcess, note: Path) -> None:
    with pytest.raises(ReaderCrashedError) as told:
        odd.read(note, PLAIN, "die")
    assert told.value.retryable
    assert told.value.subject == "die"
    assert odd.read(note, PLAIN, "fine").pages[0].text.startswith("Grüße")


def test_after_being_killed_from_outside_the_next_file_is_read(
    reader: ReadingProcess, note: Path
) -> None:
    reader.read(note, PLAIN, "a.txt")
    assert reader.pid is not None
    os.kill(reader.pid, signal.SIGKILL)
    # Dead with all its threads, and still to be noticed by its owner.
    os.waitid(os.P_PID, reader.pid, os.WEXITED | os.WNOWAIT)
    assert reader.read(note, PLAIN, "b.txt").elements


def test_at_rest_it_has_no_process_until_the_next_file(reader: ReadingProcess, note: Path) -> None:
    reader.read(note, PLAIN, "a.txt")
    reader.rest()
    assert reader.pid is None
    assert reader.read(note, PLAIN, "b.txt").elements


def test_it_does_not_rest_while_someone_waits_for_a_file(note: Path) -> None:
    process = ReadingProcess(child_module=ODD)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(process.read, note, PLAIN, "slow")
        while process.pid is None:
            time.sleep(0.01)
        process.rest()
        assert waiting.result().pages
    process.close()


def test_a_file_that_takes_too_long_is_given_up(note: Path) -> None:
    process = ReadingProcess(seconds=2, child_module=ODD)
    began = time.monotonic()
    with pytest.raises(LimitError, match="longer than 2 seconds"):
        process.read(note, PLAIN, "hang")
    assert time.monotonic() - began < 10
    assert process.pid is None
    process.close()


def test_a_reply_over_the_limit_is_given_up(odd: ReadingProcess, note: Path) -> None:
    with pytest.raises(LimitError):
        odd.read(note, PLAIN, "huge")
    assert odd.read(note, PLAIN, "fine").elements


def test_what_libraries_print_disturbs_nothing(odd: ReadingProcess, note: Path) -> None:
    for _ in range(3):
        assert odd.read(note, PLAIN, "noise").pages[0].text.startswith("Grüße")


@pytest.mark.parametrize(
    "name",
    [
        "cut",
        "nonsense",
        "no document",
        "unknown kind",
        "past the end",
        "no such page",
        "page numbers",
        "unknown error",
    ],
)
def test_the_child_is_not_trusted(odd: ReadingProcess, note: Path, name: str) -> None:
    with pytest.raises(ReaderCrashedError):
        odd.read(note, PLAIN, name)
    assert odd.read(note, PLAIN, "fine").elements


def test_the_child_knows_no_secrets_of_ours(
    odd: ReadingProcess, note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("KB_HOME", "/somewhere")
    known = odd.read(note, PLAIN, "environment").pages[0].text.split()
    assert "DO_NOT_TRACK" in known
    assert not {"OPENAI_API_KEY", "KB_HOME"} & set(known)


def test_the_childs_environment_finds_the_package_from_anywhere() -> None:
    made = child_environment({"PYTHONPATH": "elsewhere", "PATH": "/bin", "TOKEN": "x"})
    assert made["PYTHONPATH"] == os.pathsep.join([str(package_root()), "elsewhere"])
    assert "TOKEN" not in made


def test_it_reads_whatever_the_working_directory(
    tmp_path: Path, note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    process = ReadingProcess(seconds=60)
    assert process.read(Path(note.name), PLAIN, "note.txt").elements
    process.close()


def test_threads_wait_for_each_other(reader: ReadingProcess, note: Path, pdf: Path) -> None:
    def read(number: int) -> str:
        path, media_type = (note, PLAIN) if number % 2 else (pdf, PDF)
        return reader.read(path, media_type, str(number)).pages[0].text

    with ThreadPoolExecutor(6) as threads:
        texts = list(threads.map(read, range(24)))
    assert texts == ["A line", "Grüße\n\nfrom a file"] * 12


def test_after_close_no_process_is_left_and_a_new_one_may_start(note: Path) -> None:
    process = ReadingProcess(seconds=60)
    process.close()
    process.read(note, PLAIN, "a.txt")
    pid = process.pid
    process.close()
    process.close()
    assert pid is not None
    assert not Path(f"/proc/{pid}").exists()
    assert process.read(note, PLAIN, "a.txt").elements
    process.close()


def test_the_child_ends_with_its_parent(tmp_path: Path, note: Path) -> None:
    code = (
        "import sys, os; from pathlib import Path\n"
        "from kb.adapters.readers.sandbox import ReadingProcess\n"
        "reader = ReadingProcess()\n"
        f"reader.read(Path({str(note)!r}), 'text/plain', 'a.txt')\n"
        "print(reader.pid, flush=True); os._exit(0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=package_root(), capture_output=True, check=True
    )
    pid = int(done.stdout)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_page_is_drawn(reader: ReadingProcess, pdf: Path) -> None:
    with Image.open(io.BytesIO(reader.page_picture(pdf, 2, 2.0))) as picture:
        assert picture.format == "PNG"
        assert picture.size == (1224, 1584)


def test_a_page_that_cannot_be_drawn_is_told(reader: ReadingProcess, pdf: Path, note: Path) -> None:
    with pytest.raises(InvalidInputError):
        reader.page_picture(pdf, 3)
    with pytest.raises(DamagedFileError):
        reader.page_picture(note, 1)


def test_deep_nesting_ends_in_words_or_a_limit(reader: ReadingProcess, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("> " * 100_000 + "deep")
    for media_type in (MARKDOWN, HTML):
        try:
            assert reader.read(path, media_type, "deep").pages
        except LimitError:
            continue
