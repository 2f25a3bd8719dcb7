"""`models`: the language models that are there; download one, delete one."""

import argparse
import time
from typing import Any

from rich.progress import Progress

from kb.bootstrap import App
from kb.cli import options, output
from kb.domain.models import InstalledModel, Pull, PullState

LOOK_SECONDS = 0.2


def register(commands: Any, everywhere: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "models", parents=[everywhere], help="list, download or delete language models"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--pull", metavar="NAME", help="download a model into Ollama")
    what.add_argument("--delete", metavar="NAME", help="take a model off Ollama's disk")
    options.add_json(parser)
    parser.set_defaults(run=run, mends=False)


def run(args: argparse.Namespace, app: App) -> int:
    """List the models, or download or delete one; 1 where a server has a problem."""
    if args.pull:
        return _pull(args, app)
    if args.delete:
        app.workspace().models.delete(args.delete)
        _say(args, {"model": args.delete, "status": "deleted"}, f"deleted  {args.delete}")
        return 0
    status = app.workspace().models.status()
    for model in status.models:
        _print(model, args)
    for each in status.each:
        if each.problem:
            output.note(each.problem)
    return 1 if status.problem else 0


def _pull(args: argparse.Namespace, app: App) -> int:
    models = app.workspace().models
    models.pull(args.pull)
    with output.download() as bar:
        pull = _followed(app, bar)
    _say(
        args,
        {"model": pull.name, "status": pull.state, "error": pull.error or None},
        f"{pull.state:<8} {pull.name}",
    )
    if pull.error:
        output.error(pull.error)
    return 0 if pull.state is PullState.DONE else 1


def _followed(app: App, bar: Progress) -> Pull:
    """The download, once it has ended; an interrupted command closes the app, which ends it."""
    task = None
    while True:
        pull = app.pulls.last
        assert pull is not None  # it was begun, and nobody else is here to forget it
        task = bar.add_task(pull.name, total=None) if task is None else task
        told = pull.progress
        bar.update(task, completed=told.done_bytes, total=told.total_bytes or None)
        if pull.state is not PullState.RUNNING:
            return pull
        time.sleep(LOOK_SECONDS)


def _print(model: InstalledModel, args: argparse.Namespace) -> None:
    told = {
        "model": model.name,
        "server": model.server,
        "bytes": model.size_bytes,
        "parameters": model.parameters or None,
        "window_tokens": model.window_tokens,
        "trained_tokens": model.trained_tokens,
        "loaded": model.loaded,
        "remote": model.remote,
    }
    size = f"{model.size_bytes / 1e9:.1f} GB" if model.size_bytes else "-"
    window = f"{model.window_tokens:,}" if model.window_tokens else "-"
    state = "remote" if model.remote else "loaded" if model.loaded else ""
    _say(args, told, f"{size:>9} {window:>9} {state:<6}  {model.name}")


def _say(args: argparse.Namespace, told: dict[str, Any], shown: str) -> None:
    if args.json:
        output.as_json(told)
    else:
        output.line(shown)
