"""A transcript as PDF, set by Typst with fonts for most scripts, without links or actions.

What was said goes to Typst as data, never as its markup. Nothing is fetched: the template
imports nothing, and fonts are those that come with Quire, so that a file is the same everywhere.
"""

import json
import re
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import typst

from kb.adapters.exports.fonts import Coverage, folders
from kb.adapters.exports.scripts import is_right_to_left
from kb.domain.errors import QuireError
from kb.domain.transcripts import Transcript

TEMPLATE = Path(__file__).with_name("pdf.typ")
MOST_NAMED = 40
"""How many characters without a font are named at the top."""

BREAK = "\N{ZERO WIDTH SPACE}"
_LONG = re.compile(r"[!-\u04ff]{40,}")
_PIECE = re.compile(r".{20}")


def write(transcript: Transcript) -> bytes:
    """The transcript as PDF. Raises QuireError where Typst cannot set it."""
    coverage = Coverage()
    data = _told(asdict(transcript) | {"exported_at": ""}, coverage)
    if coverage.missing:
        data["about"].append(_notice(coverage))
    try:
        return typst.compile(
            TEMPLATE.read_bytes(),
            font_paths=_fonts(),
            sys_inputs={"transcript": json.dumps(data)},
            format="pdf",
            timestamp=transcript.exported_at.replace(microsecond=0),
        )
    except typst.TypstError as error:
        raise QuireError(
            "The PDF could not be made.", advice="Export to Word or Markdown instead."
        ) from error


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=True, font_paths=folders()
    )


def _told(value: Any, coverage: Coverage) -> Any:
    """The value with every text as it can be set; blocks learn which way they are written."""
    if isinstance(value, str):
        return _LONG.sub(lambda it: _PIECE.sub(rf"\g<0>{BREAK}", it[0]), coverage.told(value))
    if isinstance(value, list | tuple):
        return [_told(each, coverage) for each in value]
    if isinstance(value, dict):
        told = {name: _told(each, coverage) for name, each in value.items()}
        if "runs" in told:
            told["rtl"] = is_right_to_left("".join(run.get("text", "") for run in told["runs"]))
        return told
    return value


def _notice(coverage: Coverage) -> str:
    names = coverage.names
    more = f", and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return (
        "No font here has these characters, so their codes stand in brackets: "
        f"{', '.join(names[:MOST_NAMED])}{more}."
    )
