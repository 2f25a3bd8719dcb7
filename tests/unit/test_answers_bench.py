"""The arithmetic of the bench of answers."""

from typing import Any

import pytest

from bench.answers import Answered, Marked, chosen, judged_marks, measure, table, token_scores
from kb.answering.chain import MODEL_FOUND_NOTHING, NOT_ENOUGH
from kb.answering.citations import cite, grounds_of
from kb.domain.conversations import Answer, Support
from tests.fake_embedder import FakeEmbedder
from tests.unit.makers import made_hit

HITS = (
    made_hit("The footbridge over the harbour is built of basalt.", rank=1),
    made_hit("Lunch is served at noon.", rank=3),
)
RIGHT, WRONG = [Support.SUPPORTED], [Support.UNSUPPORTED]


def test_answers_are_compared_as_squad_does() -> None:
    assert token_scores("The Duke, of Prussia!", ["a duke of prussia"]) == (1.0, 1.0)
    f1, recall = token_scores("It was Anna Berg", ["Anna", "Berg, Anna"])
    assert (f1, recall) == pytest.approx((2 / 3, 1.0))
    assert token_scores("noon", ["midnight"]) == token_scores("", [""]) == (0.0, 0.0)


def test_a_third_of_the_chosen_questions_is_unanswerable_and_a_seed_repeats_them() -> None:
    lines: list[dict[str, Any]] = [{"id": n, "answerable": n % 2 == 0} for n in range(100)]
    some = chosen(lines, 30, seed=1)
    assert sum(not one["answerable"] for one in some) == 10
    assert len({one["id"] for one in some}) == 30
    assert chosen(lines, 30, seed=1) == some != chosen(lines, 30, seed=2)
    assert len(chosen([{"id": 1}], 30, seed=1)) == 1


def marks_of(text: str) -> list[Marked]:
    ranks = [hit.rank for hit in HITS]
    return list(judged_marks(text, ranks, grounds_of(HITS, FakeEmbedder())))


def test_a_mark_is_right_where_the_passage_it_names_bears_the_sentence_out() -> None:
    assert marks_of(
        "Lunch is served at noon [3]. Lunch is served at noon [1, 3]. Lunch is served at noon. "
        "Lunch is served at noon [2]."
    ) == [
        ("Lunch is served at noon.", RIGHT),
        ("Lunch is served at noon.", WRONG + RIGHT),
        ("Lunch is served at noon.", []),
        ("Lunch is served at noon.", WRONG),
    ]


def answered(
    written: str = "", *, expected: str | None = None, reason: str = "", writer: str = "model"
) -> Answered:
    """As the chain answers; with a reason, refused."""
    cited = cite(written, HITS, FakeEmbedder())
    return Answered(
        line={"question": "What?", "answerable": expected is not None, "answer": expected},
        writer=writer,
        hits=HITS,
        written=written,
        answer=Answer(
            text=cited.text,
            citations=cited.citations,
            claims=cited.claims,
            refused=bool(reason),
            reason=reason,
            elapsed_ms={"total": 3000.0},
        ),
        marks_written=tuple(marks_of(written)),
        marks_shown=tuple(marks_of(cited.text)),
        proof_ms=20.0,
    )


def test_sentences_and_marks_are_counted_before_and_after_the_proof() -> None:
    lunch = answered("Lunch is served at noon [1]. Giraffes yawn [2].", expected="noon")
    figures = measure([lunch, answered("Lunch is served at noon.")])
    assert (figures["token F1"], figures["token recall"]) == ("0.250", "1.000")
    assert (figures["answers"], figures["sentences judged"]) == ("2", "3")
    assert (figures["supported"], figures["not found"]) == ("0.667", "0.333")
    assert figures["sentences without a mark"] == "1 of 3"
    assert (figures["marks written"], figures["written: wrong"]) == ("2", "1.000")
    assert (figures["marks shown"], figures["shown: right"]) == ("2", "1.000")
    assert (figures["proof, ms"], figures["answer, s"]) == ("20", "3.0")


def test_refusals_are_told_apart_by_who_refused_and_whether_rightly() -> None:
    figures = measure(
        [
            answered(reason=NOT_ENOUGH),
            answered(reason=MODEL_FOUND_NOTHING),
            answered("Lunch is served at noon."),
            answered(reason=NOT_ENOUGH, expected="noon"),
            answered("Lunch is served at noon.", expected="Lunch is served at noon"),
        ]
    )
    assert figures["refused by Quire"] == "1 of 3"
    assert figures["wrongly by Quire"] == "1 of 2"
    assert figures["refused by the writer"] == "1 of 2"
    assert figures["wrongly by the writer"] == "0 of 1"
    assert figures["token F1"] == "0.500"


def test_the_last_columns_are_over_all_sets() -> None:
    columns = {
        "a\nmodel": [answered()],
        "a\nquotes": [answered(writer="quotes")],
        "b\nmodel": [answered()],
    }
    shown = table(columns)
    assert [column.header for column in shown.columns[-2:]] == ["all\nmodel", "all\nquotes"]
    assert [next(iter(column.cells)) for column in shown.columns[-2:]] == ["2", "1"]
