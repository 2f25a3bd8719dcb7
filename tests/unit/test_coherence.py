"""Which documents agree, differ or are silent, over small documents of our own."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kb.answering.citations import cite
from kb.answering.coherence import coherence_of
from kb.answering.quotes import quote
from kb.domain.access import Scope
from kb.domain.coherence import Coherence, Relation
from kb.domain.documents import DocumentId
from kb.domain.retrieval import Hit, Query
from tests.fake_embedder import FakeEmbedder
from tests.unit.makers import BASE, made_hit

OLD = "Full-time employees receive 20 days of annual leave."
NEW = "Full-time employees receive 25 days of annual leave."


def hits_of(*told: tuple[str, str]) -> list[Hit]:
    return [
        made_hit(text, rank=rank, document=name, heading_path=())
        for rank, (name, text) in enumerate(told, 1)
    ]


def compared(
    claim: str, hits: Sequence[Hit], asked: Iterable[str] = (), question: str = "How much leave?"
) -> Coherence:
    """What is said of an answer of one claim that cites the first hit."""
    among = frozenset(map(DocumentId, asked)) or None
    query = Query(text=question, scope=Scope(knowledge_base_id=BASE, document_ids=among))
    whole = cite(f"{claim.rstrip('.')} [1].", hits, FakeEmbedder())
    return coherence_of(query, whole.citations, hits)


def test_the_newest_edition_comes_first_where_a_number_has_changed() -> None:
    hits = hits_of(("policy-2021.pdf", OLD), ("policy-2024.pdf", NEW))
    assert compared(OLD, hits).told == [
        "policy-2024.pdf (newest, 2024) says 25 days; policy-2021.pdf (2021) says 20 days."
    ]


def test_several_editions_are_told_in_one_sentence() -> None:
    hits = hits_of(("rules v1.pdf", OLD), ("rules v10.pdf", NEW), ("rules v2.pdf", OLD))
    assert compared(OLD, hits).told == [
        "rules v10.pdf (newest, version 10) says 25 days; rules v2.pdf (version 2) says 20 days; "
        "rules v1.pdf (version 1) says 20 days."
    ]


def test_without_a_date_in_the_names_the_day_added_tells() -> None:
    old, new = hits_of(("rules-old.md", OLD), ("rules-new.md", NEW))
    later = replace(new.document, created_at=datetime(2026, 5, 3, tzinfo=UTC))
    assert compared(OLD, [old, replace(new, document=later)]).told == [
        "rules-new.md (newest, added 3 May 2026) says 25 days; "
        "rules-old.md (added 1 May 2026) says 20 days."
    ]


def test_documents_added_on_one_day_have_no_newest() -> None:
    (told,) = compared(OLD, hits_of(("rules-old.md", OLD), ("rules-new.md", NEW))).told
    assert "newest" not in told
    assert told.endswith("Which is newer is not known.")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            "Travel expenses are approved by Anna Meyer.",
            "Travel expenses are approved by Jon Lee.",
            ["Jon Lee", "Anna Meyer"],
        ),
        (
            "Visitors may take photographs inside the laboratory.",
            "Visitors may not take photographs inside the laboratory.",
            [
                "“Visitors may not take photographs inside the laboratory.”",
                "“Visitors may take photographs inside the laboratory.”",
            ],
        ),
        (
            "Claims must reach the benefits office by 15 March.",
            "Claims must reach the benefits office by 30 April.",
            ["30 April", "15 March"],
        ),
        (
            "The annual fitness allowance is $250 per employee.",
            "The annual fitness allowance is $300 per employee.",
            ["$300", "$250"],
        ),
    ],
)
def test_a_name_a_denial_a_date_and_a_sum_differ(before: str, after: str, says: list[str]) -> None:
    hits = hits_of(("guide_2021.pdf", before), ("guide_2024.pdf", after))
    (comparison,) = compared(before, hits).comparisons
    assert comparison.relation is Relation.DIFFER
    assert [voice.says for voice in comparison.voices] == says


def test_another_document_that_agrees_is_told_apart_from_the_editions() -> None:
    hits = hits_of(("policy-2024.pdf", NEW), ("policy-2021.pdf", OLD), ("handbook.md", NEW))
    assert compared(NEW, hits).told == [
        "policy-2024.pdf (newest, 2024) says 25 days; policy-2021.pdf (2021) says 20 days.",
        f"policy-2024.pdf and handbook.md say the same: “{NEW}”",
    ]


def test_documents_of_other_names_differ_where_the_sentence_names_what_it_is_about() -> None:
    before = "The new P-40 Northwind pump weighs 84 kg when empty."
    hits = hits_of(("manual.pdf", before), ("leaflet.md", before.replace("84", "86")))
    (told,) = compared(before, hits).told
    assert told.startswith("manual.pdf (added 1 May 2026) says 84 kg; leaflet.md")
    nameless = before.replace("P-40 Northwind", "small")
    hits = hits_of(("manual.pdf", nameless), ("leaflet.md", nameless.replace("84", "86")))
    assert compared(nameless, hits).told == []


def test_two_documents_that_say_the_same_agree() -> None:
    hits = hits_of(("handbook.pdf", NEW), ("welcome.md", f"Dear all. {NEW}"))
    assert compared(NEW, hits).told == [f"handbook.pdf and welcome.md say the same: “{NEW}”"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Reports of another firm, and of another year.
        (
            ("3M_2022_10K.pdf", "We employ approximately 92,000 people worldwide."),
            ("Adobe_2022_10K.pdf", "We employ approximately 29,000 people worldwide."),
        ),
        (
            ("3M_2018_10K.pdf", "We employ approximately 93,000 people worldwide."),
            ("3M_2022_10K.pdf", "We employ approximately 92,000 people worldwide."),
        ),
        # What was, in editions of different years.
        (
            ("guide-2021.pdf", "Attendance at the open day was 300 visitors."),
            ("guide-2022.pdf", "Attendance at the open day was 450 visitors."),
        ),
        # Another group of people, another thing, another unit.
        (
            ("policy-2021.pdf", "Part-time employees receive 20 days of annual leave."),
            ("policy-2024.pdf", NEW),
        ),
        (
            ("plan-standard.pdf", "The yearly deductible for families is $500."),
            ("plan-plus.pdf", "The yearly deductible for families is $900."),
        ),
        (
            ("policy-2021.pdf", "Employees may carry over 3 weeks of annual leave."),
            ("policy-2024.pdf", "Employees may carry over 10 days of annual leave."),
        ),
        # The same words of two events, in documents that are no editions of one.
        (
            ("bert.pdf", "The fifth PASCAL recognizing textual entailment challenge."),
            ("glue.pdf", "The third PASCAL recognizing textual entailment challenge."),
        ),
        (
            ("one.html", "(June 2014) (Learn how to remove this Template message)"),
            ("two.html", "(October 2016) (Learn how to remove this Template message)"),
        ),
        # Whom it is about, where the name is not what is told.
        (
            ("staff-2021.pdf", "Anna Meyer works in the northern branch office."),
            ("staff-2024.pdf", "Jon Lee works in the northern branch office."),
        ),
    ],
)
def test_statements_about_different_things_do_not_differ(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    assert compared(one[1], hits_of(one, other)).comparisons == ()


def test_an_edition_that_says_both_contradicts_nothing() -> None:
    hits = hits_of(("policy-2021.pdf", OLD), ("policy-2024.pdf", f"{NEW} {OLD}"))
    (comparison,) = compared(OLD, hits).comparisons
    assert comparison.relation is Relation.AGREE


def test_other_headings_tell_of_other_things() -> None:
    old, new = hits_of(("policy-2021.pdf", OLD), ("policy-2024.pdf", NEW))
    passages = [
        replace(hit.passage, heading_path=(heading,))
        for hit, heading in ((old, "Offices abroad"), (new, "Headquarters"))
    ]
    hits = [
        replace(hit, passage=passage) for hit, passage in zip((old, new), passages, strict=True)
    ]
    assert compared(OLD, hits).comparisons == ()


def test_documents_asked_by_name_that_say_nothing_are_counted() -> None:
    hits = hits_of(("policy.pdf", NEW), ("menu.pdf", "Lunch is served at noon."))
    asked = ["policy.pdf", "menu.pdf", "map.pdf"]
    told = compared(NEW, hits, asked, "How much annual leave do employees receive?").told
    assert told == ["Nothing was found of it in 2 other documents you asked."]
    assert compared(NEW, hits).told == []
    many = [*asked, *(f"{number}.pdf" for number in range(8))]
    assert compared(NEW, hits, many).told == []


def test_what_a_document_takes_part_in_goes_with_it() -> None:
    hits = hits_of(("policy-2021.pdf", OLD), ("policy-2024.pdf", NEW))
    told = compared(OLD, hits)
    assert told.without(DocumentId("policy-2021.pdf")).comparisons == ()
    assert told.without(DocumentId("other.pdf")) == told


def test_quotes_have_both_editions_and_the_newest_first() -> None:
    hits = hits_of(("policy-2021.pdf", OLD), ("policy-2024.pdf", NEW))
    text = "".join(quote("How many days of annual leave?", hits, FakeEmbedder()))
    assert text.index("policy-2024.pdf") < text.index(NEW) < text.index("policy-2021.pdf")
    assert OLD in text
