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
    with path.open(encoding="utf-8", newline="\n") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except ValueError as error:
                raise InvalidInputError(
                    f"Line {number} of {path.name} is not JSON.", subject=path.name
                ) from error
            if not isinstance(value, dict):
                raise InvalidInputError(
                    f"Line {number} of {path.name} is not a JSON object.", subject=path.name
                )
            yield value


def as_question(line: dict[str, Any]) -> Question:
    """One line of questions.jsonl, or of a batch, as a question. Raises InvalidInputError."""
    if not isinstance(line.get("question"), str):
        raise InvalidInputError(f"The line {line.get('id', '?')} has no question.")
    return Question(
        id=str(line.get("id", "")),
        text=line["question"],
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
