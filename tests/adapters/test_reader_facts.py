"""Real files of other programs: the facts that questions ask for are in the text read.

The files are not part of the project; without them beside it these tests are skipped.
"""

import json
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kb.adapters.readers.registry import reader_of
from kb.domain.documents import ParsedDocument
from kb.domain.errors import UnsupportedFileError
from kb.ingestion.detection import detect

DATA = Path(__file__).parents[3] / "shared" / "data" / "format_facts"
DELETED = {"ff-012"}  # stands in text that its author deleted with changes tracked

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="The test files are not beside the project (../shared/data)."
)


@cache
def read(name: str) -> ParsedDocument | None:
    path = DATA / "docs" / name
    try:
        return reader_of(detect(path, name))(path)
    except UnsupportedFileError:
        return None


def evidence() -> Iterator[tuple[str, dict[str, Any]]]:
    for line in (DATA / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        for item in question["evidence"]:
            if question["id"] not in DELETED and read(item["document"]):
                yield question["id"], item


def plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split()).casefold()


def test_every_fact_is_on_its_page() -> None:
    found = 0
    for question, item in evidence():
        document = read(item["document"])
        assert document is not None
        number = item["page"] if document.paged else 1
        assert plain(item["text"]) in plain(document.pages[number - 1].text), question
        found += 1
    assert found >= 15


def test_facts_lie_inside_elements() -> None:
    for question, item in evidence():
        document = read(item["document"])
        assert document is not None
        text = " ".join(document.pages[e.page - 1].text[e.start : e.end] for e in document.elements)
        assert plain(item["text"]) in plain(text), question
