"""Which passages of a large table are scored, and that the best ones are among them."""

import pytest
from sqlalchemy import select

from kb.adapters.sql import bm25
from kb.adapters.sql.database import SqlRecords
from kb.adapters.sql.fulltext import table_name
from kb.adapters.sql.tables import passages
from kb.domain.documents import KnowledgeBase
from tests.adapters.record_maker import published

COMMON = [f"The mill over water number {number}." for number in range(6)]
BASALT = "A mill of basalt."
RIVERS = ["A river of water.", "A river below the harbour."]
TEXTS = [*COMMON, BASALT, *RIVERS, *(f"Nothing of all that {number}." for number in range(31))]


def ranked(records: SqlRecords, base: KnowledgeBase, *words: str, scored: int) -> list[str]:
    """The texts found, best first."""
    phrases = [f'"{word}"' for word in words]
    with records.engine.begin() as connection:
        table = table_name(base.id)
        best = bm25.best(connection, table, phrases, 20, len(TEXTS), scored=scored)
        said = {row.seq: row.text for row in connection.execute(select(passages))}
        return [said[row.seq] for row in best]


@pytest.fixture
def kept(records: SqlRecords, base: KnowledgeBase) -> KnowledgeBase:
    published(records, base, TEXTS)
    return base


def test_few_passages_are_all_scored(records: SqlRecords, kept: KnowledgeBase) -> None:
    assert set(ranked(records, kept, "mill", "basalt", scored=8)) == {*COMMON, BASALT}


def test_passages_with_a_rare_word_come_in_the_order_of_all_the_words(
    records: SqlRecords, kept: KnowledgeBase
) -> None:
    every = ranked(records, kept, "mill", "basalt", "river", scored=100)
    assert len(every) == 9
    assert ranked(records, kept, "mill", "basalt", "river", scored=3) == every[:3]


def test_passages_with_two_common_words_are_scored_as_well(
    records: SqlRecords, kept: KnowledgeBase
) -> None:
    found = ranked(records, kept, "number", "over", "basalt", scored=2)
    assert len(found) == 2
    assert set(found) - set(COMMON) == {BASALT}
    assert set(ranked(records, kept, "number", "over", scored=4)) <= set(COMMON)


def test_where_every_word_is_common_some_passages_are_found(
    records: SqlRecords, kept: KnowledgeBase
) -> None:
    assert len(ranked(records, kept, "mill", scored=2)) == 2


def test_a_word_said_twice_counts_twice(records: SqlRecords, kept: KnowledgeBase) -> None:
    once = ranked(records, kept, "river", "basalt", "mill", scored=3)
    twice = ranked(records, kept, "river", "river", "basalt", "mill", scored=3)
    assert once[0] == BASALT
    assert twice[0] in RIVERS


def test_a_long_question_is_asked_by_its_rarest_words(
    records: SqlRecords, kept: KnowledgeBase
) -> None:
    unknown = [f"unknown{number}" for number in range(bm25.ASKED - 1)]
    assert ranked(records, kept, "mill", "water", "basalt", *unknown, scored=2) == [BASALT]
