"""What the reading process cannot do, not even by native code.

`python -c` takes the part of a parser that a file has taken over.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from docx import Document

from kb.adapters.child_process import package_root
from kb.adapters.readers import landlock
from kb.adapters.readers.sandbox import ReadingProcess
from kb.domain.errors import IngestionError
from kb.domain.media_types import HTML, MARKDOWN, PDF, PLAIN, WORD
from tests.adapters.pdf_maker import PdfPage, Text, make_pdf

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Only Linux holds it to this.")


def since(version: int) -> pytest.MarkDecorator:
    """Skips a test that needs a newer kernel."""
    older = sys.platform == "linux" and landlock.version() < version
    return pytest.mark.skipif(older, reason=f"This kernel has no Landlock of version {version}.")


on_landlock = since(1)

CONFINED = """
import ctypes, os, socket, subprocess, sys
from pathlib import Path
from kb.adapters.readers.confinement import confine
files, spool, *rest = sys.argv[1:]
confine(Path(files), Path(spool))
libc = ctypes.CDLL(None, use_errno=True)
def told(result):
    print("done" if result >= 0 else os.strerror(ctypes.get_errno()))
"""


class Place:
    """The folders a reading process works with, and one that is none of its business."""

    def __init__(self, folder: Path) -> None:
        self.files, self.spool, self.elsewhere = (
            folder / name for name in ("files", "spool", "elsewhere")
        )
        for made in (self.files, self.spool, self.elsewhere):
            made.mkdir()
        (self.files / "document").write_text("kept")
        (self.elsewhere / "diary").write_text("secret")

    def run(
        self, code: str, *arguments: object, prelude: str = CONFINED, programs: str = ""
    ) -> str:
        """What the code says after it is confined, or its last error.

        Its PATH is empty: where LibreOffice is found, the rules are others.
        """
        words = map(str, (self.files, self.spool, *arguments))
        done = subprocess.run(
            [sys.executable, "-c", prelude + code, *words],
            cwd=package_root(),
            env={"PATH": programs},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_it_reads_what_is_kept_and_writes_where_it_may(place: Place) -> None:
    code = "(Path(spool) / 'a').write_text(Path(files, 'document').read_text()); print('fine')"
    assert place.run(code) == "fine"
    assert (place.spool / "a").read_text() == "kept"


@on_landlock
@pytest.mark.parametrize(
    "code",
    [
        "open(rest[0] + '/diary')",
        "os.listdir(rest[0])",
        "open(files + '/../elsewhere/diary')",
        "open(rest[0] + '/new', 'w')",
        "os.unlink(rest[0] + '/diary')",
        "os.rename(rest[0] + '/diary', spool + '/diary')",
        "open(files + '/document', 'a')",
        pytest.param("os.truncate(files + '/document', 0)", marks=since(3)),
        "os.unlink(files + '/document')",
        "os.symlink(rest[0], spool + '/link')",
        "open(f'/proc/{os.getppid()}/environ')",
        "open('/dev/tty', 'w')",
        pytest.param("os.kill(os.getppid(), 0)", marks=since(6)),
    ],
)
def test_other_files_and_processes_are_out_of_reach(place: Place, code: str) -> None:
    assert place.run(code, place.elsewhere).startswith("PermissionError")
    assert (place.elsewhere / "diary").read_text() == "secret"
    assert (place.files / "document").read_text() == "kept"


@on_landlock
def test_native_code_cannot_open_other_files_either(place: Place) -> None:
    code = "told(libc.open((rest[0] + '/diary').encode(), os.O_RDONLY))"
    assert place.run(code, place.elsewhere) == "Permission denied"
    assert place.run(code, place.files) == "No such file or directory"


@on_landlock
def test_programs_it_starts_are_held_as_well(place: Place) -> None:
    code = "print(subprocess.run(['/bin/cat', rest[0] + '/diary'], capture_output=True).stderr)"
    assert "Permission denied" in place.run(code, place.elsewhere)


@on_landlock
def test_what_it_wrote_cannot_be_run(place: Place) -> None:
    code = (
        "program = Path(spool, 'program'); program.write_text('#!/bin/sh\\necho ran')\n"
        "program.chmod(0o755); subprocess.run([program])"
    )
    assert place.run(code).startswith("PermissionError")


@on_landlock
def test_libreoffice_where_it_is_has_its_lock_in_tmp_and_nothing_more(place: Place) -> None:
    program = place.elsewhere / "soffice"
    program.write_text("")
    program.chmod(0o755)
    name = f"/tmp/quire-{uuid4()}"
    lock = f"socket.socket(socket.AF_UNIX).bind({name!r}); os.unlink({name!r}); print('fine')"
    assert place.run(lock, programs=str(place.elsewhere)) == "fine"
    file = f"open({name!r}, 'w')"
    assert place.run(file, programs=str(place.elsewhere)).startswith("PermissionError")
    assert place.run(lock).startswith("PermissionError")


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_native_code_reaches_no_host(place: Place, server: socket.socket) -> None:
    code = (
        "import struct; made = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)\n"
        "where = struct.pack('=HH4s8x', 2, socket.htons(int(rest[0])), bytes([127, 0, 0, 1]))\n"
        "told(made if made < 0 else libc.connect(made, where, len(where)))"
    )
    port = server.getsockname()[1]
    assert place.run(code, port) == "Operation not permitted"
    free = "import ctypes, os, socket, sys\nlibc = ctypes.CDLL(None)\nrest = sys.argv[3:]\n"
    free += "def told(result): print('done' if result >= 0 else result)\n"
    assert place.run(code, port, prelude=free) == "done"


@pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW"])
@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET"])
def test_it_makes_no_socket_to_the_outside(place: Place, family: str, kind: str) -> None:
    code = f"told(libc.socket(socket.{family}, socket.{kind}, 0))"
    assert place.run(code) == "Operation not permitted"


def test_it_speaks_to_no_other_program_of_this_machine(place: Place) -> None:
    address = place.spool / "socket"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(address))
        listening.listen()
        code = "socket.socket(socket.AF_UNIX).connect(spool + '/socket')"
        assert place.run(code).startswith("PermissionError")
    assert place.run("told(libc.socket(socket.AF_UNIX, socket.SOCK_DGRAM, 0))") == (
        "Operation not permitted"
    )


def test_it_speaks_to_its_own_children(place: Place) -> None:
    code = (
        "ours, theirs = socket.socketpair(); print(theirs.send(b'x') and ours.recv(1))\n"
        "print(subprocess.run(['/bin/echo', 'heard'], capture_output=True).stdout)"
    )
    assert place.run(code).splitlines() == ["b'x'", "b'heard\\n'"]


def test_no_io_ring_goes_round_the_rules(place: Place) -> None:
    assert place.run("told(libc.syscall(425, 8, None))") == "Operation not permitted"


def test_no_new_privileges_and_no_dumps(place: Place) -> None:
    code = (
        "import resource; print(resource.getrlimit(resource.RLIMIT_CORE)[0])\n"
        "print([l for l in open('/proc/self/status') if l.startswith('NoNewPrivs')])"
    )
    assert place.run(code).splitlines() == ["0", "['NoNewPrivs:\\t1\\n']"]


def test_files_of_all_kinds_are_read_in_confinement(place: Place) -> None:
    word = Document()
    word.add_paragraph("Work begins at nine, and nobody is asked to come any earlier.")
    word.save(str(place.files / WORD.replace("/", "-")))
    sources = {
        PDF: make_pdf(PdfPage([Text("A line")])),
        HTML: b"<p>words</p>",
        MARKDOWN: b"# words",
        PLAIN: b"words",
    }
    for media_type, content in sources.items():
        (place.files / media_type.replace("/", "-")).write_bytes(content)
    reader = ReadingProcess(seconds=60, files=place.files, spool=place.spool)
    try:
        for media_type in (*sources, WORD):
            path = place.files / media_type.replace("/", "-")
            assert reader.read(path, media_type, "name").pages[0].text
            assert reader.read(path, media_type, "name", place.spool).elements
        assert reader.page_picture(place.files / "application-pdf", 1)[1:4] == b"PNG"
        assert reader.links(b"<a href=b>") == ("b",)
        if landlock.version():
            with pytest.raises(IngestionError):
                reader.read(place.elsewhere / "diary", PLAIN, "diary")
    finally:
        reader.close()
    assert os.listdir(place.spool) == []
