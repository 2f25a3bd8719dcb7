"""Conversations, questions and answers of great length, in a real browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ollama_double import OllamaDouble
from tests.roads.conftest import MODEL_MILLISECONDS, lighthouse_served
from tests.roads.test_answers import TALL, ask, said

pytestmark = pytest.mark.road

TURNS = 60
DRAWN = """Costs $5 and $6, $x^2 + \\frac{1}{2}$, <b>bold</b> & more.

- one
- **two** of `code`

```python
if a < b: print("$")
```

| Item | Price |
|---|---|
| Lamp | $5 |

مرحبا بالعالم، شاهد المنارة.
"""


@pytest.fixture(scope="module")
def double() -> Iterator[OllamaDouble]:
    with OllamaDouble() as double:
        yield double


@pytest.fixture(scope="module")
def address(
    double: OllamaDouble, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The app with one document in it."""
    folder = tmp_path_factory.mktemp("long")
    with lighthouse_served(folder, browser, ollama_host=double.address) as address:
        yield address


def test_sixty_turns_are_drawn_and_the_next_is_asked(
    address: str, page: Page, double: OllamaDouble
) -> None:
    double.reply = [TALL]
    page.goto(address)
    questions = page.locator("[class*='st-key-user-']")
    answers = page.get_by_text("1 of 1 sentence supported by your documents.")
    for number in range(1, TURNS + 1):
        ask(page)
        expect(answers).to_have_count(number, timeout=MODEL_MILLISECONDS)
    page.reload()
    expect(answers).to_have_count(TURNS, timeout=MODEL_MILLISECONDS)
    expect(questions).to_have_count(TURNS)
    said(page).locator("button.citation").click()
    expect(page.locator(".st-key-evidence mark")).to_contain_text("41 metres")


def test_a_question_of_20000_characters_is_asked_and_kept_whole(
    address: str, page: Page, double: OllamaDouble
) -> None:
    double.reply = [TALL]
    question = ("How tall is the lighthouse of Aldersea? " * 500)[:19_999] + "?"
    page.goto(address)
    ask(page, question)
    expect(page.get_by_text("1 of 1 sentence supported")).to_be_visible(timeout=MODEL_MILLISECONDS)
    page.reload()
    told = page.locator("[class*='st-key-user-']").first
    expect(told).to_contain_text(question, timeout=MODEL_MILLISECONDS)


def test_an_answer_of_10000_tokens_is_drawn_whole(
    address: str, page: Page, double: OllamaDouble
) -> None:
    double.reply = [
        f"The lamp number {n} is lit at night by the old keeper. " for n in range(1_000)
    ]
    page.goto(address)
    ask(page)
    expect(said(page).get_by_text(re.compile("of 1,?000 sentences"))).to_be_visible(
        timeout=2 * MODEL_MILLISECONDS
    )
    expect(said(page)).to_contain_text("The lamp number 0 is lit at night")
    expect(said(page)).to_contain_text("The lamp number 999 is lit at night")


def test_signs_code_tables_and_other_scripts_are_drawn_as_they_are(
    address: str, page: Page, double: OllamaDouble
) -> None:
    double.reply = [DRAWN]
    page.goto(address)
    ask(page)
    answer = said(page)
    expect(answer).to_contain_text("supported by your documents", timeout=MODEL_MILLISECONDS)
    expect(answer).to_contain_text("Costs $5 and $6, $x^2 + \\frac{1}{2}$, <b>bold</b> & more.")
    expect(answer.locator("strong")).to_have_text("two")
    expect(answer.locator("pre")).to_have_text('if a < b: print("$")')
    arabic = answer.locator("p", has_text="مرحبا")
    assert arabic.evaluate("one => getComputedStyle(one).direction") == "rtl"
