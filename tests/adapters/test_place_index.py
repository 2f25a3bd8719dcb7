"""Exact search over real records: which places are found, counted and listed."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import text as sql

from kb.adapters.sql.database import SqlRecords
from kb.adapters.sql.places import SqlPlaceIndex, as_shown, line_round
from kb.domain.access import Scope
from kb.domain.documents import (
    PAGE_SEPARATOR,
    Document,
    DocumentState,
    KnowledgeBase,
    Page,
    Passage,
    PassageId,
)
from kb.domain.exact import PatternQuery, Places, exact_query
from tests.adapters.record_maker import SPACE, a_document, embedded, kept_base, new_id

HEAD = "Annual report\n"


def kept(
    records: SqlRecords, base: KnowledgeBase, name: str, *pages: Sequence[str], head: str = ""
) -> Document:
    """A ready document of pages, each made of passages, below a running head that is in none."""
    texts = [head + " ".join(passages) for passages in pages]
    document = replace(
        a_document(base, name), state=DocumentState.READY, page_count=len(pages), passage_count=1
    )
    cut: list[Passage] = []
    position = 0
    for number, (text, passages) in enumerate(zip(texts, pages, strict=True), 1):
        at = len(head)
        for passage in passages:
            start = position + at
            cut.append(_passage(document, len(cut), passage, number, start))
            at += len(passage) + 1
        position += len(text) + len(PAGE_SEPARATOR)
    read = [Page(number=number, text=text) for number, text in enumerate(texts, 1)]
    with records.writing() as store:
        store.documents.add(document)
        store.documents.store(document, read, cut, embedded([p.text for p in cut]), SPACE.id)
    return document


def _passage(document: Document, ordinal: int, text: str, page: int, start: int) -> Passage:
    return Passage(
        id=PassageId(new_id()),
        document_id=document.id,
        ordinal=ordinal,
        text=text,
        heading_path=("Part",),
        page_first=page,
        page_last=page,
        start=start,
        end=start + len(text),
        token_count=3,
    )


def find(records: SqlRecords, base: KnowledgeBase, query: str) -> Places:
    return SqlPlaceIndex(records.engine).find(exact_query(query), whole(base))


def whole(base: KnowledgeBase) -> Scope:
    return Scope(knowledge_base_id=base.id)


def scoped_to(base: KnowledgeBase, *documents: Document) -> Scope:
    ids = frozenset(document.id for document in documents)
    return Scope(knowledge_base_id=base.id, document_ids=ids)


def where(places: Places) -> list[tuple[str, int, str]]:
    """Document, page and words of each place."""
    return [(p.document.name, p.page, p.text[slice(*p.mark)]) for p in places.listed]


def test_places_come_in_order_of_document_and_page_and_are_counted(
    records: SqlRecords, base: KnowledgeBase
) -> None:
    kept(records, base, "b.pdf", ["Basalt once."], ["basalt, BASALT"])
    kept(records, base, "a.pdf", ["No stone."], ["A basalt bridge."])
    kept(records, kept_base(records, "Other"), "c.pdf", ["basalt"])
    found = find(records, base, "basalt")
    assert where(found) == [
        ("a.pdf", 2, "basalt"),
        ("b.pdf", 1, "Basalt"),
        ("b.pdf", 2, "basalt"),
        ("b.pdf", 2, "BASALT"),
    ]
    assert (found.count, found.documents, found.complete) == (4, 2, True)


def test_the_offsets_of_a_place_are_those_of_the_documents_text(
    records: SqlRecords, base: KnowledgeBase
) -> None:
    document = kept(records, base, "a.pdf", ["Ærø first.", "Then."], ["One", "tall basalt pier"])
    (place,) = find(records, base, '"basalt pier"').listed
    with records.reading() as view:
        pages = view.documents.pages(document.id)
        passages = {one.id: one for one in view.documents.passages_of(document.id)}
    text = PAGE_SEPARATOR.join(page.text for page in pages)
    assert text[place.start : place.end] == "basalt pier"
    assert passages[place.passage_id].text == place.passage_text == "tall basalt pier"
    assert place.heading_path == ("Part",)


def test_a_phrase_is_found_where_one_passage_ends_and_the_next_begins(
    records: SqlRecords, base: KnowledgeBase
) -> None:
    kept(records, base, "a.pdf", ["The notice", "period is long."], ["The notice"], ["period"])
    (place,) = find(records, base, '"notice period"').listed
    assert place.page == 1
    assert place.passage_text == "The notice period"
    assert place.quote == "The notice period"


def test_all_words_must_be_on_the_page_and_none_of_those_excluded(
    records: SqlRecords, base: KnowledgeBase
) -> None:
    kept(records, base, "a.pdf", ["red brick", "old bridge"], ["red", "green"], ["bridge"])
    assert where(find(records, base, "red bridge")) == [
        ("a.pdf", 1, "red"),
        ("a.pdf", 1, "bridge"),
    ]
    assert where(find(records, base, "red -bridge")) == [("a.pdf", 2, "red")]
    assert where(find(records, base, 'bridge -"old bridge"')) == [("a.pdf", 3, "bridge")]


def test_running_heads_are_no_places(records: SqlRecords, base: KnowledgeBase) -> None:
    kept(records, base, "a.pdf", ["An annual report."], ["Nothing."], head=HEAD)
    for found in (
        find(records, base, '"annual report"'),
        SqlPlaceIndex(records.engine).find(PatternQuery(pattern="annual report"), whole(base)),
    ):
        assert where(found) == [("a.pdf", 1, "annual report")]


@pytest.mark.parametrize("query", ["检索", "the", '"to be or not to be"', '"§ 12"', "…"])
def test_what_the_word_index_cannot_choose_is_found_all_the_same(
    records: SqlRecords, base: KnowledgeBase, query: str
) -> None:
    kept(records, base, "a.pdf", ["The § 12 … 信息检索系统: to be or not to be"])
    assert find(records, base, query).count == 1


def test_the_word_index_chooses_no_fewer_pages_than_the_texts(
    records: SqlRecords, base: KnowledgeBase
) -> None:
    words = ["Résumé", "running", "runs", "O'Brien’s", "well-being", "x_y", "2,000.5", "ПРИВЕТ"]
    kept(records, base, "a.pdf", *([word] for word in words))
    with_index = [find(records, base, word).count for word in words]
    with records.engine.begin() as connection:
        connection.execute(sql(f"DROP TABLE words_{base.id}"))
    assert with_index == [find(records, base, word).count for word in words] == [1] * len(words)


def test_pages_of_places_are_listed_and_all_are_counted(
    records: SqlRecords, base: KnowledgeBase
) -> None:
    kept(records, base, "a.pdf", *([f"stone {number}"] for number in range(1, 8)))
    index = SqlPlaceIndex(records.engine)
    first = index.find(exact_query("stone"), whole(base), most=3)
    last = index.find(exact_query("stone"), whole(base), first=6, most=3)
    assert [place.page for place in first.listed] == [1, 2, 3]
    assert [place.page for place in last.listed] == [7]
    assert first.count == last.count == 7


def test_only_the_documents_in_scope_and_findable_are_searched(
    records: SqlRecords, base: KnowledgeBase
) -> None:
    one = kept(records, base, "a.pdf", ["stone"])
    other = kept(records, base, "b.pdf", ["stone"])
    index = SqlPlaceIndex(records.engine)
    one_only = index.find(exact_query("stone"), scoped_to(base, one))
    assert [place.document.id for place in one_only.listed] == [one.id]
    assert not index.find(exact_query("stone"), scoped_to(base)).count
    with records.writing() as store:
        store.documents.set_state(one.id, DocumentState.SUPERSEDED)
    assert [p.document.id for p in find(records, base, "stone").listed] == [other.id]


def test_a_search_that_takes_too_long_says_that_it_is_not_complete(
    records: SqlRecords, base: KnowledgeBase
) -> None:
    kept(records, base, "a.pdf", ["stone"], ["a" * 5000 + "b"])
    index = SqlPlaceIndex(records.engine, seconds=1)
    found = index.find(PatternQuery(pattern="stone|(a|aa)+$"), whole(base))
    assert (found.count, found.complete) == (1, False)


@pytest.mark.parametrize(
    ("text", "place", "line"),
    [
        ("one\ntwo   three", (4, 7), "one two three"),
        ("w " * 100 + "here" + " w" * 100, (200, 204), "…" + "w " * 34 + "here" + " w" * 62 + "…"),
        ("x" * 200 + "here" + "x" * 200, (200, 204), "…" + "x" * 70 + "here" + "x" * 126 + "…"),
    ],
)
def test_a_place_is_shown_on_a_line_of_whole_words(
    text: str, place: tuple[int, int], line: str
) -> None:
    shown, (start, end) = as_shown(text, line_round(text, *place), place)
    assert shown == line
    assert shown[start:end] == text[slice(*place)]


def test_a_very_long_match_is_shown_by_its_beginning() -> None:
    text = "z" * 5000
    shown, mark = as_shown(text, line_round(text, 0, 5000), (0, 5000))
    assert shown == "z" * 400 + "…"
    assert mark == (0, 400)
