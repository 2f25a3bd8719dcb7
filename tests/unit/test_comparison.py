"""Results that are kept, and two runs side by side."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kb.domain.errors import InvalidInputError, StorageError
from kb.domain.evaluation import RankedPage, Result
from kb.evaluation.comparison import compare
from kb.evaluation.results import load, save


def result(id: str, *, refused: bool = False, answerable: bool = True, **ranked: float) -> Result:
    """Figures by name, with at_ for @."""
    return Result(
        id=id,
        text=f"What of {id}?\u2028",
        kind="near",
        answerable=answerable,
        ranked={name.replace("_at_", "@"): value for name, value in ranked.items()},
        first_relevant=3,
        evidence=0.625,
        refused=refused,
        ms=12.5,
        elapsed_ms={"dense": 10.0},
        first=(RankedPage(document="a.pdf", page=4), RankedPage(document="b.md", page=None)),
    )


def test_results_are_read_back_as_they_were(tmp_path: Path) -> None:
    results = [
        result("1", ndcg_at_10=0.25, recall_at_5=1.0),
        replace(result("2", answerable=False, refused=True), first_relevant=None, first=()),
    ]
    save(results, tmp_path / "run.jsonl")
    assert load(tmp_path / "run.jsonl") == results
    assert (tmp_path / "run.jsonl").read_bytes().count(b"\n") == 2


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="could not be written"):
        save([result("1")], tmp_path)


def test_results_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"none\.jsonl does not exist"):
        load(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    "broken",
    [
        {"figures": [1]},
        {"figures": {"ndcg@10": "high"}},
        {"figures": {"ndcg@10": None}},
        {"ms": None},
        {"elapsed_ms": 5},
        {"results": ["a.pdf"]},
        {"first_relevant": "third"},
    ],
)
def test_a_line_of_another_form_is_named(tmp_path: Path, broken: dict[str, Any]) -> None:
    path = tmp_path / "run.jsonl"
    save([result("q7")], path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **broken}) + "\n")
    with pytest.raises(InvalidInputError, match=r"The line q7 of .*run\.jsonl is not a saved"):
        load(path)


def test_a_set_of_questions_is_no_saved_run(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text('{"id": "1", "question": "What?"}\n')
    with pytest.raises(InvalidInputError, match="eval SET --save"):
        load(path)


def test_two_questions_of_one_id_cannot_be_told_apart(tmp_path: Path) -> None:
    save([result("1"), result("1")], tmp_path / "run.jsonl")
    with pytest.raises(InvalidInputError, match="same id"):
        load(tmp_path / "run.jsonl")


def test_each_question_that_changed_has_its_verdict() -> None:
    before = [
        result("better", ndcg_at_10=0.5, recall_at_1=0.0),
        result("worse", ndcg_at_10=1.0, recall_at_1=1.0),
        result("mixed", ndcg_at_10=0.5, page_hit_at_1=1.0),
        result("same", ndcg_at_10=0.5),
    ]
    after = [
        result("same", ndcg_at_10=0.5),
        result("mixed", ndcg_at_10=0.75, page_hit_at_1=0.0),
        result("worse", ndcg_at_10=0.9, recall_at_1=1.0),
        result("better", ndcg_at_10=1.0, recall_at_1=1.0),
    ]
    comparison = compare(before, after)
    assert [(one.after.id, one.verdict) for one in comparison.changes] == [
        ("better", "better"),
        ("mixed", "mixed"),
        ("worse", "worse"),
    ]
    assert comparison.changes[0].moved == {"recall@1": 1.0, "ndcg@10": 0.5}
    assert (comparison.questions, comparison.unpaired) == (4, 0)


def test_a_wrong_refusal_less_is_better_and_a_right_one_less_is_worse() -> None:
    before = [result("asked", refused=True), result("off", refused=True, answerable=False)]
    after = [result("asked"), result("off", answerable=False)]
    comparison = compare(before, after)
    assert {one.after.id: one.verdict for one in comparison.changes} == {
        "asked": "better",
        "off": "worse",
    }
    counts = {one.name: (one.better, one.worse, one.n) for one in comparison.differences}
    assert counts == {"refusal_rate": (0, 1, 1), "wrong_refusal_rate": (1, 0, 1)}


def test_a_figure_is_compared_over_the_questions_that_have_it_in_both_runs() -> None:
    before = [result(str(number), ndcg_at_10=0.25) for number in range(12)]
    after = [result(str(number), ndcg_at_10=0.5) for number in range(10)]
    after += [result("10"), result("new", ndcg_at_10=1.0)]
    comparison = compare(before, after)
    ndcg = next(one for one in comparison.differences if one.name == "ndcg@10")
    assert (ndcg.before, ndcg.after, ndcg.n) == (0.25, 0.5, 10)
    assert (ndcg.low, ndcg.high) == (0.25, 0.25)
    assert ndcg.chance < 0.01
    assert (ndcg.better, ndcg.worse) == (10, 0)
    assert (comparison.questions, comparison.unpaired) == (11, 2)


def test_runs_without_a_common_question_have_no_differences() -> None:
    comparison = compare([result("1")], [result("2")])
    assert (comparison.questions, comparison.unpaired) == (0, 2)
    assert not comparison.differences
    assert not comparison.changes
