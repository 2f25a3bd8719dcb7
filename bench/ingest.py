"""Times ingestion against the usual way: `python -m bench.ingest FOLDER`.

Takes a folder of PDFs in three ways, each in processes of its own and on the same files:

- `tutorial`: PyPDFLoader, RecursiveCharacterTextSplitter(1000, 200), HuggingFaceEmbeddings and
  Chroma.from_documents, as tutorials of retrieval build it
- `Quire`: as the app does, with its children; also the seconds until the first document is found
  by its words, and until the app has ended all work
- `floor`: embedding alone, of the passages that Quire made, by the back end that Quire uses; and
  reading alone

Seconds are of the clock, without the loading of models and imports; memory is the peak of the
sum over all processes, shared pages counted once (PSS, Linux only). `--documents N` also takes in
N small documents made here and prints the memory at each quarter.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

TUTORIAL_NEEDS = "pip install -r bench/requirements-tutorial.txt"
LOOK_SECONDS = 0.5
"""How often it is asked whether all is done, and how much memory is used; to sum up the memory of
large processes takes a hundredth of a second each."""

LOADS_LANGUAGES = "A text that is long enough to load the tables that tell languages apart."

COLUMNS = ("way", "pages", "passages", "seconds", "pages/s", "passages/s", "found", "peak MB")


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table and the ratios; one way alone, as JSON, where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--documents", type=int, default=0, metavar="N")
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--way", choices=[*WAYS], help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.way:
        print(json.dumps(WAYS[args.way](args)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        quire = _run("quire", args.folder, Path(folder) / "home")
        floor = _run("floor", args.folder, Path(folder) / "home")
        tutorial = _run("tutorial", args.folder, Path(folder) / "tutorial")
        many = _run("many", args.folder, Path(folder) / "many", args.documents)
    _print(quire, floor, tutorial)
    if args.documents:
        quarters = ", ".join(f"{megabytes:.0f}" for megabytes in many["quarters"])
        print(f"{args.documents} small documents: peak MB in each quarter {quarters}")
    return 0


def _run(way: str, folder: Path, home: Path, documents: int = 0) -> dict[str, Any]:
    if way == "many" and not documents:
        return {}
    command = [sys.executable, "-m", "bench.ingest", str(folder), "--way", way]
    command += ["--home", str(home), "--documents", str(documents)]
    # The child's own memory is watched from here, so that the watching costs it nothing.
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with peak(child.pid) as mb:
        out, _ = child.communicate()
    if child.returncode:
        raise SystemExit(f"{way} failed")
    told: dict[str, Any] = json.loads(out.splitlines()[-1])
    return told | {"peak": mb()}


def _print(quire: dict[str, Any], floor: dict[str, Any], tutorial: dict[str, Any]) -> None:
    table = Table(*COLUMNS)
    for name, told in (("tutorial", tutorial), ("Quire", quire)):
        seconds = told["seconds"]
        table.add_row(
            name,
            str(told["pages"]),
            str(told["passages"]),
            f"{seconds:.1f}",
            f"{told['pages'] / seconds:.1f}",
            f"{told['passages'] / seconds:.1f}",
            f"{told['first']:.1f}" if "first" in told else f"{seconds:.1f}",
            f"{told['peak']:.0f}",
        )
    Console(width=120).print(table)
    print(f"embedding alone {floor['embedding']:.1f} s, reading alone {floor['reading']:.1f} s")
    print(f"Quire / tutorial {quire['seconds'] / tutorial['seconds']:.2f}")
    print(f"Quire / embedding alone {quire['seconds'] / floor['embedding']:.2f}")


def take_in_by_quire(args: argparse.Namespace) -> dict[str, Any]:
    """Seconds from the first file's adding until all are ready, and until one is found."""
    from kb.bootstrap import open_app
    from kb.domain.documents import UNFINISHED
    from kb.ingestion.languages import language_of
    from kb.settings import Settings
    from kb.worker import Worker

    app = open_app(Settings(home=args.home), serving=True)
    worker = Worker(app)
    try:
        for process in app.processes.embedding:
            process.settle()
        language_of(LOADS_LANGUAGES)
        _ = app.chain
        workspace = app.workspace()
        base = workspace.knowledge_bases.create("bench")
        worker.start()
        begun, first = time.perf_counter(), 0.0
        for path in _files(args.folder):
            with path.open("rb") as stream:
                workspace.documents.add(base.id, path.name, stream)
        while True:
            documents = [each.document for each in workspace.documents.listed(base.id)]
            searchable = any(document.passage_count for document in documents)
            if not first and searchable and workspace.answers.search(base.id, "company").hits:
                first = time.perf_counter() - begun
            if not any(d.state in UNFINISHED or d.ledger.waiting for d in documents):
                break
            time.sleep(LOOK_SECONDS)
        seconds = time.perf_counter() - begun
    finally:
        worker.stop()
        app.close()
    return {
        "seconds": seconds,
        "first": first,
        "pages": sum(document.page_count or 0 for document in documents),
        "passages": sum(document.passage_count for document in documents),
    }


def take_in_many(args: argparse.Namespace) -> dict[str, Any]:
    """Peak memory while many small documents are taken in, a quarter at a time."""
    import io

    from kb.bootstrap import open_app
    from kb.domain.documents import UNFINISHED
    from kb.settings import Settings
    from kb.worker import Worker

    app = open_app(Settings(home=args.home), serving=True)
    worker = Worker(app)
    quarters = []
    try:
        workspace = app.workspace()
        base = workspace.knowledge_bases.create("many")
        worker.start()
        for quarter in range(4):
            with peak(psutil.Process().pid) as mb:
                for number in range(args.documents // 4):
                    words = " ".join(f"word{quarter}{number}x{place}" for place in range(600))
                    text = f"Note {quarter}.{number}. The harbour is deep. {words}"
                    workspace.documents.add(
                        base.id, f"{quarter}-{number}.txt", io.BytesIO(text.encode())
                    )
                while any(
                    each.document.state in UNFINISHED
                    for each in workspace.documents.listed(base.id)
                ):
                    time.sleep(LOOK_SECONDS)
            quarters.append(mb())
    finally:
        worker.stop()
        app.close()
    return {"quarters": quarters}


def floor_of_quire(args: argparse.Namespace) -> dict[str, Any]:
    """Seconds of embedding alone and of reading alone, for what `quire` took in before."""
    from kb.bootstrap import open_app
    from kb.domain.media_types import PDF
    from kb.settings import Settings

    app = open_app(Settings(home=args.home), serving=True)
    try:
        bulk = app.processes.embedding[-1]
        bulk.settle()
        workspace = app.workspace()
        base = workspace.knowledge_bases.named("bench")
        documents = [each.document for each in workspace.documents.listed(base.id)]
        passages = {d.title: workspace.documents.passages(d.id) for d in documents}
        begun = time.perf_counter()
        for title, of_document in passages.items():
            for _ in app.ingestion.embed(title, of_document):
                pass
        embedding = time.perf_counter() - begun
        begun = time.perf_counter()
        for document in documents:
            app.reader.read(app.files.path(document.content_sha256), PDF, document.name)
        reading = time.perf_counter() - begun
    finally:
        app.close()
    return {"embedding": embedding, "reading": reading}


def take_in_by_tutorial(args: argparse.Namespace) -> dict[str, Any]:
    """Seconds of the tutorials' way, its model loaded before."""
    import warnings

    warnings.simplefilter("ignore")
    try:
        from langchain_chroma import Chroma
        from langchain_community.document_loaders import PyPDFLoader
        from langchain_community.embeddings import HuggingFaceEmbeddings
        from langchain_text_splitters import RecursiveCharacterTextSplitter
    except ImportError as error:
        raise SystemExit(f"The tutorials' way needs: {TUTORIAL_NEEDS}") from error
    from kb.adapters.embedding_child import bundled_folder

    embeddings = HuggingFaceEmbeddings(model_name=str(bundled_folder()))
    embeddings.embed_query("warm")
    begun = time.perf_counter()
    pages = [page for path in _files(args.folder) for page in PyPDFLoader(str(path)).load()]
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    chunks = splitter.split_documents(pages)
    Chroma.from_documents(chunks, embeddings, persist_directory=str(args.home))
    return {
        "seconds": time.perf_counter() - begun,
        "pages": len(pages),
        "passages": len(chunks),
    }


WAYS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "quire": take_in_by_quire,
    "floor": floor_of_quire,
    "tutorial": take_in_by_tutorial,
    "many": take_in_many,
}


@contextmanager
def peak(pid: int) -> Iterator[Callable[[], float]]:
    """Watch a process and its children; calling what is given tells the peak so far, in MB."""
    most, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(LOOK_SECONDS):
            most[0] = max(most[0], _megabytes(pid))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield lambda: most[0]
    finally:
        over.set()
        thread.join()


def _megabytes(pid: int) -> float:
    total = 0
    try:
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            try:
                total += process.memory_full_info().pss
            except (psutil.Error, AttributeError):
                continue
    except psutil.Error:
        return 0.0
    return total / 1e6


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() == ".pdf")


if __name__ == "__main__":
    raise SystemExit(main())
