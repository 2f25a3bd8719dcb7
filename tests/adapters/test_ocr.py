"""What OCR reads, and how it joins a page's own text. The models come with the package."""

from pathlib import Path

import pytest
from PIL import Image

from kb.adapters.readers.ocr import read_page
from kb.adapters.readers.ocr_merge import Reading, with_readings
from kb.adapters.readers.pdf import read
from kb.adapters.readers.sandbox import ReadingProcess
from kb.domain.documents import Element, ElementKind, OcrPage, Page, TextBox, TextSource
from kb.domain.errors import InvalidInputError
from kb.domain.media_types import PDF, PNG
from tests.adapters.pdf_maker import PdfPage, Picture, Text, make_pdf, paragraph
from tests.adapters.picture_maker import drawn

NOTICE = ("The ferry leaves at nine", "and comes back at noon")
FEES = ("Group\tFee\tDeposit", "Adults\t45.00\t10.00", "Children\t12.50\t5.00")


def read_picture(folder: Path, image: Image.Image) -> OcrPage:
    image.save(folder / "file.png")
    return read_page(folder / "file.png", PNG, 1)


def words(page: OcrPage) -> str:
    return " ".join(page.page.text.split())


def test_a_picture_is_read_line_by_line(tmp_path: Path) -> None:
    image = drawn(*NOTICE)
    read = read_picture(tmp_path, image)
    assert words(read) == " ".join(NOTICE)
    assert read.page.text_source is TextSource.OCR
    assert not read.page.ocr_wanted
    assert (read.page.width, read.page.height) == image.size


@pytest.mark.parametrize(
    "turn",
    [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270],
)
def test_a_turned_picture_is_read_and_its_boxes_lie_on_it(
    tmp_path: Path, turn: Image.Transpose
) -> None:
    image = drawn(*NOTICE, "and there is no ferry on Sunday").transpose(turn)
    read = read_picture(tmp_path, image)
    assert words(read).startswith("The ferry leaves at nine and comes back")
    first = read.elements[0].boxes[0]
    assert 0 <= first.left < first.right <= image.width
    assert 0 <= first.top < first.bottom <= image.height
    ink = image.convert("L").point(lambda value: 255 * (value < 128)).getbbox()
    assert ink is not None
    edges = {
        Image.Transpose.ROTATE_90: first.left - ink[0],
        Image.Transpose.ROTATE_180: first.bottom - ink[3],
        Image.Transpose.ROTATE_270: first.right - ink[2],
    }
    assert abs(edges[turn]) < 15


def test_a_table_in_a_picture_has_rows(tmp_path: Path) -> None:
    (table,) = read_picture(tmp_path, drawn(*FEES)).elements
    assert table.kind is ElementKind.TABLE
    page = read_picture(tmp_path, drawn(*FEES)).page
    assert page.text.split("\n") == [row.replace("\t", " | ") for row in FEES]


def test_a_picture_without_text_gives_an_empty_page(tmp_path: Path) -> None:
    for size in ((300, 200), (1, 1), (5000, 3)):
        read = read_picture(tmp_path, Image.new("RGB", size, "white"))
        assert (read.page.text, read.elements) == ("", ())
        assert read.page.text_source is TextSource.EMPTY


def test_a_scanned_page_of_a_pdf_is_read_in_points(tmp_path: Path) -> None:
    scan = Picture(drawn(*NOTICE, width=612), left=0, top=100, width=612, height=128)
    (tmp_path / "file").write_bytes(make_pdf(PdfPage(pictures=[scan])))
    assert read(tmp_path / "file").pages[0].ocr_wanted
    page = read_page(tmp_path / "file", PDF, 1)
    assert words(page) == " ".join(NOTICE)
    assert (page.page.width, page.page.height) == (612, 792)
    box = page.elements[0].boxes[0]
    assert (box.left, box.top) == pytest.approx((20, 125), abs=8)


def test_a_table_drawn_into_a_page_joins_its_text(tmp_path: Path) -> None:
    table = Picture(drawn(*FEES), left=72, top=200, width=420, height=103)
    above, below = paragraph("These are the fees.", top=100), paragraph("Pay at the pier.", top=400)
    content = make_pdf(PdfPage([*above, *below], pictures=[table]))
    (tmp_path / "file").write_bytes(content)
    before = read(tmp_path / "file").pages[0]
    assert (before.ocr_wanted, before.text_source) == (True, TextSource.DIGITAL)
    page = read_page(tmp_path / "file", PDF, 1)
    told = [page.page.text[element.start : element.end] for element in page.elements]
    assert told == [
        "These are the fees.",
        "\n".join(row.replace("\t", " | ") for row in FEES),
        "Pay at the pier.",
    ]
    for element in page.elements:
        for box in element.boxes:
            assert page.page.text[box.start : box.end].strip()


def test_a_page_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(make_pdf(PdfPage([Text("words")])))
    with pytest.raises(InvalidInputError):
        read_page(tmp_path / "file", PDF, 2)


def test_the_reading_process_reads_a_picture_without_a_network(tmp_path: Path) -> None:
    files, spool = tmp_path / "files", tmp_path / "spool"
    files.mkdir()
    spool.mkdir()
    drawn(*NOTICE).save(files / "stored", "PNG")
    process = ReadingProcess(seconds=60, files=files, spool=spool)
    try:
        assert words(process.ocr(files / "stored", PNG, 1, "notice.png")) == " ".join(NOTICE)
    finally:
        process.close()


def element(start: int, end: int, top: float) -> Element:
    box = TextBox(page=1, start=start, end=end, left=0, top=top, right=100, bottom=top + 10)
    return Element(kind=ElementKind.PARAGRAPH, page=1, start=start, end=end, boxes=(box,))


def test_what_adds_nothing_leaves_the_page_as_it_was() -> None:
    page = Page(number=1, text="one", ocr_wanted=True)
    elements = [element(0, 3, 10)]
    got = with_readings(page, elements, [Reading(area=(0, 50, 100, 90), text="", elements=())])
    assert (got.page.text, got.page.text_source) == ("one", TextSource.DIGITAL)
    assert not got.page.ocr_wanted
    assert got.elements == tuple(elements)


def test_readings_stand_where_their_pictures_do() -> None:
    page = Page(number=1, text="one\n\ntwo", ocr_wanted=True)
    elements = [element(0, 3, 10), element(5, 8, 200)]
    readings = [
        Reading(area=(0, 50, 100, 90), text="inner", elements=(element(0, 5, 60),)),
        Reading(area=(0, 300, 100, 390), text="last", elements=(element(0, 4, 310),)),
    ]
    got = with_readings(page, elements, readings)
    assert got.page.text == "one\n\ninner\n\ntwo\n\nlast"
    assert [got.page.text[one.start : one.end] for one in got.elements] == [
        "one",
        "inner",
        "two",
        "last",
    ]
    assert [one.boxes[0].start for one in got.elements] == [one.start for one in got.elements]
