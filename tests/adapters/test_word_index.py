"""Word search over real FTS5 tables."""

import pytest

from kb.adapters.sql.database import SqlRecords
from kb.adapters.sql.fulltext import SqlWordIndex
from kb.domain.documents import KnowledgeBase, KnowledgeBaseId
from tests.adapters.record_maker import kept_base, published

TEXTS = (
    "The footbridge of basalt was opened in 1987.",
    "Basalt, basalt and once more basalt: nothing else.",
    "Éclair recipes need 1,000.5 grams of flour.",
)


@pytest.fixture
def words(records: SqlRecords) -> SqlWordIndex:
    return SqlWordIndex(records.engine)


def test_passages_are_ranked_by_how_well_the_words_fit(
    records: SqlRecords, words: SqlWordIndex, base: KnowledgeBase
) -> None:
    _, passages, _ = published(records, base, TEXTS)
    hits = words.search(base.id, "What is made of basalt?", 10)
    assert [id for id, _ in hits] == [passages[1].id, passages[0].id]
    assert hits[0][1] > hits[1][1]
    assert words.search(base.id, "basalt", 1) == hits[:1]
    assert words.search(base.id, "basalt", 0) == []


@pytest.mark.parametrize(
    ("question", "ordinal"),
    [("footbridges", 0), ("OPENING", 0), ("eclair", 2), ("1,000.5", 2), ("recipe flour", 2)],
)
def test_words_are_found_by_stem_case_and_without_accents(
    records: SqlRecords, words: SqlWordIndex, base: KnowledgeBase, question: str, ordinal: int
) -> None:
    _, passages, _ = published(records, base, TEXTS)
    assert words.search(base.id, question, 10)[0][0] == passages[ordinal].id


@pytest.mark.parametrize(
    "question",
    ['"', "'", "a AND", "NEAR(", "text:", "*", "_", "-", "²", "🙂", "^x", "\0", "(", "", "the of"],
)
def test_no_question_is_taken_for_the_search_language(
    records: SqlRecords, words: SqlWordIndex, base: KnowledgeBase, question: str
) -> None:
    published(records, base, TEXTS)
    words.search(base.id, question, 10)
    assert len(words.search(base.id, f"{question} basalt", 10)) >= 2


def test_a_search_can_be_kept_to_some_documents(
    records: SqlRecords, words: SqlWordIndex, base: KnowledgeBase
) -> None:
    published(records, base, TEXTS, "a.txt")
    document, passages, _ = published(records, base, TEXTS[:1], "b.txt")
    within = words.search(base.id, "basalt", 10, [document.id])
    assert [id for id, _ in within] == [passages[0].id]
    assert words.search(base.id, "basalt", 10, []) == []


def test_chosen_documents_need_not_stand_side_by_side(
    records: SqlRecords, words: SqlWordIndex, base: KnowledgeBase
) -> None:
    documents = [published(records, base, TEXTS[:1], f"{n}.txt")[:2] for n in range(3)]
    chosen = [documents[0], documents[2]]
    within = words.search(base.id, "basalt", 10, [document.id for document, _ in chosen])
    assert {id for id, _ in within} == {passage.id for _, (passage,) in chosen}


def test_what_one_knowledge_base_holds_changes_no_score_in_another(
    records: SqlRecords, words: SqlWordIndex, base: KnowledgeBase
) -> None:
    published(records, base, TEXTS)
    before = words.search(base.id, "basalt", 10)
    other = kept_base(records, "Other")
    for number in range(5):
        published(records, other, TEXTS, f"{number}.txt")
    assert words.search(base.id, "basalt", 10) == before


def test_a_removed_document_and_a_removed_knowledge_base_are_not_found(
    records: SqlRecords, words: SqlWordIndex, base: KnowledgeBase
) -> None:
    document, *_ = published(records, base, TEXTS)
    with records.writing() as store:
        store.documents.remove(document.id)
    assert words.search(base.id, "basalt", 10) == []
    with records.writing() as store:
        store.knowledge_bases.remove(base.id)
    assert words.search(base.id, "basalt", 10) == []


def test_words_are_found_in_the_language_of_their_document(
    records: SqlRecords, words: SqlWordIndex, base: KnowledgeBase
) -> None:
    _, (german,), _ = published(records, base, ["Die Häuser der Stadt"], "de.txt", language="de")
    _, (chinese,), _ = published(records, base, ["新水泵运行正常"], "zh.txt", language="zh")
    _, (thai,), _ = published(records, base, ["สะพานแห่งนี้ยาวมาก"], "th.txt", language="th")
    _, (english,), _ = published(records, base, ["The houses are old."], "en.txt", language="en")
    assert words.languages(base.id) == {"de": 1, "zh": 1, "th": 1, "en": 1}
    for question, passage in {
        "Haus": german,
        "hauser": german,
        "水泵": chinese,
        "泵": chinese,
        "สะพาน": thai,
        "house": english,
    }.items():
        assert [id for id, _ in words.search(base.id, question, 10)] == [passage.id], question


def test_names_tell_their_documents_and_how_common_they_are(
    records: SqlRecords, words: SqlWordIndex, base: KnowledgeBase
) -> None:
    first, *_ = published(records, base, TEXTS, "basalt.txt", names=("basalt", "1987"))
    second, *_ = published(records, base, TEXTS[2:], "flour.txt", names=("1987",))
    published(records, kept_base(records, "Other"), TEXTS, names=("basalt",))
    told = words.names(base.id, ["basalt", "1987", "flour"])
    assert told.bearers == {"basalt": {first.id}, "1987": {first.id, second.id}}
    assert told.holding == {"basalt": 2}
    assert (told.documents, told.passages) == (2, 4)
    with records.writing() as store:
        store.documents.remove(first.id)
    assert words.names(base.id, ["basalt", "1987"]).bearers == {"1987": {second.id}}
    assert words.names(base.id, ["granite"]).bearers == {}


def test_a_word_of_most_passages_names_no_document_but_a_year_does(
    records: SqlRecords, words: SqlWordIndex, base: KnowledgeBase
) -> None:
    texts = ["The basalt of 1987.", "More basalt of 1987.", "And 1987 again."]
    document, *_ = published(records, base, texts, names=("basalt", "1987", "again"))
    told = words.names(base.id, ["basalt", "1987", "again"])
    assert told.bearers == {"1987": {document.id}, "again": {document.id}}


def test_only_an_id_can_name_a_table(words: SqlWordIndex) -> None:
    with pytest.raises(ValueError, match="not an id"):
        words.search(KnowledgeBaseId("x; DROP TABLE documents"), "basalt", 10)
