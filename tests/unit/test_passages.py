"""How a document is cut into passages."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.domain.documents import (
    PAGE_SEPARATOR,
    DocumentId,
    Element,
    ElementKind,
    Page,
    ParsedDocument,
    Passage,
    TextBox,
)
from kb.ingestion.passages import HEADER_TOKENS, cut, embedded_texts, page_offsets
from tests.unit.makers import made_passage

MANUAL = DocumentId("manual")
BETWEEN = "\n\n"

Block = tuple[ElementKind, str]

KINDS = st.sampled_from(list(ElementKind))
TEXTS = st.text(
    alphabet=st.one_of(
        st.sampled_from("ab  .!?\n[]1。中-•"), st.characters(exclude_categories=["Cs"])
    ),
    max_size=120,
)
PAGES = st.lists(st.lists(st.tuples(KINDS, TEXTS), max_size=6), min_size=1, max_size=4)


def count_characters(texts: Sequence[str]) -> list[int]:
    """A token a character that shows: it adds up, and a word without spaces is long."""
    return [sum(not c.isspace() for c in text) for text in texts]


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def document(*pages: Sequence[Block]) -> ParsedDocument:
    """Pages of blocks, each a line box wide; titles have level 1, or the number of their #."""
    made, elements = [], []
    for number, blocks in enumerate(pages, 1):
        text = ""
        for kind, block in blocks:
            level = len(block) - len(block.lstrip("#")) if kind is ElementKind.TITLE else 0
            start = len(text) + (len(BETWEEN) if text else 0)
            text = (text + BETWEEN if text else "") + block
            box = TextBox(
                page=number, start=start, end=len(text), left=0, top=start, right=9, bottom=start
            )
            elements.append(
                Element(
                    kind=kind,
                    page=number,
                    start=start,
                    end=len(text),
                    level=max(level, int(kind is ElementKind.TITLE)),
                    boxes=(box,),
                )
            )
        made.append(Page(number=number, text=text))
    return ParsedDocument(pages=tuple(made), elements=tuple(elements), paged=True)


def paragraph(text: str) -> Block:
    return ElementKind.PARAGRAPH, text


def title(text: str) -> Block:
    return ElementKind.TITLE, text


def words(count: int, word: str = "Word") -> str:
    return " ".join([word] * (count - 1) + [f"{word}."])


def texts(passages: Sequence[Passage]) -> list[str]:
    return [passage.text for passage in passages]


def whole_text(parsed: ParsedDocument) -> str:
    return PAGE_SEPARATOR.join(page.text for page in parsed.pages)


@given(PAGES, st.integers(4, 60))
def test_a_passage_is_exactly_a_stretch_of_the_document(
    pages: list[list[Block]], most: int
) -> None:
    parsed = document(*pages)
    for passage in cut(MANUAL, parsed, count_characters, most):
        assert passage.text == whole_text(parsed)[passage.start : passage.end]
        assert passage.text.strip()


@given(PAGES, st.integers(4, 60))
def test_every_character_that_shows_is_in_exactly_one_passage(
    pages: list[list[Block]], most: int
) -> None:
    parsed = document(*pages)
    covered = [0] * len(whole_text(parsed))
    for passage in cut(MANUAL, parsed, count_characters, most):
        for place in range(passage.start, passage.end):
            covered[place] += 1
    shown = [
        n for n, character in zip(covered, whole_text(parsed), strict=True) if character.strip()
    ]
    assert set(shown) <= {1}


@given(PAGES, st.integers(4, 60))
def test_no_passage_is_longer_than_allowed_or_crosses_a_page(
    pages: list[list[Block]], most: int
) -> None:
    parsed = document(*pages)
    offsets = page_offsets(parsed.pages)
    for passage in cut(MANUAL, parsed, count_characters, most):
        assert 0 < passage.token_count <= most
        assert passage.token_count == count_characters([passage.text])[0]
        assert passage.page_first == passage.page_last
        page = parsed.pages[passage.page_first - 1]
        first = offsets[page.number]
        assert first <= passage.start < passage.end <= first + len(page.text)


@given(PAGES)
def test_boxes_belong_to_their_passage(pages: list[list[Block]]) -> None:
    parsed = document(*pages)
    offsets = page_offsets(parsed.pages)
    for passage in cut(MANUAL, parsed, count_characters, 30):
        start, end = (at - offsets[passage.page_first] for at in (passage.start, passage.end))
        touching = [
            box
            for element in parsed.elements
            for box in element.boxes
            if box.page == passage.page_first and box.start < end and box.end > start
        ]
        assert list(passage.boxes) == touching


@given(PAGES)
def test_cutting_again_gives_the_same(pages: list[list[Block]]) -> None:
    parsed = document(*pages)
    once = cut(MANUAL, parsed, count_characters, 30)
    assert once == cut(MANUAL, parsed, count_characters, 30)
    assert [passage.ordinal for passage in once] == list(range(len(once)))
    assert len({passage.id for passage in once}) == len(once)


def test_ids_depend_on_the_document_and_the_settings() -> None:
    parsed = document([paragraph("Some text.")])
    one = cut(MANUAL, parsed, count_words, 30)
    other = cut(DocumentId("other"), parsed, count_words, 30)
    shorter = cut(MANUAL, parsed, count_words, 20)
    assert len({one[0].id, other[0].id, shorter[0].id}) == 3


def test_a_document_without_text_has_no_passages() -> None:
    assert cut(MANUAL, document([]), count_words) == []
    assert cut(MANUAL, document([paragraph(" \n ")]), count_words) == []


def test_a_short_document_is_one_passage() -> None:
    parsed = document([paragraph("The pump runs. It is loud."), paragraph("It weighs 84 kg.")])
    assert texts(cut(MANUAL, parsed, count_words, 50)) == [whole_text(parsed)]


def test_a_passage_ends_between_sentences() -> None:
    parsed = document([paragraph(" ".join([words(8), words(8), words(8)]))])
    assert texts(cut(MANUAL, parsed, count_words, 20)) == [f"{words(8)} {words(8)}", words(8)]


def test_a_paragraph_that_does_not_fit_begins_a_passage() -> None:
    parsed = document([paragraph(words(14)), paragraph(f"{words(4)} {words(4)}")])
    assert texts(cut(MANUAL, parsed, count_words, 20)) == [words(14), f"{words(4)} {words(4)}"]


def test_a_heading_begins_a_passage() -> None:
    parsed = document([title("One"), paragraph("Short."), title("Two"), paragraph("Short.")])
    assert texts(cut(MANUAL, parsed, count_words)) == ["One\n\nShort.", "Two\n\nShort."]


def test_headings_with_nothing_between_them_share_a_passage() -> None:
    parsed = document([title("#One"), title("##Two"), paragraph("Short.")])
    assert texts(cut(MANUAL, parsed, count_words)) == [whole_text(parsed)]


def test_a_long_section_is_cut_into_even_parts() -> None:
    sentences = " ".join([words(8)] * 5)
    passages = cut(MANUAL, document([paragraph(sentences)]), count_words, 32)
    assert [passage.token_count for passage in passages] == [24, 16]


def test_a_passage_knows_the_headings_above_it() -> None:
    blocks = [title("#Pumps"), paragraph("One."), title("##Care"), paragraph("Two.")]
    blocks += [title("##Oil"), paragraph("Three."), title("#Fans"), paragraph("Four.")]
    paths = [passage.heading_path for passage in cut(MANUAL, document(blocks), count_words)]
    assert paths == [("#Pumps",), ("#Pumps", "##Care"), ("#Pumps", "##Oil"), ("#Fans",)]


def test_headings_go_on_over_pages() -> None:
    parsed = document([title("Pumps"), paragraph("One.")], [paragraph("Two.")])
    paths = [passage.heading_path for passage in cut(MANUAL, parsed, count_words)]
    assert paths == [("Pumps",), ("Pumps",)]


def test_headings_that_share_a_passage_keep_only_what_leads_to_both() -> None:
    blocks = [title("#Pumps"), title("##Scope"), title("#Fans"), title("##Scope")]
    blocks += [paragraph("Short.")]
    passages = cut(MANUAL, document(blocks), count_words)
    assert [passage.heading_path for passage in passages] == [()]


def test_a_heading_of_several_lines_is_one_name() -> None:
    parsed = document([title("Care of\n  the pump"), paragraph("Short.")])
    assert cut(MANUAL, parsed, count_words)[0].heading_path == ("Care of the pump",)


@pytest.mark.parametrize("kind", [ElementKind.TABLE, ElementKind.CODE])
def test_rows_and_lines_stay_whole_where_they_fit(kind: ElementKind) -> None:
    rows = [f"Row {n}. | It has | a few. Words." for n in range(9)]
    passages = cut(MANUAL, document([(kind, "\n".join(rows))]), count_words, 20)
    assert len(passages) > 1
    assert [row for passage in passages for row in passage.text.split("\n")] == rows


def test_a_row_longer_than_a_passage_is_divided_at_its_spaces() -> None:
    row = " ".join(f"cell{n}" for n in range(100))
    passages = cut(MANUAL, document([(ElementKind.TABLE, row)]), count_words, 10)
    assert all(passage.token_count <= 10 for passage in passages)
    assert " ".join(texts(passages)).split() == row.split()


def test_a_giant_word_is_divided_without_loss() -> None:
    giant = "x" * 1000
    passages = cut(MANUAL, document([paragraph(f"Look: {giant} done.")]), count_characters, 60)
    assert all(passage.token_count <= 60 for passage in passages)
    assert "".join(texts(passages)).replace(" ", "") == f"Look:{giant}done."


def embedded(title: str, passage: Passage) -> str:
    """What is embedded for one passage."""
    (text,) = embedded_texts(title, [passage], count_words)
    return text


def test_a_passage_is_embedded_under_its_title_and_nearest_heading() -> None:
    passage = made_passage("It\nruns  fast.", heading_path=("Pumps", "Care"))
    assert embedded("Manual", passage) == "Manual > Care\nIt runs fast."


def test_the_bars_between_cells_are_not_embedded() -> None:
    passage = made_passage("Pump | 12 kg\nValve | 3 kg", heading_path=())
    assert embedded("Parts", passage) == "Parts\nPump 12 kg Valve 3 kg"


def test_a_heading_that_repeats_the_title_is_embedded_once() -> None:
    passage = made_passage("It runs.", heading_path=("Manual", "Care"))
    assert embedded("Manual", passage) == "Manual > Care\nIt runs."


def test_a_passage_without_title_and_headings_is_embedded_alone() -> None:
    assert embedded("", made_passage("It runs.")) == "It runs."


def test_a_giant_title_leaves_room_for_the_text() -> None:
    header, text = embedded("very " * 500, made_passage("It runs.")).split("\n")
    assert header
    assert count_words([header]) <= [HEADER_TOKENS]
    assert text == "It runs."


def test_pages_begin_where_the_ones_before_end() -> None:
    pages = [Page(number=1, text="ab"), Page(number=2, text=""), Page(number=3, text="c")]
    whole = PAGE_SEPARATOR.join(page.text for page in pages)
    assert page_offsets(pages) == {1: 0, 2: whole.index("c") - 2, 3: whole.index("c")}


def test_an_element_without_text_of_its_own_adds_no_passage() -> None:
    parsed = document([paragraph("Text.")])
    blank = replace(parsed.elements[0], start=2, end=2, boxes=())
    with_blank = replace(parsed, elements=(*parsed.elements, blank))
    assert cut(MANUAL, with_blank, count_words) == cut(MANUAL, parsed, count_words)
