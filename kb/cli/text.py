"""`text`: print what was read of a document."""

import argparse
from typing import Any

from kb.bootstrap import App
from kb.cli import options, output
from kb.domain.documents import UNFINISHED, Document, DocumentState, KnowledgeBaseId, Page
from kb.domain.errors import InvalidInputError, NotFoundError
from kb.services.workspace import Workspace


def register(commands: Any, everywhere: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "text", parents=[everywhere], help="print the text of a document as it was read"
    )
    parser.add_argument("name", metavar="DOCUMENT", help="document name")
    parser.add_argument("--page", type=int, metavar="N", help="this page only")
    options.add_kb(parser)
    options.add_json(parser)
    parser.set_defaults(run=run, mends=False)


def run(args: argparse.Namespace, app: App) -> int:
    """Print each page with where its text comes from."""
    workspace = app.workspace()
    document = _named(workspace, workspace.knowledge_bases.named(args.kb).id, args.name)
    if args.page is None:
        pages = workspace.documents.pages(document.id)
    else:
        pages = [workspace.documents.page(document.id, args.page)]
    for page in pages:
        _print(document, page, as_json=args.json)
    return 0


def _named(workspace: Workspace, base_id: KnowledgeBaseId, name: str) -> Document:
    for listed in workspace.documents.listed(base_id):
        document = listed.document
        if document.name != name:
            continue
        if document.state is DocumentState.FAILED:
            raise InvalidInputError(document.error)
        if document.state is DocumentState.CANCELLED:
            raise InvalidInputError("Its reading was stopped.", subject=name)
        if document.state in UNFINISHED and not document.passage_count:
            raise InvalidInputError("It is still being read.", subject=name)
        return document
    raise NotFoundError(f"There is no document called {name}.", subject=name)


def _print(document: Document, page: Page, *, as_json: bool) -> None:
    if as_json:
        output.as_json(
            {
                "document": document.name,
                "page": page.number,
                "text": page.text,
                "source": page.text_source,
            }
        )
        return
    if document.page_count:
        output.line(f"--- page {page.number} ({page.text_source}) ---")
    output.line(page.text)
