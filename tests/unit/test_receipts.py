"""What a receipt tells of an answer."""

from dataclasses import replace

import pytest

from kb.domain.documents import DocumentId, PassageId
from kb.domain.receipts import Budget, Receipt, UsedPassage, differences

PASSAGE = UsedPassage(
    passage_id=PassageId("p1"),
    document_id=DocumentId("d1"),
    document_name="a.pdf",
    version=1,
    page=3,
    paged=True,
    rank=1,
    score=0.8,
    tokens=100,
    sent=True,
)
RECEIPT = Receipt(
    passages=(PASSAGE, replace(PASSAGE, passage_id=PassageId("p2"), rank=2)),
    budget=Budget(window=8192, prompt=3000, answer=1024, turns_sent=0, turns_left_out=0),
    prompt_sha256="a",
    settings={"strictness": "balanced"},
)


@pytest.mark.parametrize(
    ("counted", "cut"), [(None, False), (2900, False), (1600, False), (900, True)]
)
def test_a_server_that_read_far_less_than_was_sent_has_cut_it(
    counted: int | None, cut: bool
) -> None:
    assert RECEIPT.was_cut(counted) is cut
    assert not replace(RECEIPT, budget=None).was_cut(counted)


def test_answers_from_the_same_differ_in_nothing() -> None:
    assert differences(RECEIPT, RECEIPT) == []


def test_every_difference_is_named() -> None:
    other = replace(
        RECEIPT,
        passages=(PASSAGE,),
        prompt_sha256="b",
        settings={"strictness": "strict", "reranker": "mine"},
    )
    assert differences(RECEIPT, other) == [
        "passages (1 of 2 the same)",
        "prompt",
        "reranker (unset, now mine)",
        "strictness (balanced, now strict)",
    ]


def test_a_passage_that_had_no_room_makes_a_difference() -> None:
    short = replace(RECEIPT, passages=(PASSAGE, replace(RECEIPT.passages[1], sent=False)))
    assert differences(RECEIPT, short) == ["passages (2 of 2 the same)"]
    assert [passage.rank for passage in short.left_out] == [2]
