"""Times a start: `python -m bench.start`. Needs chromium.

Prints the seconds from the command to a page that can be typed into, and from there to the
first answer (of quotes) to its first question, both on a data folder that was used before;
beside them the first figure for an empty Streamlit page, as a baseline of this machine.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, sync_playwright

from kb.bootstrap import open_app
from kb.services import samples
from kb.settings import Settings
from kb.worker import Worker

ROOT = Path(__file__).parents[1]
QUESTION = next(iter(samples.QUESTIONS.values()))
EMPTY_PAGE = "import streamlit as st\nst.chat_input('question')\n"
INPUT = '[data-testid="stChatInputTextArea"]'


def main() -> int:
    """Start an empty page, then Quire, and print the seconds each took."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder) / "home"
        fill(home)
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY_PAGE)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page()
        streamlit = ["-m", "streamlit", "run", str(empty), "--server.headless=true"]
        with started(streamlit, home) as (address, begun):
            print(f"empty Streamlit page: usable after {usable(page, address, begun):.1f} s")
        with started(["-m", "kb", "run"], home) as (address, begun):
            print(f"Quire: usable after {usable(page, address, begun):.1f} s")
            print(f"Quire: first answer {answered(page):.1f} s after that")
        browser.close()
    return 0


def fill(home: Path) -> None:
    """Take the sample documents in, as an earlier start would have."""
    app = open_app(Settings(home=home), serving=False)
    try:
        workspace, worker = app.workspace(), Worker(app)
        samples.add_to(workspace.documents, workspace.knowledge_bases.first().id)
        while worker.one_step():
            pass
    finally:
        app.close()


@contextmanager
def started(command: list[str], home: Path) -> Iterator[tuple[str, float]]:
    """A server on a free port, and when it was started."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "KB_HOME": str(home),
        "KB_PORT": str(port),
        "KB_CHAT_MODEL": "quotes",
        "STREAMLIT_SERVER_PORT": str(port),
    }
    begun = time.perf_counter()
    server = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment)
    try:
        yield f"http://127.0.0.1:{port}", begun
    finally:
        server.terminate()
        server.wait(30)


def usable(page: Page, address: str, begun: float) -> float:
    """Seconds until there is a field to type into, opened once the server listens."""
    port = urlsplit(address).port
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port or 0), 1):
            break
        time.sleep(0.02)
    page.goto(address)
    page.locator(INPUT).wait_for()
    return time.perf_counter() - begun


def answered(page: Page) -> float:
    """Seconds from asking to the answer's first citation."""
    begun = time.perf_counter()
    page.locator(INPUT).fill(QUESTION)
    page.locator(INPUT).press("Enter")
    page.locator("button.citation").first.wait_for(timeout=60_000)
    return time.perf_counter() - begun


if __name__ == "__main__":
    raise SystemExit(main())
