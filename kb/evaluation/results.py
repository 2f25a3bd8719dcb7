"""Keeps the results of a run in a file, one question a line, so that runs can be compared."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kb.domain.errors import InvalidInputError, StorageError
from kb.domain.evaluation import RankedPage, Result
from kb.evaluation.questions import json_lines


def save(results: Iterable[Result], path: Path) -> None:
    """Write one line a result. Raises StorageError."""
    try:
        with path.open("w", encoding="ascii", newline="\n") as stream:
            stream.writelines(json.dumps(_line(result)) + "\n" for result in results)
    except OSError as error:
        raise StorageError(f"{path} could not be written: {error.strerror}.") from error


def load(path: Path) -> list[Result]:
    """The results that a file holds. Raises InvalidInputError."""
    if not path.is_file():
        raise InvalidInputError(f"{path} does not exist.", subject=str(path))
    results = [_result(line, path) for line in json_lines(path)]
    if len({result.id for result in results}) < len(results):
        raise InvalidInputError(
            f"{path} holds several questions of the same id.", subject=str(path)
        )
    return results


def _line(result: Result) -> dict[str, Any]:
    return {
        "id": result.id,
        "question": result.text,
        "type": result.kind,
        "answerable": result.answerable,
        "figures": dict(result.ranked),
        "first_relevant": result.first_relevant,
        "evidence_score": result.evidence,
        "refused": result.refused,
        "ms": round(result.ms, 3),
        "elapsed_ms": {stage: round(ms, 3) for stage, ms in result.elapsed_ms.items()},
        "results": [asdict(place) for place in result.first],
    }


def _result(line: dict[str, Any], path: Path) -> Result:
    rank = line.get("first_relevant")
    try:
        return Result(
            id=str(line["id"]),
            text=str(line["question"]),
            kind=str(line["type"]),
            answerable=bool(line["answerable"]),
            ranked={name: float(value) for name, value in line["figures"].items()},
            first_relevant=None if rank is None else int(rank),
            evidence=float(line["evidence_score"]),
            refused=bool(line["refused"]),
            ms=float(line["ms"]),
            elapsed_ms={stage: float(ms) for stage, ms in line["elapsed_ms"].items()},
            first=tuple(
                RankedPage(document=p["document"], page=p["page"]) for p in line["results"]
            ),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidInputError(
            f"The line {line.get('id', '?')} of {path} is not a saved result.",
            subject=str(path),
            advice="Make the file with: python -m kb eval SET --save FILE.jsonl",
        ) from error
