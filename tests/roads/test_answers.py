"""Asking in a real browser, with a stand-in for Ollama that does as it is told."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.ollama_double import OllamaDouble, reply
from tests.ollama_wire import model_entry
from tests.roads.conftest import MODEL_MILLISECONDS, lighthouse_served

pytestmark = pytest.mark.road

QUESTION = "How tall is the lighthouse of Aldersea?"
TALL = "The lighthouse of Aldersea is 41 metres tall [1]. "
BUDGET = re.compile(r"\d passages, \d[\d,]* of 8,192 tokens")
LONG = ["The", " lighthouse", " of", " Aldersea", " is", *[" very"] * 200, " tall", "."]


@pytest.fixture(scope="module")
def double() -> Iterator[OllamaDouble]:
    with OllamaDouble() as double:
        yield double


@pytest.fixture(scope="module")
def address(
    double: OllamaDouble, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The app with one document in it."""
    folder = tmp_path_factory.mktemp("chat")
    with lighthouse_served(folder, browser, ollama_host=double.address) as address:
        yield address


@pytest.fixture(autouse=True)
def as_ever(double: OllamaDouble) -> Iterator[None]:
    """What one test tells the double is forgotten before the next."""
    double.reply, double.delay, double.ending, double.gated = reply, 0.0, "done", False
    double.models, double.thinking = ["qwen3:4b"], []
    yield
    double.open_gate()


def ask(page: Page, question: str = QUESTION) -> None:
    field = page.get_by_role("textbox", name="Ask your documents")
    field.fill(question)
    field.press("Enter")


def said(page: Page) -> Locator:
    """The last answer that is written; one that was there before goes once another is."""
    return page.locator("[class*='st-key-assistant-'] .reading").last


def growing(page: Page) -> Locator:
    return page.locator("[class*='st-key-assistant-'] .stMarkdown")


def test_an_answer_streams_onto_the_page_and_ends_with_its_verdict(
    address: str, page: Page, double: OllamaDouble
) -> None:
    double.reply = [TALL, "Dragons ", "guard ", "its ", "gold ", "[1]."]
    double.delay = 0.5
    page.goto(address)
    ask(page)
    expect(page.get_by_text("Found these passages")).to_be_visible(timeout=MODEL_MILLISECONDS)
    expect(growing(page).get_by_text("Dragons guard")).to_be_visible()
    expect(said(page).get_by_text("1 of 2 sentences supported")).to_be_visible()
    marked = said(page).locator(".claim.unsupported")
    expect(marked).to_have_text("Dragons guard its gold.")
    expect(said(page).locator("button.citation")).to_have_count(1)


def test_a_model_thinks_where_that_is_turned_on_and_its_thoughts_are_folded_above_the_answer(
    address: str, page: Page, double: OllamaDouble
) -> None:
    double.models = [{**model_entry("qwen3:4b"), "capabilities": ["completion", "thinking"]}]
    double.thinking = ["Is", " it", " <b>tall</b>", "?"] * 10
    double.reply, double.delay = [TALL], 0.1
    page.goto(address)
    thinks = page.get_by_text("Thinks before it answers")
    thinks.click()
    expect(page.get_by_role("switch", name="Thinks before it answers")).to_be_checked()
    ask(page)
    expect(page.get_by_text("The model thinks before it answers")).to_be_visible()
    thoughts = page.get_by_text("Is it <b>tall</b>?")
    expect(thoughts).to_be_hidden()
    page.get_by_text("Thoughts", exact=True).click()
    expect(thoughts).to_be_visible()
    expect(said(page).locator("button.citation")).to_have_count(1)
    expect(thoughts).to_be_hidden()
    page.get_by_text("Thoughts", exact=True).click()
    expect(thoughts).to_be_visible()
    assert double.chats[-1].body["think"] is True
    thinks.click()
    expect(page.get_by_role("switch", name="Thinks before it answers")).not_to_be_checked()


def test_a_citation_opens_the_page_as_a_picture_with_the_passage_marked(
    address: str, page: Page, double: OllamaDouble
) -> None:
    double.reply = [TALL]
    page.goto(address)
    ask(page)
    said(page).locator("button.citation").click()
    evidence = page.locator(".st-key-evidence")
    expect(evidence.locator("mark")).to_contain_text("41 metres")
    picture = evidence.get_by_role("img", name="Page 2 of lighthouse.pdf")
    expect(picture).to_be_visible()
    assert _yellow(page, picture) > 100
    evidence.get_by_role("button", name="Previous").click()
    first = evidence.get_by_role("img", name="Page 1 of lighthouse.pdf")
    expect(first).to_be_visible()
    assert _yellow(page, first) == 0


def test_stop_keeps_what_was_said_and_hangs_up(
    address: str, page: Page, double: OllamaDouble
) -> None:
    double.reply, double.delay = LONG, 0.1
    page.goto(address)
    ask(page)
    expect(growing(page).get_by_text("very very")).to_be_visible(timeout=MODEL_MILLISECONDS)
    page.get_by_role("button", name="Stop").click()
    expect(said(page).get_by_text("Stopped here.")).to_be_visible()
    expect(said(page)).to_contain_text("very very")
    assert double.wait_for_hang_up()


def test_an_answer_goes_on_while_the_page_is_reloaded_or_shows_something_else(
    address: str, page: Page, double: OllamaDouble
) -> None:
    double.reply, double.delay = LONG[:60], 0.1
    page.goto(address)
    ask(page)
    expect(growing(page).get_by_text("very very")).to_be_visible(timeout=MODEL_MILLISECONDS)
    page.reload()
    expect(growing(page).get_by_text("very very")).to_be_visible()
    page.get_by_role("button", name="New conversation").click()
    expect(growing(page)).to_have_count(0)
    page.get_by_role("link", name="Library").click()
    page.get_by_role("link", name="Chat").click()
    page.get_by_role("button", name=QUESTION).first.click()
    expect(said(page)).to_contain_text("very very", timeout=MODEL_MILLISECONDS)
    expect(said(page).get_by_text("sentence supported")).to_be_visible()
    assert len(double.chats[-1].body["messages"]) == 2


def test_a_second_tab_shows_the_same_answer_growing(
    address: str, page: Page, double: OllamaDouble
) -> None:
    double.reply, double.delay = LONG[:60], 0.1
    page.goto(address)
    ask(page)
    expect(growing(page).get_by_text("very very")).to_be_visible(timeout=MODEL_MILLISECONDS)
    second = page.context.new_page()
    second.goto(page.url)
    expect(growing(second).get_by_text("very very")).to_be_visible()
    for tab in (page, second):
        expect(said(tab)).to_contain_text("supported", timeout=MODEL_MILLISECONDS)


def test_an_answer_is_given_again_and_both_versions_are_kept(
    address: str, page: Page, double: OllamaDouble
) -> None:
    double.reply = [TALL]
    page.goto(address)
    ask(page)
    expect(said(page)).to_contain_text("41 metres tall", timeout=MODEL_MILLISECONDS)
    double.reply = ["It was built in 1887 [1]."]
    said(page).get_by_role("button", name="Answer again").click()
    expect(said(page)).to_contain_text("It was built in 1887")
    expect(said(page)).to_contain_text("2 of 2")
    said(page).get_by_role("button", name="Version before").click()
    expect(said(page)).to_contain_text("41 metres tall")
    expect(said(page)).to_contain_text("1 of 2")


def test_a_question_is_edited_and_the_old_branch_stays(
    address: str, page: Page, double: OllamaDouble
) -> None:
    double.reply = [TALL]
    page.goto(address)
    ask(page)
    expect(said(page)).to_contain_text("41 metres")
    double.reply = ["It was built in 1887 [1]."]
    page.get_by_role("button", name="Edit").click()
    page.get_by_role("textbox", name="Your question").fill("When was the lighthouse built?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(said(page)).to_contain_text("1887")
    questions = page.locator("[class*='st-key-user-'] .reading")
    expect(questions).to_contain_text("When was the lighthouse built?")
    questions.get_by_role("button", name="Version before").click()
    expect(questions.filter(has_text=QUESTION)).to_be_visible()
    expect(said(page)).to_contain_text("41 metres")


def test_an_answer_that_waits_for_another_says_so(
    address: str, page: Page, double: OllamaDouble
) -> None:
    double.reply = [TALL]
    double.close_gate()
    page.goto(address)
    ask(page)
    expect(page.get_by_text("Found these passages")).to_be_visible(timeout=MODEL_MILLISECONDS)
    second = page.context.new_page()
    second.goto(address)
    ask(second)
    expect(second.get_by_text("1 answer will be written before this one.")).to_be_visible()
    double.open_gate()
    for tab in (page, second):
        expect(said(tab)).to_contain_text("41 metres", timeout=MODEL_MILLISECONDS)


def test_a_model_that_goes_away_in_mid_answer_is_told_with_a_way_out(
    address: str, page: Page, double: OllamaDouble
) -> None:
    double.reply, double.ending = ["The lighthouse is", " tall"], "cut"
    page.goto(address)
    ask(page)
    expect(said(page)).to_contain_text("The lighthouse is", timeout=MODEL_MILLISECONDS)
    expect(said(page).get_by_text("The connection to the model broke")).to_be_visible()
    page.get_by_role("button", name="Answer with quotes").click()
    expect(said(page)).to_contain_text("The lighthouse of Aldersea is 41 metres tall.")


def test_details_tell_the_passages_and_tokens_an_answer_was_made_of(
    address: str, page: Page, double: OllamaDouble
) -> None:
    double.reply = [TALL]
    page.goto(address)
    double.close_gate()
    ask(page)
    expect(page.get_by_text(BUDGET)).to_be_visible(timeout=MODEL_MILLISECONDS)
    double.open_gate()
    said(page).get_by_role("button", name="Details").click()
    details = page.get_by_role("dialog")
    expect(details.get_by_text(BUDGET)).to_be_visible()
    expect(details.get_by_text("The server counted")).to_be_visible()


def test_an_answer_is_rated_with_a_reason_that_is_kept(
    address: str, page: Page, double: OllamaDouble
) -> None:
    double.reply = [TALL]
    page.goto(address)
    ask(page)
    said(page).get_by_role("button", name="Not helpful").click(timeout=MODEL_MILLISECONDS)
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="It leaves something out").click()
    dialog.get_by_role("textbox").fill("When was it built?")
    dialog.get_by_role("button", name="Keep this").click()
    expect(dialog).to_have_count(0)
    page.reload()
    rated = said(page).get_by_role("button", name="Not helpful")
    expect(rated).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize(("format", "begins"), [("PDF", b"%PDF"), ("Word", b"PK")])
def test_an_answer_is_exported_to_a_file(
    address: str, page: Page, double: OllamaDouble, format: str, begins: bytes
) -> None:
    double.reply = [TALL]
    page.goto(address)
    ask(page)
    said(page).get_by_role("button", name="Export").click(timeout=MODEL_MILLISECONDS)
    dialog = page.get_by_role("dialog")
    with page.expect_download() as download:
        dialog.get_by_role("button", name=format).click()
    assert download.value.path().read_bytes().startswith(begins)


def test_a_question_is_put_to_one_document_from_its_own_page(
    address: str, page: Page, double: OllamaDouble, tmp_path: Path
) -> None:
    ferry = tmp_path / "ferry.txt"
    ferry.write_text("The ferry to Aldersea takes 40 minutes.", encoding="utf-8")
    page.goto(f"{address}/library")
    page.locator("input[type=file]").first.set_input_files(ferry)
    expect(page.get_by_text("1 passage ·")).to_be_visible(timeout=MODEL_MILLISECONDS)
    page.get_by_role("button", name="ferry.txt", exact=True).click()
    page.get_by_role("button", name="Something else").click(timeout=MODEL_MILLISECONDS)
    double.reply = ["The ferry to Aldersea takes 40 minutes [1]."]
    ask(page, "How long does the ferry to Aldersea take?")
    expect(said(page)).to_contain_text("1 of 1", timeout=MODEL_MILLISECONDS)
    expect(page.get_by_text("Asked only of ferry.txt.")).to_be_visible()
    prompt = double.chats[-1].body["messages"][-1]["content"]
    assert "ferry" in prompt
    assert "lighthouse" not in prompt


def test_a_model_is_downloaded_while_the_page_is_left_and_cancelled(
    address: str, page: Page, double: OllamaDouble
) -> None:
    double.pulling.held = True
    page.goto(f"{address}/settings")
    field = page.get_by_role("textbox", name="Download a model")
    field.fill("tiny:1b")
    page.get_by_role("button", name="Download", exact=True).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("link", name="Library").click()
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    double.pulling.held = False
    page.get_by_role("button", name="Download again").click()
    expect(page.get_by_text("is installed.")).to_be_visible()
    assert [row["name"] for row in double.rows()] == ["qwen3:4b", "tiny:1b"]


def _yellow(page: Page, picture: Locator) -> int:
    """How many points of a picture are marked."""
    count: int = picture.evaluate(
        """async (image) => {
          await image.decode();
          const canvas = document.createElement("canvas");
          canvas.width = image.naturalWidth;
          canvas.height = image.naturalHeight;
          const pen = canvas.getContext("2d");
          pen.drawImage(image, 0, 0);
          const dots = pen.getImageData(0, 0, canvas.width, canvas.height).data;
          let count = 0;
          for (let at = 0; at < dots.length; at += 4) {
            if (dots[at] > 240 && dots[at + 2] < 190) count += 1;
          }
          return count;
        }"""
    )
    return count
