"""`support`: say of sentences whether passages bear them out."""

import argparse
from pathlib import Path
from typing import Any

from kb.bootstrap import App
from kb.cli import options, output
from kb.domain.errors import InvalidInputError
from kb.evaluation.questions import json_lines


def register(commands: Any, everywhere: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "support", parents=[everywhere], help="check sentences against passages"
    )
    parser.add_argument(
        "--batch",
        type=Path,
        required=True,
        metavar="FILE.jsonl",
        help="one sentence a line, with id, sentence and passages",
    )
    options.add_json(parser)
    parser.set_defaults(run=run, mends=False)


def run(args: argparse.Namespace, app: App) -> int:
    """Print for each sentence what bears it out, and where."""
    answers = app.workspace().answers
    for number, line in enumerate(json_lines(args.batch), 1):
        sentence, passages = _read(line, number)
        check = answers.checked(sentence, passages)
        if trouble := answers.checking_trouble():
            output.note(trouble)
        told = {
            "id": line.get("id"),
            "support": check.support,
            "score": round(check.score, 4),
            "passage": check.passage,
            "start": check.start,
            "end": check.end,
            "how": check.how,
        }
        if args.json:
            output.as_json(told)
            continue
        output.line(f"{check.support}, {check.how}: {sentence}")
        if check.end:
            output.line(f"    {passages[check.passage][check.start : check.end]}")
    return 0


def _read(line: dict[str, Any], number: int) -> tuple[str, list[str]]:
    sentence, passages = line.get("sentence"), line.get("passages")
    if not isinstance(sentence, str) or not isinstance(passages, list):
        raise InvalidInputError(f"Line {number} has no sentence or no passages.")
    if not all(isinstance(passage, str) for passage in passages):
        raise InvalidInputError(f"A passage of line {number} is no text.")
    return sentence, passages
