"""`replay`: answer once more, and say what has changed since."""

import argparse
from dataclasses import asdict
from typing import Any

from kb.bootstrap import App
from kb.cli import options, output
from kb.domain.conversations import MessageId


def register(commands: Any, everywhere: argparse.ArgumentParser) -> None:
    """Describe the command."""
    replay = commands.add_parser(
        "replay", parents=[everywhere], help="answer once more, and say what has changed since"
    )
    replay.add_argument("answer", metavar="ID", help="an answer's, from `conversations --json`")
    options.add_json(replay)
    replay.set_defaults(run=run_replay, mends=True)


def run_replay(args: argparse.Namespace, app: App) -> int:
    """Print both answers; 1 where they were not made from the same."""
    replay = app.workspace().conversations.replay(MessageId(args.answer))
    if args.json:
        output.as_json(asdict(replay))
    else:
        output.line(f"Then:\n{replay.before}\n\nNow:\n{replay.now}\n")
        differing = ", ".join(replay.differences)
        output.line(f"Differs in: {differing}." if differing else "Made from the same.")
    return 1 if replay.differences else 0
