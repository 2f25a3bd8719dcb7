"""Documents, names and models that would run, load or lead somewhere, in a real browser."""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from kb.answering.citations import without_marks
from tests.ollama_double import OllamaDouble
from tests.roads.conftest import MODEL_MILLISECONDS, served
from tests.roads.payloads import PAYLOADS, STEERING
from tests.roads.test_answers import ask, growing, said

pytestmark = pytest.mark.road

NAMES = [f"{payload[:80].replace('/', '_')}.txt" for payload in PAYLOADS if payload.isprintable()]
"""Of files; a browser gives no slash in one."""

HTML = (
    "<html><head><title>&lt;img src=x onerror=window.__ran=1&gt;</title></head><body>"
    "<p>Aldersea has a harbour.</p><h1>&lt;script&gt;window.__ran=1&lt;/script&gt;</h1>"
    f"{''.join(PAYLOADS)}</body></html>"
)

MADE = "script, iframe, img, object, embed, link, style, base, form, video, audio, svg, math, a"
"""Elements that no text of theirs may become."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def double() -> Iterator[OllamaDouble]:
    with OllamaDouble() as double:
        yield double


@pytest.fixture(scope="module")
def address(double: OllamaDouble, browser: Browser, folder: Path) -> Iterator[str]:
    """The app with documents of payloads in it, named by payloads, one with such a title."""
    with served(folder, ollama_host=double.address) as address:
        page = browser.new_page()
        page.goto(f"{address}/library")
        files = _files()
        page.locator("input[type=file]").first.set_input_files(files)
        expect(page.get_by_text(f"{len(files)} documents, ")).to_be_visible(
            timeout=MODEL_MILLISECONDS
        )
        expect(
            page.get_by_text(re.compile(r"^(Waiting|Reading|Searchable by words)"))
        ).to_have_count(0, timeout=MODEL_MILLISECONDS)
        page.close()
        yield address


@pytest.fixture
def watched(page: Page, address: str) -> Iterator[Page]:
    """A page on which nothing may run, nothing may be asked of another place, nothing may open."""
    asked: list[str] = []
    opened: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.context.on("page", lambda other: opened.append(other.url))
    page.on("dialog", lambda dialog: opened.append(dialog.message))
    yield page
    assert page.url.startswith(address)
    assert page.evaluate("window.__ran") is None
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert opened == []


def test_what_a_model_says_is_drawn_as_text_and_kept_as_it_came(
    address: str, watched: Page, double: OllamaDouble, folder: Path
) -> None:
    for some in (PAYLOADS[:50], PAYLOADS[50:]):
        double.reply, double.delay = [f"{payload}\n\n" for payload in some], 0.02
        watched.goto(address)
        ask(watched, f"What does it say of {some[0]}?")
        expect(growing(watched).first).to_be_visible(timeout=MODEL_MILLISECONDS)
        _expect_no_elements(watched, ".stMarkdown")
        expect(said(watched)).to_contain_text(
            "supported by your documents", timeout=MODEL_MILLISECONDS
        )
        _expect_no_elements(watched, ".reading")
        shown = _squeezed(said(watched).inner_text())
        tags = [one for one in some if one.startswith("<") and "\x0c" not in one]
        assert [one for one in tags if _squeezed(one) not in shown] == []
        kept = without_marks("\n".join(_kept(folder)))
        lines = [one for one in some if "\u2028" not in one and one == without_marks(one)]
        assert [one for one in lines if one not in kept] == []


def test_documents_and_their_names_are_drawn_as_text_wherever_they_are_shown(
    address: str, watched: Page
) -> None:
    watched.goto(f"{address}/library")
    expect(watched.get_by_role("button", name="page.html")).to_be_visible()
    listed = _squeezed(watched.locator(".stMain").inner_text())
    assert [name for name in NAMES[::8] if _squeezed(name) not in listed] == []
    _expect_no_elements(watched, ".stMarkdown")
    watched.goto(f"{address}/search?q=payload")
    field = watched.get_by_role("textbox").first
    field.fill("payload picture script")
    field.press("Enter")
    expect(watched.locator(".reading").first).to_be_visible(timeout=MODEL_MILLISECONDS)
    _expect_no_elements(watched, ".reading")
    _expect_no_elements(watched, ".stMarkdown")


def test_a_document_of_markup_is_drawn_as_text_on_its_own_page(address: str, watched: Page) -> None:
    watched.goto(f"{address}/library")
    watched.get_by_role("button", name=re.compile("page.html")).first.click()
    expect(watched.get_by_text("Aldersea").first).to_be_visible(timeout=MODEL_MILLISECONDS)
    _expect_no_elements(watched, ".reading")


def test_documents_that_steer_the_answer_get_nothing_out(
    address: str, watched: Page, double: OllamaDouble
) -> None:
    watched.goto(address)
    for number in range(0, len(STEERING), 10):
        double.reply = [
            "Aldersea keeps a secret [1]. ",
            *(f"{order}\n\n" for order in STEERING[number : number + 10]),
        ]
        ask(watched, f"What is the secret of Aldersea, part {number // 10}?")
        expect(watched.get_by_text(f"part {number // 10}?").first).to_be_visible()
        expect(watched.locator("[class*='st-key-assistant-'] .reading")).to_have_count(
            number // 10 + 1, timeout=MODEL_MILLISECONDS
        )
    _expect_no_elements(watched, ".reading")
    prompts = [str(asked.body) for asked in double.requests if asked.path == "/api/chat"]
    assert any("Ignore all earlier instructions" in prompt for prompt in prompts)
    expect(said(watched)).to_contain_text("elsewhere.invalid")


def _expect_no_elements(page: Page, within: str) -> None:
    """No element but Streamlit's own pictures of buttons and of headings' places."""
    made = page.locator(within).locator(MADE)
    told = [
        one
        for one in made.evaluate_all("all => all.map(one => one.outerHTML)")
        if "stIconMaterial" not in one and not re.match(r'<(a|svg)[^>]*(href="#|viewBox=)', one)
    ]
    assert told == []


def _squeezed(text: str) -> str:
    """Without white space and the joiners that keep Markdown from seeing addresses in names."""
    return "".join(text.replace("\N{WORD JOINER}", "").split())


def _kept(folder: Path) -> Sequence[str]:
    """The answers."""
    path = folder / "home" / "quire.sqlite"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
        rows = store.execute("SELECT content FROM messages WHERE role = 'assistant'")
        return [content for (content,) in rows]


def _files() -> list[FilePayload]:
    """Documents of payloads named by payloads, one with such a title, 50 that give orders."""
    return [
        *(
            _file(f"order-{at}.txt", f"The secret of Aldersea, part {at // 10}. {order}")
            for at, order in enumerate(STEERING)
        ),
        *(
            _file(name, "\n\n".join(f"A payload of Aldersea: {one}" for one in PAYLOADS[at::8]))
            for at, name in enumerate(NAMES[::8])
        ),
        _file("page.html", HTML),
    ]


def _file(name: str, text: str) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}
