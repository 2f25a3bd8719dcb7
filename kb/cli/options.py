"""Options that several commands share."""

import argparse

from kb.services.knowledge_bases import FIRST_NAME


def add_kb(parser: argparse.ArgumentParser) -> None:
    """--kb NAME."""
    parser.add_argument(
        "--kb", default=FIRST_NAME, metavar="NAME", help=f"knowledge base (default: {FIRST_NAME})"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout")


def count(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
