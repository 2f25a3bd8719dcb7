"""How a document is parted into the sections in which it is read."""

from hypothesis import given
from hypothesis import strategies as st

from kb.answering.sections import Section, sections
from kb.domain.documents import Passage
from tests.unit.makers import made_document, made_passage

BOOK = made_document()


def passages(*told: tuple[str, int]) -> list[Passage]:
    """Passages under headings `a > b`, of so many characters, one a page."""
    return [
        made_passage(
            "x" * length,
            id=f"p{at}",
            ordinal=at,
            page=at + 1,
            heading_path=tuple(path.split(" > ")) if path else (),
        )
        for at, (path, length) in enumerate(told)
    ]


def shape(found: list[Section]) -> list[tuple[str, int]]:
    return [(section.heading, len(section.passages)) for section in found]


def test_a_short_document_is_one_section() -> None:
    found = sections(BOOK, passages(("Book", 10), ("Book > One", 10)), 100)
    assert shape(found) == [("Book", 2)]


def test_sections_end_where_headings_do() -> None:
    told = passages(("B > One", 40), ("B > One", 40), ("B > Two", 50), ("B > Two > Deep", 40))
    assert shape(sections(BOOK, told, 100)) == [("One", 2), ("Two", 2)]


def test_a_long_section_is_parted_by_the_headings_below_it() -> None:
    told = passages(("One > A", 60), ("One > A", 30), ("One > B", 90), ("Two", 50))
    assert shape(sections(BOOK, told, 100)) == [("A", 2), ("B", 1), ("Two", 1)]


def test_short_sections_are_read_together_under_their_first_and_last_heading() -> None:
    told = passages(("B > One", 30), ("B > Two", 30), ("B > Three", 30), ("B > Four", 90))
    assert shape(sections(BOOK, told, 100)) == [("One – Three", 3), ("Four", 1)]


def test_without_headings_sections_are_runs_of_pages_of_one_size() -> None:
    found = sections(BOOK, passages(*[("", 40)] * 6), 100)
    assert shape(found) == [("Pages 1–2", 2), ("Pages 3–4", 2), ("Pages 5–6", 2)]


def test_without_pages_either_they_are_called_as_the_document() -> None:
    note = made_document("note.txt", title="A note", page_count=None)
    assert shape(sections(note, passages(("", 40)), 100)) == [("A note", 1)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "A", "A > B", "A > C", "D", "D > E > F"]), st.integers(1, 50)
        ),
        max_size=30,
    ),
    st.integers(50, 300),
)
def test_every_passage_is_read_once_and_in_order(told: list[tuple[str, int]], most: int) -> None:
    every = passages(*told)
    found = sections(BOOK, every, most)
    assert [one for section in found for one in section.passages] == every
    assert all(section.characters <= most for section in found)
