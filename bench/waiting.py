"""Times what a person waits for after Enter: `python -m bench.waiting --passages N [--home FOLDER]`.

Makes a knowledge base of N passages as `bench.scale` does, asks its questions in a real browser,
each in a new conversation, and a stand-in for Ollama answers, which takes OWN_SECONDS to its first
token. Prints medians and 95th percentiles in milliseconds from Enter until

- `question`: the question stands on the page
- `passages`: the passages found do, each to be opened
- `request`: the model server has the question with its passages
- `token`: the first token stands on the page, less OWN_SECONDS

A question that is refused has no `request` and no `token`. What was made is kept in --home.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench import scale_texts
from bench.scale import made
from tests.ollama_double import OllamaDouble
from tests.ollama_wire import Messages
from tests.roads.conftest import CHROMIUM, served

OWN_SECONDS = 0.3
SHOWN = ("question", "passages", "request", "token")
FIRST_WORD = "Lorem"
REPLY = (FIRST_WORD, " ipsum", " dolor.")

WATCH = """
addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  window.seen = { enter: Date.now() };
  const answer = "[class*='st-key-assistant-']";
  const found = () => [...document.querySelectorAll(`${answer} *`)].some(
    (each) => each.shadowRoot?.querySelector(".source"));
  const stands = {
    question: () => document.querySelector("[class*='st-key-user-']"),
    passages: found,
    token: () => document.querySelector(answer)?.textContent.includes("FIRST_WORD"),
  };
  const look = () => {
    for (const [what, there] of Object.entries(stands))
      if (!window.seen[what] && there()) window.seen[what] = Date.now();
    if (!window.seen.token) requestAnimationFrame(look);
  };
  look();
}, true);
""".replace("FIRST_WORD", FIRST_WORD)


@dataclass(kw_only=True)
class Answering:
    """What the stand-in says, and when it was asked last, in seconds since the epoch."""

    asked: float = field(default=0.0, init=False)

    def __call__(self, messages: Messages) -> list[str]:
        """The same to all."""
        del messages
        self.asked = time.time()
        return [*REPLY]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the times."""
    parser = argparse.ArgumentParser(prog="python -m bench.waiting", description=__doc__)
    parser.add_argument("--passages", type=int, required=True, metavar="N")
    parser.add_argument("--folder", type=Path, default=scale_texts.OWN, help="of texts")
    parser.add_argument("--home", type=Path, help="data folder; what is there is not made again")
    parser.add_argument("--questions", type=int, default=40, metavar="N")
    args = parser.parse_args(argv)
    texts = scale_texts.passages(args.folder)
    if not texts:
        parser.error(f"{args.folder} holds no .md, .txt or corpus.jsonl with any text.")
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.home or Path(temporary)) / str(args.passages)
        base_id = made(folder / "home", args.folder, args.passages)
        questions = scale_texts.questions(args.folder, texts, args.questions)
        answering = Answering()
        with OllamaDouble() as double, opened(folder, double.address) as (page, address):
            double.reply, double.delay = answering, OWN_SECONDS
            url = f"{address}/?kb={base_id}"
            asked(page, url, questions[0], answering)  # Chroma and SQLite read their files
            waited = [asked(page, url, each, answering) for each in track(questions)]
    Console(width=120).print(table(args.passages, waited))
    return 0


@contextmanager
def opened(folder: Path, ollama_host: str) -> Iterator[tuple[Page, str]]:
    """The app in a browser, and its address."""
    with served(folder, ollama_host=ollama_host) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.fspath(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = browser.new_page()
        page.add_init_script(WATCH)
        yield page, address
        browser.close()


def asked(page: Page, url: str, question: str, answering: Answering) -> dict[str, float]:
    """Milliseconds from Enter until each of SHOWN."""
    page.goto(url)
    field = page.get_by_role("textbox", name="Ask your documents")
    field.fill(question)
    page.wait_for_load_state("networkidle")
    field.press("Enter")
    page.get_by_text("Answer again").wait_for()
    seen: dict[str, float] = page.evaluate("window.seen")
    if "token" in seen:
        seen |= {"request": answering.asked * 1000, "token": seen["token"] - OWN_SECONDS * 1000}
    return {what: seen.get(what, np.nan) - seen["enter"] for what in SHOWN}


def table(count: int, waited: Sequence[dict[str, float]]) -> Table:
    """Medians and 95th percentiles."""
    shown = Table("from Enter until", "times", "p50 ms", "p95 ms", title=f"{count:,} passages")
    for what in SHOWN:
        took = [each[what] for each in waited if not np.isnan(each[what])]
        p50, p95 = np.percentile(took, [50, 95])
        shown.add_row(what, str(len(took)), f"{p50:.0f}", f"{p95:.0f}")
    return shown


if __name__ == "__main__":
    raise SystemExit(main())
