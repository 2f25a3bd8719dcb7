"""`list`, `remove`, `rebuild`, `check`: look after a knowledge base."""

import argparse
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from kb.bootstrap import App
from kb.cli import options, output
from kb.domain.documents import KnowledgeBase
from kb.domain.errors import NotFoundError


def register(commands: Any, everywhere: argparse.ArgumentParser) -> None:
    """Describe the commands."""
    for name, run, says in (
        ("list", run_list, "list the documents of a knowledge base"),
        ("remove", run_remove, "remove documents with all that was made of them"),
        ("rebuild", run_rebuild, "make word and vector indexes anew, without reading or embedding"),
        ("check", run_check, "compare the indexes with the records"),
    ):
        parser = commands.add_parser(name, parents=[everywhere], help=says)
        if name == "remove":
            parser.add_argument("names", nargs="+", metavar="DOCUMENT", help="document name")
        if name in ("rebuild", "check"):
            parser.add_argument("--kb", metavar="NAME", help="knowledge base (default: all)")
        else:
            options.add_kb(parser)
        options.add_json(parser)
        # A check that mended first would have nothing to say; rebuild mends by itself.
        parser.set_defaults(run=run, mends=name not in ("check", "rebuild"))


def run_list(args: argparse.Namespace, app: App) -> int:
    """One line a document."""
    workspace = app.workspace()
    base = workspace.knowledge_bases.named(args.kb)
    for listed in workspace.documents.listed(base.id):
        document = listed.document
        told = {
            "document": document.name,
            "status": document.state,
            "pages": document.page_count,
            "passages": document.passage_count,
            "pages_by_source": asdict(document.ledger),
            "bytes": document.size_bytes,
            "error": document.error or None,
        }
        if args.json:
            output.as_json(told)
        else:
            output.line(f"{document.state:<8} {document.passage_count:>6}  {document.name}")
    return 0


def run_remove(args: argparse.Namespace, app: App) -> int:
    """Remove by name; 1 if any is not there."""
    workspace = app.workspace()
    base = workspace.knowledge_bases.named(args.kb)
    documents = [listed.document for listed in workspace.documents.listed(base.id)]
    for missing in set(args.names) - {document.name for document in documents}:
        raise NotFoundError(f"There is no document called {missing}.", subject=missing)
    for name in dict.fromkeys(args.names):
        for document in documents:
            if document.name == name:
                # It may have gone with the mail or archive that it came in.
                with suppress(NotFoundError):
                    workspace.documents.remove(document.id)
        _say(args, {"document": name, "status": "removed"}, f"removed  {name}")
    return 0


def run_rebuild(args: argparse.Namespace, app: App) -> int:
    """Make the indexes anew from the records."""
    for base in _bases(args, app):
        passages = app.indexes.rebuild(base.id)
        told = {"kb": base.name, "passages": passages}
        _say(args, told, f"{base.name}: {passages} passages indexed")
    return 0


def run_check(args: argparse.Namespace, app: App) -> int:
    """Say how the indexes differ; 1 if they do."""
    names = {base.name for base in _bases(args, app)}
    different = False
    for difference in app.indexes.check():
        if difference.knowledge_base not in names:
            continue
        different = different or not difference.agrees
        told = {
            "kb": difference.knowledge_base,
            "agrees": difference.agrees,
            "passages": difference.passages,
            "missing_vectors": difference.missing_vectors,
            "stray_vectors": difference.stray_vectors,
            "words_agree": difference.words_agree,
        }
        state = "in step" if difference.agrees else "differs; it is mended at the next start"
        _say(args, told, f"{difference.knowledge_base}: {difference.passages} passages, {state}")
    return 1 if different else 0


def _bases(args: argparse.Namespace, app: App) -> list[KnowledgeBase]:
    """The named knowledge base, or all."""
    bases = app.workspace().knowledge_bases
    return [bases.named(args.kb)] if args.kb else bases.all()


def _say(args: argparse.Namespace, told: dict[str, Any], shown: str) -> None:
    if args.json:
        output.as_json(told)
    else:
        output.line(shown)
