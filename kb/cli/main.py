"""Parses the command line and runs one command on an open Workspace."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from kb.bootstrap import App, open_app
from kb.cli import add, ask, evaluate, maintain, output
from kb.domain.errors import QuireError
from kb.ports import Embedder
from kb.settings import Settings, load_settings

Command = Callable[[argparse.Namespace, App], int]


def main(argv: Sequence[str] | None = None, *, embedder: Embedder | None = None) -> int:
    """Run one command, by a given embedder instead of the configured one; its exit status."""
    args = parser().parse_args(argv)
    try:
        settings = load_settings(home=getattr(args, "home", None))
        output.configure_logging(settings.log)
        if args.command == "run":
            return _serve(settings)
        return _run(args, settings, embedder)
    except QuireError as error:
        output.error(str(error))
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
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
    for module in (add, ask, evaluate, maintain):
        module.register(commands, everywhere)
    return top


def _run(args: argparse.Namespace, settings: Settings, embedder: Embedder | None) -> int:
    app = open_app(settings, serving=False, embedder=embedder)
    try:
        if args.mends:
            app.indexes.mend()
        command: Command = args.run
        return command(args, app)
    finally:
        app.close()


def _serve(settings: Settings) -> int:
    from kb.ui.server import serve

    serve(settings)
    return 0
