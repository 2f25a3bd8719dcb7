"""PDFs: text, structure and places on the page."""

import io
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from kb.adapters.readers.pdf import read, sensible_title
from kb.adapters.readers.pictures import MAX_SIDE, page_png
from kb.domain.documents import ElementKind, ParsedDocument, TextSource
from kb.domain.errors import DamagedFileError, InvalidInputError, PasswordNeededError
from tests.adapters.pdf_maker import PdfPage, Picture, Text, make_pdf, paragraph
from tests.adapters.picture_maker import drawn

TITLE, PARAGRAPH, ITEM = ElementKind.TITLE, ElementKind.PARAGRAPH, ElementKind.LIST_ITEM
PROSE = ("The footbridge over the river was opened in 1987 and", "is eighty-four metres long.")


def read_pdf(folder: Path, content: bytes) -> ParsedDocument:
    path = folder / "file"
    path.write_bytes(content)
    return read(path)


def told(document: ParsedDocument) -> list[tuple[ElementKind, str]]:
    return [
        (element.kind, document.pages[element.page - 1].text[element.start : element.end])
        for element in document.elements
    ]


def handbook() -> bytes:
    first = [
        Text("Staff Handbook", top=80, size=24),
        Text("Working Hours", top=130, size=16, bold=True),
        *paragraph(*PROSE, top=170),
        *paragraph("A second paragraph begins after a gap", "and has two lines.", top=210),
        Text("• Bring a coat", top=260),
        Text("• Bring a hat, which may", top=275),
        Text("be of any colour", top=288.2, left=80),
        Text("1. Knock", top=320),
        Text("2. Enter", top=335),
    ]
    second = [
        Text("Sickness", top=80, size=16, bold=True),
        *paragraph("Call before nine.", "Then rest.", top=120),
    ]
    return make_pdf(PdfPage(first), PdfPage(second), title="Handbook of 2026")


def test_titles_paragraphs_and_items_are_found(tmp_path: Path) -> None:
    assert told(read_pdf(tmp_path, handbook())) == [
        (TITLE, "Staff Handbook"),
        (TITLE, "Working Hours"),
        (PARAGRAPH, "\n".join(PROSE)),
        (PARAGRAPH, "A second paragraph begins after a gap\nand has two lines."),
        (ITEM, "• Bring a coat"),
        (ITEM, "• Bring a hat, which may\nbe of any colour"),
        (ITEM, "1. Knock"),
        (ITEM, "2. Enter"),
        (TITLE, "Sickness"),
        (PARAGRAPH, "Call before nine.\nThen rest."),
    ]


def test_titles_have_levels_by_their_size(tmp_path: Path) -> None:
    document = read_pdf(tmp_path, handbook())
    assert [e.level for e in document.elements if e.kind is TITLE] == [1, 2, 2]


def test_pages_are_the_documents_own(tmp_path: Path) -> None:
    document = read_pdf(tmp_path, handbook())
    assert document.paged
    assert document.title == "Handbook of 2026"
    assert [page.number for page in document.pages] == [1, 2]
    assert (document.pages[0].width, document.pages[0].height) == (612, 792)
    assert document.elements[-1].page == 2
    assert document.warnings == ()


def test_slices_agree_and_boxes_lie_on_the_page(tmp_path: Path) -> None:
    document = read_pdf(tmp_path, handbook())
    for one, other in pairwise(document.elements):
        assert (one.page, one.end) <= (other.page, other.start) or one.page < other.page
    for element in document.elements:
        page = document.pages[element.page - 1]
        assert page.text[element.start : element.end].strip()
        assert [page.text[box.start : box.end] for box in element.boxes] == page.text[
            element.start : element.end
        ].split("\n")
        for box in element.boxes:
            assert 0 <= box.left < box.right <= (page.width or 0)
            assert 0 <= box.top < box.bottom <= (page.height or 0)


def test_a_box_surrounds_its_line(tmp_path: Path) -> None:
    page = PdfPage([Text("Mind the step", left=100, top=200, size=20)])
    box = read_pdf(tmp_path, make_pdf(page)).elements[0].boxes[0]
    assert (box.left, box.bottom) == pytest.approx((100, 204), abs=3)
    assert box.top == pytest.approx(186, abs=3)
    assert 215 < box.right < 240


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (50, 100, 550, 750)])
def test_a_box_lies_where_the_pages_picture_shows_the_text(
    tmp_path: Path, rotate: int, crop: tuple[float, float, float, float] | None
) -> None:
    line = Text("Mind the step", left=100, top=200, size=20)
    content = make_pdf(PdfPage([line], rotate=rotate, crop=crop))
    document = read_pdf(tmp_path, content)
    page, box = document.pages[0], document.elements[0].boxes[0]
    with Image.open(io.BytesIO(page_png(tmp_path / "file", 1, 1.0))) as picture:
        assert (float(picture.width), float(picture.height)) == (page.width, page.height)
        ink = ImageOps.invert(picture.convert("L")).getbbox()
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx(ink, abs=2)


def test_a_picture_of_a_huge_page_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(make_pdf(PdfPage([Text("x")], width=14_400, height=200)))
    with Image.open(io.BytesIO(page_png(path, 1, 3.0))) as picture:
        assert picture.size[0] == MAX_SIDE


def test_a_page_that_is_not_there_has_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(handbook())
    for page in (0, 3):
        with pytest.raises(InvalidInputError):
            page_png(path, page, 1.0)


def test_a_short_line_alone_above_prose_is_a_title(tmp_path: Path) -> None:
    page = PdfPage([Text("Annual Leave", top=80), *paragraph(*PROSE, top=110)])
    assert told(read_pdf(tmp_path, make_pdf(page)))[0] == (TITLE, "Annual Leave")


def test_an_indented_line_begins_a_paragraph(tmp_path: Path) -> None:
    lines = paragraph(*PROSE, "Another thought follows", "on two lines.", top=100)
    indented = Text(lines[2].text, left=86, top=lines[2].top)
    page = PdfPage([*lines[:2], indented, lines[3]])
    assert len(read_pdf(tmp_path, make_pdf(page)).elements) == 2


def test_pieces_of_one_line_are_put_together(tmp_path: Path) -> None:
    page = PdfPage([Text("Rent", left=72), Text("1,200", left=300), Text("monthly", left=400)])
    assert told(read_pdf(tmp_path, make_pdf(page))) == [(PARAGRAPH, "Rent 1,200 monthly")]


def test_cells_under_each_other_are_a_table(tmp_path: Path) -> None:
    rows = [
        [Text(cell, left=left, top=top) for cell, left in zip(cells, (72, 250, 400), strict=True)]
        for top, cells in ((100, ("Item", "2025", "2026")), (116, ("Rent", "1,200", "1,350")))
    ]
    total = [Text("Total", left=72, top=132), Text("2,750", left=400, top=132)]
    lines = [*rows[0], *rows[1], *total, *paragraph(*PROSE, top=200)]
    found = told(read_pdf(tmp_path, make_pdf(PdfPage(lines))))
    table = "Item | 2025 | 2026\nRent | 1,200 | 1,350\nTotal |  | 2,750"
    assert found == [(ElementKind.TABLE, table), (PARAGRAPH, "\n".join(PROSE))]


def test_a_row_has_one_box_of_all_its_cells(tmp_path: Path) -> None:
    lines = [
        Text(cell, left=left, top=top)
        for top in (100, 116)
        for cell, left in (("a", 72), ("b", 300))
    ]
    (table,) = read_pdf(tmp_path, make_pdf(PdfPage(lines))).elements
    assert [round(box.left) for box in table.boxes] == [72, 72]
    assert all(box.right > 300 for box in table.boxes)


def test_columns_written_row_by_row_are_read_one_after_the_other(tmp_path: Path) -> None:
    left = [f"the left column says in line {number}" for number in range(8)]
    right = [f"and the right one tells in line {number}" for number in range(8)]
    lines = [Text("A headline across both columns of the page, set in one line", top=80)]
    for number in range(8):
        top = 110 + 13 * number
        lines.append(Text(left[number], left=72, top=top))
        lines.append(Text(right[number], left=320, top=top))
    text = read_pdf(tmp_path, make_pdf(PdfPage(lines))).pages[0].text
    assert text.split()[-8 * 8 :] == " ".join(right).split()
    assert text.index(left[-1]) < text.index(right[0])
    assert text.startswith("A headline")


def test_only_the_first_pages_are_read_where_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(make_pdf(*(PdfPage([Text(f"Page {number}")]) for number in range(9))))
    assert [page.text for page in read(path, pages=2).pages] == ["Page 0", "Page 1"]
    assert len(read(path, pages=20).pages) == 9


def test_a_large_picture_of_text_wants_ocr_and_a_logo_or_photo_does_not(tmp_path: Path) -> None:
    table = drawn("Group\tFee", "Adults\t45.00")
    photo = Image.linear_gradient("L").resize((300, 200))
    pages = [
        PdfPage(paragraph(*PROSE, top=100), [Picture(image, 72, 300, width, height)])
        for image, width, height in ((table, 400, 120), (table, 100, 30), (photo, 300, 200))
    ]
    found = read_pdf(tmp_path, make_pdf(*pages)).pages
    assert [page.ocr_wanted for page in found] == [True, False, False]
    assert {page.text_source for page in found} == {TextSource.DIGITAL}


def test_a_scan_with_a_text_layer_keeps_it(tmp_path: Path) -> None:
    scan = Picture(drawn("a scanned page"), 0, 0, 612, 792)
    layer = paragraph(*PROSE * 4, top=100)
    stamped = [Text("Copy 4 of 7", top=40)]
    content = make_pdf(PdfPage(layer, [scan]), PdfPage(stamped, [scan]), PdfPage([], [scan]))
    pages = read_pdf(tmp_path, content).pages
    assert [page.ocr_wanted for page in pages] == [False, True, True]
    assert [page.text_source for page in pages] == ["digital", "digital", "empty"]


def test_a_text_layer_that_means_nothing_is_left_for_ocr(tmp_path: Path) -> None:
    glyphs = Text("".join(chr(number) for number in range(1, 9)) * 6)
    page = read_pdf(tmp_path, make_pdf(PdfPage([glyphs]))).pages[0]
    assert (page.text, page.text_source) == ("", TextSource.EMPTY)


def test_the_outline_says_what_is_a_title_and_at_which_level(tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf")
    lines = [
        Text("Part One", top=80, size=11),
        *paragraph("1.1 Boats and other vessels.", top=120),
        *paragraph(*PROSE, top=160),
    ]
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(make_pdf(PdfPage(lines))))
    part = writer.add_outline_item(title="Part One", page_number=0)
    writer.add_outline_item(title="Boats and Other Vessels", page_number=0, parent=part)
    made = io.BytesIO()
    writer.write(made)
    elements = read_pdf(tmp_path, made.getvalue()).elements
    assert [(one.kind, one.level) for one in elements] == [(TITLE, 1), (TITLE, 2), (PARAGRAPH, 0)]


def test_heads_of_a_part_of_the_document_are_no_elements(tmp_path: Path) -> None:
    pages = [
        PdfPage(
            [
                *([Text("Appendix of the plan", top=110)] if number >= 20 else []),
                *(Text(f"Line {number} {line}.", top=140 + 15 * line) for line in range(9)),
            ]
        )
        for number in range(25)
    ]
    found = [text for _, text in told(read_pdf(tmp_path, make_pdf(*pages))) if "Appendix" in text]
    assert len(found) == 1


def test_running_heads_and_page_numbers_are_no_elements(tmp_path: Path) -> None:
    pages = [
        PdfPage(
            [
                Text("Contoso internal", top=30, size=9),
                *paragraph(f"Page {word} says this", "in two lines.", top=120),
                Text(f"{number}", top=770, left=300, size=9),
            ]
        )
        for number, word in enumerate(("one", "two", "three", "four"), start=1)
    ]
    document = read_pdf(tmp_path, make_pdf(*pages))
    heads = [text for _, text in told(document) if "Contoso" in text]
    assert heads == ["Contoso internal"]
    assert len(document.elements) == 5
    assert "Contoso internal" in document.pages[3].text
    assert document.pages[3].text.endswith("4")


def test_page_numbers_under_short_pages_are_no_elements(tmp_path: Path) -> None:
    pages = [
        PdfPage([Text("Some words.", top=100), Text(f"{number + 6}", top=120 + 30 * number)])
        for number in range(5)
    ]
    document = read_pdf(tmp_path, make_pdf(*pages))
    assert [text for _, text in told(document)] == ["Some words."] * 5


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (("An architecture. The archi-", "tecture stands."), "The architecture stands"),
        (("A long-term plan. This long-", "term plan holds."), "This long-term plan"),
        (("We watch the edge, cutting. A cutting-", "edge tool."), "A cutting-edge tool"),
    ],
)
def test_a_broken_word_is_joined_as_the_document_writes_it(
    tmp_path: Path, lines: tuple[str, str], text: str
) -> None:
    page = PdfPage(paragraph(*lines, top=100))
    assert text in read_pdf(tmp_path, make_pdf(page)).pages[0].text


def test_page_labels_are_kept(tmp_path: Path) -> None:
    labels = "0 << /S /r >> 1 << /S /D /St 1 >>"
    content = make_pdf(PdfPage(), PdfPage(), labels=labels)
    assert [page.label for page in read_pdf(tmp_path, content).pages] == ["i", "1"]


def test_pages_without_text_are_no_error_but_a_warning(tmp_path: Path) -> None:
    document = read_pdf(tmp_path, make_pdf(PdfPage(), PdfPage()))
    assert [page.text for page in document.pages] == ["", ""]
    assert document.elements == ()
    assert len(document.warnings) == 1


def test_a_pdf_without_pages_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError):
        read_pdf(tmp_path, make_pdf())


@pytest.mark.parametrize("content", [b"%PDF-1.7\nnothing", handbook()[:200], b"%PDF-"])
def test_a_broken_pdf_is_damaged(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DamagedFileError):
        read_pdf(tmp_path, content)


def test_a_pdf_with_a_lost_xref_is_read_all_the_same(tmp_path: Path) -> None:
    content = handbook().replace(b"startxref\n", b"startxref\n9")
    document = read_pdf(tmp_path, content)
    assert len(document.pages) == 2


def test_a_pdf_with_a_password_says_so(tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf")
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(handbook()))
    writer.encrypt("secret", algorithm="RC4-128")
    made = io.BytesIO()
    writer.write(made)
    with pytest.raises(PasswordNeededError) as told_error:
        read_pdf(tmp_path, made.getvalue())
    assert told_error.value.advice == "Save a copy without one and add that."


def test_every_text_can_be_encoded(tmp_path: Path) -> None:
    page = PdfPage([Text("Grüße — “quoted” œuvre €5")])
    document = read_pdf(tmp_path, make_pdf(page))
    assert document.pages[0].text.encode("utf-8").decode("utf-8") == "Grüße — “quoted” œuvre €5"


@pytest.mark.parametrize(
    "title",
    [
        "Microsoft Word - Report.doc",
        "untitled",
        "report_final.pdf",
        "  ",
        "Document1",
        "2026-01-02",
    ],
)
def test_a_title_that_a_program_made_up_is_none(title: str) -> None:
    assert sensible_title(title) == ""


def test_a_sensible_title_is_kept() -> None:
    assert sensible_title("PAL: Program-aided\nLanguage Models") == (
        "PAL: Program-aided Language Models"
    )
