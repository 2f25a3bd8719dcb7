"""The real app, driven in a real browser."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.adapters.pdf_maker import PdfPage, make_pdf, paragraph

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
CLOSED = "http://127.0.0.1:9"
SLOWEST_START_SECONDS = 90
MODEL_MILLISECONDS = 120_000


@contextmanager
def served(folder: Path, *, ollama_host: str = CLOSED, **settings: str) -> Iterator[str]:
    """The app with the real embedding model, on a free port; its address."""
    port = _free_port()
    environment = {
        **os.environ,
        "KB_HOME": str(folder / "home"),
        "KB_PORT": str(port),
        "OLLAMA_HOST": ollama_host,
        **settings,
    }
    log = (folder / "log").open("wb")
    with subprocess.Popen(
        [sys.executable, "-m", "kb", "run"], cwd=ROOT, env=environment, stdout=log, stderr=log
    ) as app:
        try:
            _await(f"http://127.0.0.1:{port}/_stcore/health", app, folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            app.terminate()
            app.wait(30)
            log.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One for all tests."""
    if not CHROMIUM.exists():
        pytest.skip(f"There is no browser at {CHROMIUM}.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page with nothing remembered."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


def lighthouse(folder: Path) -> Path:
    """A PDF of two pages about a town and its lighthouse."""
    first = paragraph(
        "Aldersea is a small harbour town.", "Its market is held on Fridays.", top=100
    )
    second = paragraph(
        "The lighthouse of Aldersea is 41 metres tall.", "It was built in 1887.", top=100
    )
    path = folder / "lighthouse.pdf"
    path.write_bytes(make_pdf(PdfPage(lines=first), PdfPage(lines=second)))
    return path


@contextmanager
def lighthouse_served(folder: Path, browser: Browser, *, ollama_host: str) -> Iterator[str]:
    """The app with the lighthouse's document in it; its address."""
    with served(folder, ollama_host=ollama_host) as address:
        page = browser.new_page()
        page.goto(f"{address}/library")
        page.locator("input[type=file]").first.set_input_files(lighthouse(folder))
        expect(page.get_by_text("2 pages · ")).to_be_visible(timeout=MODEL_MILLISECONDS)
        page.close()
        yield address


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(url: str, app: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + SLOWEST_START_SECONDS
    while time.monotonic() < until:
        assert app.poll() is None, log.read_text(encoding="utf-8", errors="replace")
        try:
            with urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.2)
    pytest.fail("The app did not start in time.")
