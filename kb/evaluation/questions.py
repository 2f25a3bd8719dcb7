"""Reads labelled question sets: a folder with questions.jsonl and corpus.jsonl or docs/."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kb.domain.errors import InvalidInputError
from kb.domain.evaluation import Evidence, Question
from kb.domain.retrieval import Turn


def read_questions(folder: Path) -> list[Question]:
    """The questions of a set. Raises InvalidInputError."""
    path = folder / "questions.jsonl"
    if not path.is_file():
        raise InvalidInputError(f"{folder} has no questions.jsonl.", subject=str(folder))
    return [as_question(line) for line in json_lines(path)]


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a .jsonl file; lines end at \\n only. Raises InvalidInputError."""
    for number, line in filled_lines(path):
        yield json_object(line, f"Line {number} of {path.name}")


def filled_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that are not blank, with their numbers from 1."""
    with path.open("rb") as stream:
        yield from ((number, line) for number, line in enumerate(stream, 1) if line.strip())


def json_object(line: bytes, place: str) -> dict[str, Any]:
    """The JSON object that a line holds. Raises InvalidInputError naming the place."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{place} is not JSON.") from error
    if not isinstance(value, dict):
        raise InvalidInputError(f"{place} is not a JSON object.")
    return value


def as_question(line: dict[str, Any]) -> Question:
    """One line of questions.jsonl, or of a batch, as a question. Raises InvalidInputError."""
    if not isinstance(line.get("question"), str):
        raise InvalidInputError(f"The line {line.get('id', '?')} has no question.")
    try:
        return _question(line)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidInputError(
            f"The line {line.get('id', '?')} does not have the form of a question."
        ) from error


def _question(line: dict[str, Any]) -> Question:
    return Question(
        id=str(line.get("id", "")),
        text=line["question"],
        kind=str(line.get("type") or ""),
        answerable=bool(line.get("answerable", True)),
        evidence=tuple(_evidence(item) for item in line.get("evidence") or []),
        history=tuple(
            Turn(role=turn["role"], content=turn["content"]) for turn in line.get("history") or []
        ),
        scope=frozenset(line.get("scope") or []),
    )


def _evidence(item: dict[str, Any]) -> Evidence:
    pages = [item.get("page"), *(item.get("also_pages") or [])]
    return Evidence(
        document=item["document"],
        pages=frozenset(page for page in pages if page is not None),
        relevance=float(item.get("relevance", 1.0)),
    )
