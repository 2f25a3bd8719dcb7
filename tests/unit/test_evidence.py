"""Whether enough was found to answer."""

from kb.retrieval.evidence import ENOUGH, LOOKED_AT, enough, evidence
from tests.unit.makers import made_hit


def test_nothing_found_is_no_evidence() -> None:
    assert evidence(()) == 0.0
    assert not enough(evidence(()))


def test_the_nearest_of_the_first_hits_counts() -> None:
    hits = (made_hit("a", rank=1, dense=0.2), made_hit("b", rank=2, dense=0.7))
    assert evidence(hits) == 0.7


def test_a_hit_further_down_does_not_count() -> None:
    far = [made_hit("a", rank=rank, dense=0.1) for rank in range(1, LOOKED_AT + 1)]
    assert evidence((*far, made_hit("b", rank=LOOKED_AT + 1, dense=0.9))) == 0.1


def test_hits_by_words_alone_are_no_evidence() -> None:
    assert evidence((made_hit("a", dense=None),)) == 0.0


def test_evidence_is_between_0_and_1() -> None:
    assert evidence((made_hit("a", dense=-0.4),)) == 0.0
    assert evidence((made_hit("a", dense=1.0000001),)) == 1.0


def test_exactly_enough_is_enough() -> None:
    assert enough(ENOUGH)
    assert not enough(ENOUGH - 0.001)
