"""`conversations` and `export`: list what was asked, and write it to a file."""

import argparse
import os
from pathlib import Path
from typing import Any

from kb.bootstrap import App
from kb.cli import options, output
from kb.domain.conversations import ConversationId, MessageId
from kb.domain.errors import InvalidInputError, StorageError
from kb.domain.transcripts import ExportFormat


def register(commands: Any, everywhere: argparse.ArgumentParser) -> None:
    """Describe the commands."""
    listing = commands.add_parser(
        "conversations", parents=[everywhere], help="list the conversations of a knowledge base"
    )
    options.add_kb(listing)
    options.add_json(listing)
    listing.set_defaults(run=run_conversations, mends=False)
    export = commands.add_parser(
        "export", parents=[everywhere], help="write a conversation or an answer to a file"
    )
    export.add_argument("conversation", metavar="CONVERSATION_ID")
    export.add_argument("--format", choices=[str(each) for each in ExportFormat], required=True)
    export.add_argument("--message", metavar="ID", help="only this answer, with its question")
    export.add_argument(
        "--out", type=Path, metavar="FILE", help="where to write (default: named by its title)"
    )
    export.set_defaults(run=run_export, mends=False)


def run_conversations(args: argparse.Namespace, app: App) -> int:
    """Print each conversation, newest first; as JSON with its messages."""
    workspace = app.workspace()
    base = workspace.knowledge_bases.named(args.kb)
    for each in workspace.conversations.recent(base.id):
        if not args.json:
            output.line(f"{each.id}  {each.updated_at:%Y-%m-%d %H:%M}  {each.title}")
            continue
        output.as_json(
            {
                "id": each.id,
                "title": each.title,
                "updated_at": each.updated_at.isoformat(),
                "messages": [
                    {"id": said.id, "role": said.role, "text": said.content}
                    for said in workspace.conversations.messages(each.id)
                ],
            }
        )
    return 0


def run_export(args: argparse.Namespace, app: App) -> int:
    """Write the file; one that exists is replaced only where it was named."""
    exported = app.workspace().conversations.export(
        ConversationId(args.conversation),
        ExportFormat(args.format),
        MessageId(args.message) if args.message else None,
    )
    path = args.out or Path(exported.name)
    if args.out is None and path.exists():
        raise InvalidInputError(f"{path} exists already.", advice="Name another file with --out.")
    _write_whole(path, exported.data)
    output.line(str(path))
    return 0


def _write_whole(path: Path, data: bytes) -> None:
    """Written beside and put in place, so that the file is never half there."""
    beside = path.with_name(f"{path.name}.part")
    try:
        beside.write_bytes(data)
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StorageError(
            f"{path} could not be written.", subject=str(path), advice="Name another place."
        ) from error
