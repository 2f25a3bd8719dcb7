"""The bench that compares ways to rank, on a set of its own."""

import json
from pathlib import Path
from typing import cast
from xml.etree import ElementTree as ET

import pytest

from bench import refusals, retrieval
from bench.refusals import operating_point
from bench.retrieval import sets_in
from bench.variants import RANK_CONSTANT, VARIANTS, by_reciprocal_ranks, with_fields
from kb.domain.errors import InvalidInputError
from kb.domain.evaluation import Question, Result
from kb.domain.retrieval import Query
from kb.evaluation.results import load
from kb.evaluation.runner import result_of
from tests.fake_embedder import FakeEmbedder
from tests.unit.makers import (
    QUESTION,
    WHOLE_BASE,
    FakeIndex,
    FakeRecords,
    made_document,
    made_judgement,
    made_passage,
    made_ranking,
    made_retriever,
)

TEXTS = {
    "bridge": "The harbour footbridge of basalt was opened in winter.",
    "shed": "The larch shed beside the pond was painted green in spring.",
}
QUESTIONS = [
    {"id": "1", "question": "harbour footbridge basalt", "evidence": [{"document": "bridge"}]},
    {"id": "2", "question": "larch shed painted green", "evidence": [{"document": "shed"}]},
    {"id": "3", "question": "photosynthesis", "answerable": False, "type": "far"},
]


def made_set(folder: Path) -> Path:
    folder.mkdir(parents=True)
    corpus = [{"id": id, "title": "", "text": text} for id, text in TEXTS.items()]
    for name, lines in (("corpus.jsonl", corpus), ("questions.jsonl", QUESTIONS)):
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


@pytest.fixture
def home(tmp_path: Path) -> list[str]:
    return ["--home", str(tmp_path / "home")]


def test_every_variant_has_its_row_and_every_set_its_column(
    tmp_path: Path, home: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    made_set(tmp_path / "sets" / "harbour")
    made_set(tmp_path / "sets" / "deeper" / "garden")
    arguments = [str(tmp_path / "sets"), *home, "--figure", "ndcg@10"]
    retrieval.main(arguments, embedder=FakeEmbedder())
    told = capsys.readouterr().out
    assert [name for name in ("harbour", "garden", "mean", *VARIANTS) if name not in told] == []
    shipped = next(line for line in told.splitlines() if "shipped" in line)
    assert shipped.count("1.000*") == 3


def test_with_json_each_line_is_a_set_and_a_variant(
    tmp_path: Path, home: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made_set(tmp_path / "harbour")
    embedder = FakeEmbedder()
    arguments = [str(folder), *home, "--json", "--variant", "words", "--variant", "rrf"]
    for _ in range(2):
        retrieval.main(arguments, embedder=embedder)
        told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [(one["set"], one["variant"]) for one in told] == [
            ("harbour", "words"),
            ("harbour", "rrf"),
        ]
        assert all(one["ndcg@10"] == 1.0 for one in told)


def test_results_are_kept_and_curves_drawn_of_them(
    tmp_path: Path, home: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, kept, drawn = made_set(tmp_path / "harbour"), tmp_path / "kept", tmp_path / "drawn"
    arguments = [str(folder), *home, "--variant", "shipped", "--figure", "refusal_auc"]
    arguments += ["--save", str(kept), "--curves", str(drawn)]
    retrieval.main(arguments, embedder=FakeEmbedder())
    assert [one.id for one in load(kept / "harbour.shipped.jsonl")] == ["1", "2", "3"]
    assert polylines(drawn / "harbour.svg") == polylines_of_axes() + 1

    again = [str(kept / "harbour.shipped.jsonl"), "--svg", str(tmp_path / "again.svg")]
    refusals.main(again)
    assert "far" in capsys.readouterr().out
    assert polylines(tmp_path / "again.svg") == polylines_of_axes() + 1


def test_sets_are_drawn_together_only_where_they_have_both_kinds_of_questions(
    tmp_path: Path, home: list[str]
) -> None:
    one, other, answerable = (made_set(tmp_path / "sets" / name) for name in ("a", "b", "c"))
    (answerable / "questions.jsonl").write_text(json.dumps(QUESTIONS[0]) + "\n")
    drawn = tmp_path / "drawn"
    arguments = [*map(str, (one, other, answerable)), *home, "--variant", "words"]
    retrieval.main([*arguments, "--curves", str(drawn)], embedder=FakeEmbedder())
    assert sorted(path.name for path in drawn.iterdir()) == ["a.svg", "all sets.svg", "b.svg"]


def test_the_best_threshold_within_the_limit_is_found() -> None:
    def scored(score: float, *, answerable: bool) -> Result:
        question = Question(id="", text="?", answerable=answerable)
        return result_of(question, made_ranking(), made_judgement(score), ms=1.0)

    results = [scored(0.5 + n / 100, answerable=True) for n in range(20)]
    results += [scored(score, answerable=False) for score in (0.1, 0.505, 0.6)]
    assert operating_point(results) == pytest.approx((0.51, 0.05, 2 / 3))
    assert operating_point(results, wrong_at_most=0.0) == pytest.approx((0.5, 0.0, 1 / 3))


def polylines(path: Path) -> int:
    return len(ET.parse(path).findall("{http://www.w3.org/2000/svg}polyline"))


def polylines_of_axes() -> int:
    """Six lines each way, and the limit of wrong refusals."""
    return 13


def test_a_folder_without_sets_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_text("")
    with pytest.raises(InvalidInputError, match="no set of questions"):
        sets_in([tmp_path])


def test_two_sets_of_one_name_would_share_a_knowledge_base(tmp_path: Path) -> None:
    one, other = made_set(tmp_path / "a" / "garden"), made_set(tmp_path / "b" / "garden")
    with pytest.raises(InvalidInputError, match="same name"):
        sets_in([tmp_path])
    assert sets_in([one, one]) == [one]
    assert sets_in([other]) == [other]


def test_a_variant_of_a_field_that_is_gone_is_an_error() -> None:
    retriever = made_retriever(FakeRecords(), dense=FakeIndex({}), words=FakeIndex({}))
    with pytest.raises(AttributeError, match="no field denseness"):
        with_fields(denseness=1.0)(retriever)


def test_reciprocal_ranks_add_up_over_both_searches() -> None:
    records = FakeRecords(
        held=[made_document()],
        cut=[made_passage(id, id=id, ordinal=n) for n, id in enumerate(("near", "both", "word"))],
        cosines={"near": 0.9, "both": 0.8, "word": 0.1},
    )
    retriever = by_reciprocal_ranks(
        made_retriever(
            records,
            dense=FakeIndex({"near": 0.9, "both": 0.8}),
            words=FakeIndex({"word": 5.0, "both": 4.0}),
        )
    )
    ranking = retriever.rank(Query(text=QUESTION, scope=WHOLE_BASE), k=2)
    scores = {cast(str, hit.passage.id): hit.scores.fused for hit in ranking.hits}
    third = 1 / (RANK_CONSTANT + 3)
    assert [hit.rank for hit in ranking.hits] == [1, 2]
    assert scores == pytest.approx(
        {"both": 2 / (RANK_CONSTANT + 2), "word": 1 / (RANK_CONSTANT + 1) + third}
    )
