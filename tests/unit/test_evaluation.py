"""Labelled questions, and the figures over all of them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st

from kb.domain.errors import InvalidInputError
from kb.domain.evaluation import Evidence, Question, RankedPage, Result
from kb.domain.retrieval import Hit, Judgement, Ranking, Turn
from kb.evaluation.questions import as_question, json_lines, read_questions
from kb.evaluation.runner import FIGURES, ask_all, measure, result_of
from tests.unit.makers import made_hit, made_judgement, made_ranking


def hits(*places: tuple[str, int]) -> list[Hit]:
    return [
        made_hit("Text.", rank=rank, document=document, page=page)
        for rank, (document, page) in enumerate(places, 1)
    ]


def asked(question: Question, *places: tuple[str, int], evidence: float = 0.9) -> Result:
    """What a question comes to whose passages lie at these documents and pages, best first."""
    judgement = made_judgement(evidence)
    return result_of(question, made_ranking(*hits(*places)), judgement, ms=10.0)


def question(*evidence: Evidence, answerable: bool = True) -> Question:
    return Question(id="q", text="What?", answerable=answerable, evidence=evidence)


def on(document: str, *pages: int, relevance: float = 1.0) -> Evidence:
    return Evidence(document=document, pages=frozenset(pages), relevance=relevance)


def written(folder: Path, *lines: str) -> Path:
    (folder / "questions.jsonl").write_bytes("\n".join(lines).encode())
    return folder


def test_a_line_becomes_a_question() -> None:
    line = {
        "id": 7,
        "question": "How heavy?",
        "type": "near",
        "answerable": False,
        "evidence": [{"document": "a.pdf", "page": 3, "also_pages": [4, 5], "relevance": 2}],
        "history": [{"role": "user", "content": "Hello."}],
        "scope": ["a.pdf", "b.pdf"],
    }
    assert as_question(line) == Question(
        id="7",
        text="How heavy?",
        kind="near",
        answerable=False,
        evidence=(on("a.pdf", 3, 4, 5, relevance=2.0),),
        history=(Turn(role="user", content="Hello."),),
        scope=frozenset({"a.pdf", "b.pdf"}),
    )


def test_what_is_left_out_or_null_has_its_default() -> None:
    nulls = {"evidence": None, "history": None, "scope": None, "answer": None}
    plain = Question(id="", text="How heavy?")
    assert as_question({"question": "How heavy?"}) == plain
    assert as_question({"question": "How heavy?", **nulls}) == plain
    unpaged = as_question(
        {"question": "?", "evidence": [{"document": "a", "page": None, "also_pages": None}]}
    )
    assert unpaged.evidence == (on("a"),)


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"question": None},
        {"question": 5},
        {"question": "?", "evidence": [{"page": 3}]},
        {"question": "?", "evidence": ["a.pdf"]},
        {"question": "?", "evidence": [{"document": "a", "relevance": "much"}]},
        {"question": "?", "history": [{"role": "user"}]},
        {"question": "?", "scope": 5},
    ],
)
def test_a_line_of_another_form_is_named(line: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="The line q7 "):
        as_question({"id": "q7", **line})


def test_lines_end_at_a_line_feed_only(tmp_path: Path) -> None:
    text = "one\u2028two\u0085three\rfour"
    line = json.dumps({"id": "1", "question": text}, ensure_ascii=False)
    folder = written(tmp_path, line, "", line + "\r", "  ")
    assert [one.text for one in read_questions(folder)] == [text, text]


@pytest.mark.parametrize("bad", ["{", "[1]", "null", "5"])
def test_a_bad_line_is_named_by_its_number(tmp_path: Path, bad: str) -> None:
    folder = written(tmp_path, '{"question": "?"}', "", bad)
    with pytest.raises(InvalidInputError, match=r"Line 3 of questions\.jsonl is not"):
        list(json_lines(folder / "questions.jsonl"))


def test_a_line_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_bytes(b'{"question": "\xff"}')
    with pytest.raises(InvalidInputError, match="Line 1"):
        list(json_lines(path))


def test_a_folder_without_questions_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"no questions\.jsonl"):
        read_questions(tmp_path)


def test_a_page_of_the_evidence_is_a_hit() -> None:
    places = [("a", 2), ("b", 3), ("c", 3), ("d", 3), ("a", 3)]
    figures = asked(question(on("a", 3)), *places).figures
    assert [figures[f"page_hit@{k}"] for k in (1, 5, 10)] == [0.0, 1.0, 1.0]
    assert asked(question(on("a", 3)), *places[:4]).figures["page_hit@10"] == 0.0


def test_each_evidence_and_each_of_its_pages_is_a_hit() -> None:
    one = question(on("a", 3, 4), on("b", 9))
    found = [asked(one, place).figures["page_hit@1"] for place in (("a", 4), ("b", 9), ("b", 4))]
    assert found == [1.0, 1.0, 0.0]


PLACE = st.tuples(st.sampled_from("ab"), st.integers(1, 4))


@given(st.lists(PLACE, max_size=15), st.sets(PLACE, min_size=1))
def test_a_page_hit_is_the_success_of_trec_eval(
    places: list[tuple[str, int]], wanted: set[tuple[str, int]]
) -> None:
    run = {"last": 0.0} | {str(rank): 100.0 - rank for rank, _ in enumerate(places)}
    judged = {"unseen": 1} | {str(rank): 1 for rank, one in enumerate(places) if one in wanted}
    evaluator = pytrec_eval.RelevanceEvaluator({"q": judged}, {"success.1,5,10"})
    theirs = evaluator.evaluate({"q": run})["q"]
    figures = asked(question(*(on(document, page) for document, page in wanted)), *places).figures
    for k in (1, 5, 10):
        assert figures[f"page_hit@{k}"] == theirs[f"success_{k}"]


def test_a_result_keeps_the_first_relevant_rank_and_the_first_places() -> None:
    one = asked(question(on("b", relevance=0.0), on("c")), ("a", 1), ("a", 2), ("b", 1), ("c", 7))
    assert one.first_relevant == 3
    assert one.first[-1] == RankedPage(document="c", page=7)
    many = asked(question(on("b")), *[("a", page) for page in range(1, 30)])
    assert many.first_relevant is None
    assert len(many.first) == 10


def test_an_unanswerable_question_has_no_first_relevant_document() -> None:
    one = asked(question(on("a"), answerable=False), ("a", 1))
    assert one.first_relevant is None
    assert one.figures == {"refusal_rate": 0.0}


def test_documents_are_ranked_by_their_best_passage() -> None:
    one = asked(question(on("b")), ("a", 1), ("a", 2), ("b", 1))
    figures = measure([one])
    assert (figures["mrr@10"], figures["recall@1"], figures["recall@5"]) == (0.5, 0.0, 1.0)


def test_relevance_is_the_gain_and_the_highest_of_a_document_counts() -> None:
    one = question(on("a", relevance=1.0), on("b", relevance=3.0), on("b", relevance=2.0))
    assert measure([asked(one, ("b", 1), ("a", 1))])["ndcg@10"] == pytest.approx(1.0)
    worse = measure([asked(one, ("a", 1), ("b", 1))])["ndcg@10"]
    assert worse == pytest.approx((1 + 3 / 1.5849625) / (3 + 1 / 1.5849625))


def test_means_are_over_the_questions_that_have_such_evidence() -> None:
    found, missed = question(on("a", 1)), question(on("a", 1))
    without_pages, without_evidence = question(on("a")), question()
    figures = measure(
        [
            asked(found, ("a", 1)),
            asked(missed, ("b", 1)),
            asked(without_pages, ("a", 1)),
            asked(without_evidence, ("b", 1)),
            asked(question(on("a", 1), answerable=False), ("b", 1)),
        ]
    )
    assert figures["questions"] == 5
    assert figures["page_hit@1"] == 0.5
    assert figures["recall@1"] == pytest.approx(2 / 3)


def test_evidence_without_relevance_is_not_judged() -> None:
    figures = measure([asked(question(on("a", 1, relevance=0.0)), ("a", 1))])
    assert figures["recall@1"] is None


def test_refusals_are_counted_on_both_sides() -> None:
    near, far = 0.6, 0.4
    unanswerable = question(answerable=False)
    figures = measure(
        [
            asked(question(), ("a", 1), evidence=near),
            asked(question(), ("a", 1), evidence=far),
            asked(unanswerable, ("a", 1), evidence=far),
            asked(unanswerable, evidence=0.0),
        ]
    )
    assert figures["refusal_rate"] == 1.0
    assert figures["wrong_refusal_rate"] == 0.5
    assert figures["refusal_auc"] == pytest.approx((2 + 1.5) / 4)


def test_a_figure_without_questions_is_none() -> None:
    figures = measure([])
    assert figures.pop("questions") == 0
    assert figures.pop("ci") == dict.fromkeys(FIGURES)
    assert figures.pop("latency_ms_by_stage") == {}
    assert set(figures.values()) == {None}


def test_each_figure_stands_within_its_interval() -> None:
    far = 0.4
    figures = measure(
        [
            *[asked(question(on("a", 1)), ("a", 1)) for _ in range(7)],
            *[asked(question(on("a", 1)), ("b", 1), evidence=far) for _ in range(3)],
            *[asked(question(answerable=False), evidence=score) for score in (0.1, 0.95)],
        ]
    )
    for name in FIGURES:
        low, high = figures["ci"][name]
        assert low < figures[name] < high, name
    assert 0.3 < figures["ci"]["ndcg@10"][0] < 0.5
    assert 0.9 <= figures["ci"]["ndcg@10"][1] <= 1.0


def test_each_stage_has_its_own_latency() -> None:
    some = [replace(asked(question()), elapsed_ms={"dense": float(ms)}) for ms in range(1, 101)]
    late = replace(asked(question()), elapsed_ms={"dense": 7.0, "rerank": 20.0})
    assert measure([*some, late])["latency_ms_by_stage"] == {
        "dense": {"p50": 50.0, "p95": 95.0},
        "rerank": {"p50": 20.0, "p95": 20.0},
    }


def test_unpaged_evidence_leaves_page_hits_out() -> None:
    figures = measure([asked(question(on("a")), ("a", 1))])
    assert [figures[f"page_hit@{k}"] for k in (1, 5, 10)] == [None] * 3
    assert figures["recall@1"] == 1.0


def test_each_question_is_ranked_once_and_in_order() -> None:
    calls: list[str] = []

    def rank(one: Question, k: int) -> Ranking:
        calls.append(one.text)
        assert k >= 10
        return made_ranking(*hits(("a", len(calls))), question=one.text)

    def judge(ranking: Ranking) -> Judgement:
        return made_judgement(0.2 if ranking.query.text == "One?" else 0.8)

    questions = [Question(id="1", text="One?"), Question(id="2", text="Two?")]
    told = list(ask_all(questions, rank, judge))
    assert calls == ["One?", "Two?"]
    assert [(one.id, one.first[0].page) for one in told] == [("1", 1), ("2", 2)]
    assert [(one.evidence, one.refused) for one in told] == [(0.2, True), (0.8, False)]
    assert all(one.ms >= 0 for one in told)
