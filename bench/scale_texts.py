"""Real passages and questions for `bench.scale`, of a folder of texts."""

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kb.evaluation.questions import json_lines

OWN = Path(__file__).parents[1] / "docs"
PASSAGE_WORDS = 110
MOST_PASSAGES = 3000
FEWEST_QUESTION_WORDS, MOST_QUESTION_WORDS = 4, 16

_SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in ("a", "e", "i", "o", "u", "ai", "or")]


def passages(folder: Path) -> list[str]:
    """Stretches of the texts, MOST_PASSAGES at most, in an order that is always the same."""
    cut = [
        " ".join(words[first : first + PASSAGE_WORDS])
        for words in map(str.split, _texts(folder))
        for first in range(0, len(words), PASSAGE_WORDS)
    ]
    random.Random(1).shuffle(cut)
    return cut[:MOST_PASSAGES]


def questions(folder: Path, passages: Sequence[str], count: int) -> list[str]:
    """The folder's own questions (questions.jsonl), else sentences of the passages."""
    own = [line["question"] for line in _lines(folder, "questions.jsonl")]
    said = own or [one for text in passages for one in re.split(r"(?<=[.?!])\s", text)]
    fit = [one for one in said if FEWEST_QUESTION_WORDS <= len(one.split()) <= MOST_QUESTION_WORDS]
    return random.Random(2).sample(fit, min(count, len(fit)))


def invented(rank: int) -> str:
    """A word that no language has, another one for each number."""
    word, rank = "", rank + len(_SYLLABLES) ** 2
    while rank:
        rank, at = divmod(rank, len(_SYLLABLES))
        word += _SYLLABLES[at]
    return word


def _texts(folder: Path) -> Iterator[str]:
    yield from (line["text"] for line in _lines(folder, "corpus.jsonl"))
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".md", ".txt"}:
            yield path.read_text(encoding="utf-8")


def _lines(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.rglob(name)):
        yield from json_lines(path)
