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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import docx
import pytest

from tests.adapters.pdf_maker import PdfPage, make_pdf, paragraph
from tests.connections.watch import is_here

ROOT = Path(__file__).parents[2]
STRACE = ["strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=connect"]
SLOWEST_START_SECONDS = 90
ADDRESS = re.compile(r"(?:inet_addr\(|inet_pton\(AF_INET6, )\"([^\"]+)\"")
FAMILY = re.compile(r"sa_family=(AF_\w+)")
CHILDREN = ("kb.adapters.readers.child", "kb.adapters.embedding_child")


@dataclass(frozen=True)
class Watched:
    """A place where every process is watched; both logs lie in its folder."""

    folder: Path

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
        return [*STRACE, "-o", str(self.folder / f"strace-{words[1]}"), *run] if traced() else run

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
        """The lines of strace about connections."""
        logs = self.folder.glob("strace-*")
        return [line for log in logs for line in log.read_text().splitlines() if "connect(" in line]


def traced() -> bool:
    """Whether strace is here and may look."""
    if not shutil.which("strace"):
        return False
    return subprocess.run([*STRACE, "true"], capture_output=True, check=False).returncode == 0


def leaves(line: str) -> bool:
    """Whether a line of strace is a connection beyond this machine."""
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


def test_the_app_connects_to_nothing_beyond_this_machine(serving: Watched) -> None:
    assert not serving.gone_to()
    assert not [line for line in serving.traced_connections() if leaves(line)]
    assert any(one["event"] == "started" for one in serving.told())


def test_the_watch_sees_what_would_leave(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    # 192.0.2.0/24 is set aside for documentation: nobody is there.
    code = (
        "import socket; s = socket.socket(); s.setblocking(False); s.connect_ex(('192.0.2.1', 9))"
    )
    command = [sys.executable, "-c", code]
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
    ],
)
def test_a_line_of_strace_is_read(line: str, expected: bool) -> None:
    assert leaves(line) is expected
