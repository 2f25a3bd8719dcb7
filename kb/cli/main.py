"""Parses the command line and runs one command on an open Workspace."""

import argparse
import sys
from collections.abc import Collection, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from kb.domain.errors import QuireError
from kb.settings import Settings, load_settings

if TYPE_CHECKING:
    from kb.ports import Embedder

MODULES = (
    "add",
    "ask",
    "conversations",
    "evaluate",
    "maintain",
    "models",
    "replay",
    "support",
    "text",
)
"""The modules of this package that describe commands; `run` is described here."""


def main(argv: Sequence[str] | None = None, *, embedder: "Embedder | None" = None) -> int:
    """Run one command, by a given embedder instead of the configured one; its exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    # What the other commands import would only make the pages start later.
    args = parser(MODULES if given[:1] != ["run"] else ()).parse_args(given)
    from kb.cli import output

    try:
        settings = load_settings(home=getattr(args, "home", None))
        output.configure_logging(settings.log)
        if args.command == "run":
            return _serve(settings)
        if getattr(args, "compare", None):
            # Two files need no data folder, which the app may be holding.
            from kb.cli import compare

            return compare.run(args)
        return _run(args, settings, embedder)
    except QuireError as error:
        output.error(str(error))
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        return 130


def parser(modules: Collection[str] = MODULES) -> argparse.ArgumentParser:
    """The command line: `run` and what these modules describe."""
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument(
        "--home", type=Path, default=argparse.SUPPRESS, help="data folder (default: KB_HOME)"
    )
    top = argparse.ArgumentParser(
        prog="python -m kb",
        description="Ask your own documents and get answers that cite the page.",
        parents=[everywhere],
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("run", parents=[everywhere], help="serve the pages in a browser")
    for module in modules:
        import_module(f"kb.cli.{module}").register(commands, everywhere)
    return top


def _run(args: argparse.Namespace, settings: Settings, embedder: "Embedder | None") -> int:
    from kb.bootstrap import open_app

    app = open_app(settings, serving=False, embedder=embedder)
    try:
        if args.mends:
            app.indexes.mend()
        status: int = args.run(args, app)
        return status
    finally:
        app.close()


def _serve(settings: Settings) -> int:
    from kb.ui.server import serve

    serve(settings)
    return 0
