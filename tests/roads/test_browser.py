"""The whole road in a real browser: upload a PDF, ask, open the citation, read its page."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.adapters.pdf_maker import PdfPage, make_pdf, paragraph
from tests.roads.conftest import MODEL_MILLISECONDS, lighthouse, served

pytestmark = pytest.mark.road


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The app without Ollama."""
    with served(tmp_path) as address:
        yield address


def test_a_pdf_is_uploaded_asked_and_its_page_read_beside_the_answer(
    address: str, page: Page, tmp_path: Path
) -> None:
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname or ""))
    page.on("websocket", lambda socket: hosts.add(urlsplit(socket.url).hostname or ""))

    page.goto(f"{address}/library")
    page.locator("input[type=file]").first.set_input_files(lighthouse(tmp_path))
    expect(page.get_by_text("2 pages · ")).to_be_visible(timeout=MODEL_MILLISECONDS)

    page.get_by_role("link", name="Chat").click()
    question = page.get_by_role("textbox", name="Ask your documents")
    question.fill("How tall is the lighthouse of Aldersea?")
    question.press("Enter")
    citation = page.locator("button.citation").first
    expect(citation).to_be_visible(timeout=MODEL_MILLISECONDS)
    expect(page.get_by_text("No language model is connected")).to_be_visible()

    citation.click()
    evidence = page.locator(".st-key-evidence")
    expect(evidence.get_by_text("lighthouse.pdf, page 2 of 2")).to_be_visible()
    expect(evidence.locator("mark")).to_contain_text("41 metres")
    expect(evidence.get_by_role("img", name="Page 2 of lighthouse.pdf")).to_be_visible()

    page.reload()
    expect(page.locator(".st-key-evidence mark")).to_contain_text("41 metres")
    page.keyboard.press("Escape")
    expect(page.locator(".st-key-evidence")).to_have_count(0)
    assert hosts <= {"127.0.0.1", ""}


def test_a_folder_is_taken_in_watched_changed_and_brought_back(
    address: str, page: Page, tmp_path: Path
) -> None:
    letters = _letters(tmp_path)
    page.goto(f"{address}/library")
    page.get_by_role("radio", name="Folder", exact=True).click()
    page.locator("input[webkitdirectory]").set_input_files(letters)
    long_one = _row(page, "letters/long.txt")
    expect(long_one.get_by_role("progressbar")).to_be_visible()
    long_one.get_by_role("button", name="Cancel").click()
    expect(long_one).to_contain_text("Cancelled")
    for name in ("letters/harbour.txt", "letters/market.txt"):
        expect(_row(page, name)).to_contain_text("1 passage", timeout=MODEL_MILLISECONDS)
    long_one.get_by_role("button", name="Retry").click()
    expect(long_one).to_contain_text(re.compile(r"\d+ passages ·"), timeout=MODEL_MILLISECONDS)

    page.get_by_role("radio", name="Files", exact=True).click()
    first = _pdf(tmp_path / "1", "The ferry leaves at nine.", "It carries cars.")
    files = page.locator("input[type=file]:not([webkitdirectory])")
    files.set_input_files(first)
    expect(_row(page, "ferry.pdf")).to_contain_text("2 pages", timeout=MODEL_MILLISECONDS)
    second = _pdf(tmp_path / "2", "The ferry leaves at ten.", "It carries cars.")
    files.set_input_files(second)
    expect(_row(page, "ferry.pdf").get_by_text("version 2 · 2 pages")).to_be_visible(
        timeout=MODEL_MILLISECONDS
    )
    page.get_by_role("button", name="ferry.pdf").click()
    page.get_by_text("2 versions").click()
    expect(page.get_by_text("searched now · 1 page altered")).to_be_visible()
    page.get_by_text("Pages", exact=True).click()
    page.get_by_role("button", name="Page 2: text of the file").click()
    expect(page.get_by_role("img", name="Page 2 of ferry.pdf")).to_be_visible()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("This is version 2, which was replaced.")).to_be_visible()
    page.get_by_role("button", name="Open version 1").click()
    expect(page.get_by_text("The ferry leaves at nine.")).to_be_visible()

    page.get_by_role("button", name="Library", exact=True).click()
    watched = tmp_path / "watched"
    watched.mkdir()
    (watched / "storm.txt").write_text("The storm came at night.", encoding="utf-8")
    page.get_by_role("radio", name="Watched folder").click()
    page.get_by_role("textbox", name="Folder").fill(str(watched))
    page.get_by_role("button", name="Watch", exact=True).click()
    expect(page.get_by_text("1 watched folder")).to_be_visible()
    expect(_row(page, "storm.txt")).to_contain_text("1 passage", timeout=MODEL_MILLISECONDS)
    (watched / "calm.txt").write_text("The sea was calm again.", encoding="utf-8")
    (watched / "storm.txt").unlink()
    expect(_row(page, "calm.txt")).to_contain_text("1 passage", timeout=MODEL_MILLISECONDS)
    expect(_row(page, "storm.txt")).to_have_count(0)


def _row(page: Page, name: str) -> Locator:
    """The row of a document in the Library's list."""
    button = page.get_by_role("button", name=name, exact=True)
    return page.locator("[class*='st-key-row-']").filter(has=button)


def _letters(folder: Path) -> Path:
    letters = folder / "letters"
    letters.mkdir()
    (letters / "harbour.txt").write_text("The harbour is deep.", encoding="utf-8")
    (letters / "market.txt").write_text("The market is on Fridays.", encoding="utf-8")
    words = "".join(f"Ship {number} brought salt and rope to the quay. " for number in range(4000))
    (letters / "long.txt").write_text(words, encoding="utf-8")
    return letters


def _pdf(folder: Path, *texts: str) -> Path:
    folder.mkdir()
    path = folder / "ferry.pdf"
    pages = [PdfPage(lines=paragraph(text, top=100)) for text in texts]
    path.write_bytes(make_pdf(*pages))
    return path
