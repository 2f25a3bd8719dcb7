"""Times searches and pages while documents are taken in: `python -m bench.busy FOLDER`.

The folder's first PDF is taken in, then searched with nothing else at work; then searched again,
and the Library drawn, while the others are taken in. Prints medians and 95th percentiles in
milliseconds, and the ratio of the busy to the idle ones.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest

from kb.bootstrap import App, open_app
from kb.domain.documents import UNFINISHED, KnowledgeBaseId
from kb.settings import Settings
from kb.ui.server import use_app
from kb.worker import Worker

TIMES = 60
QUESTIONS = (
    "What were the net sales of the year?",
    "Which risks come from suppliers?",
    "How large is the deferred tax liability?",
    "Who audits the financial statements?",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the times."""
    parser = argparse.ArgumentParser(prog="python -m bench.busy", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    args = parser.parse_args(argv)
    first, *others = sorted(args.folder.glob("*.pdf"))
    with tempfile.TemporaryDirectory() as home:
        app = open_app(Settings(home=Path(home), chat_model="quotes"), serving=True)
        worker = Worker(app)
        try:
            for process in app.processes.embedding:
                process.settle()
            base_id = app.workspace().knowledge_bases.first().id
            worker.start()
            add(app, base_id, [first])
            while unfinished(app, base_id):
                time.sleep(0.2)
            search, page = searching(app, base_id), drawing(app)
            idle = {"search": timed(search), "page": timed(page)}
            add(app, base_id, others)
            busy = {"search": timed(search), "page": timed(page)}
            if not unfinished(app, base_id):
                raise SystemExit("The folder is too small: all was taken in before the end.")
        finally:
            worker.stop()
            app.close()
    for name, (idle_50, idle_95) in idle.items():
        busy_50, busy_95 = busy[name]
        print(
            f"{name}: idle p50 {idle_50:.0f} p95 {idle_95:.0f} ms, "
            f"busy p50 {busy_50:.0f} p95 {busy_95:.0f} ms, p95 ratio {busy_95 / idle_95:.2f}"
        )
    return 0


def add(app: App, base_id: KnowledgeBaseId, paths: Sequence[Path]) -> None:
    """Store the files and queue them."""
    for path in paths:
        with path.open("rb") as stream:
            app.workspace().documents.add(base_id, path.name, stream)


def unfinished(app: App, base_id: KnowledgeBaseId) -> bool:
    """Whether anything is still being taken in."""
    listed = app.workspace().documents.listed(base_id)
    return any(each.document.state in UNFINISHED for each in listed)


def searching(app: App, base_id: KnowledgeBaseId) -> Callable[[int], object]:
    """A search, another question each time."""
    answers = app.workspace().answers
    return lambda turn: answers.search(base_id, f"{QUESTIONS[turn % len(QUESTIONS)]} {turn}")


def drawing(app: App) -> Callable[[int], object]:
    """One more drawing of the Library."""
    use_app(app)
    page = AppTest.from_file(str(Path(__file__).parents[1] / "app.py"), default_timeout=30)
    page.run()
    page.switch_page("pages/library.py").run()
    return lambda _: page.run()


def timed(work: Callable[[int], object]) -> tuple[float, float]:
    """Median and 95th percentile of its times, in milliseconds; the first times do not count."""
    took = []
    for turn in range(TIMES + 3):
        begun = time.perf_counter()
        work(turn)
        took.append((time.perf_counter() - begun) * 1000)
    p50, p95 = np.percentile(took[3:], [50, 95])
    return float(p50), float(p95)


if __name__ == "__main__":
    raise SystemExit(main())
