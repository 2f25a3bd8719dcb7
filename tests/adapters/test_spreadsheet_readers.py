"""Spreadsheets: each sheet a page, rows that tell their columns, numbers as people see them."""

import struct
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from kb.adapters.readers import csv_table, ods, sheets, xls, xlsb, xlsx
from kb.adapters.readers.number_formats import plain, shown, told
from kb.domain.documents import ElementKind, ParsedDocument, TextSource
from kb.domain.errors import DamagedFileError, PasswordNeededError
from kb.domain.media_types import CSV, ODS, PDF, XLS, XLSB, XLSX
from kb.ingestion.detection import detect

DATA = Path(__file__).parents[3] / "shared" / "data" / "formats" / "docs"
TITLE, TABLE, PARAGRAPH = ElementKind.TITLE, ElementKind.TABLE, ElementKind.PARAGRAPH
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

Fill = Callable[[Any, Any], None]


def workbook(folder: Path, **fills: Fill) -> Path:
    """A workbook with a sheet for each name, filled by its function of workbook and sheet."""
    path = folder / "file"
    with xlsxwriter.Workbook(path) as book:
        for name, fill in fills.items():
            fill(book, book.add_worksheet(name))
    return path


def rows(*lines: Sequence[object]) -> Fill:
    def fill(_: Any, sheet: Any) -> None:
        for number, line in enumerate(lines):
            for column, value in enumerate(line):
                if value is not None:
                    sheet.write(number, column, value)

    return fill


def parts(document: ParsedDocument, page: int = 1) -> list[tuple[ElementKind, str]]:
    text = document.pages[page - 1].text
    return [(e.kind, text[e.start : e.end]) for e in document.elements if e.page == page]


def tables(document: ParsedDocument, page: int = 1) -> list[str]:
    return [text for kind, text in parts(document, page) if kind is TABLE]


def test_each_sheet_is_a_page_with_its_name(tmp_path: Path) -> None:
    path = workbook(tmp_path, Teams=rows(["Blues"]), Empty=rows(), Cups=rows(["Flyers", 2]))
    document = xlsx.read(path)
    assert document.paged
    assert [(page.number, page.label) for page in document.pages] == [
        (1, "Teams"),
        (2, "Empty"),
        (3, "Cups"),
    ]
    assert document.pages[1].text_source is TextSource.EMPTY
    assert parts(document, 3) == [(TITLE, "Cups"), (TABLE, "Flyers | 2")]


def test_rows_carry_the_names_of_their_columns_below_a_title(tmp_path: Path) -> None:
    lines: tuple[list[object], ...] = (
        [None, "Stanley Cups"],
        [],
        [None, "Team", "City", "Cups"],
        [None, "Blues", "St. Louis", 1],
        [None, "Flyers", None, 2],
    )
    document = xlsx.read(workbook(tmp_path, Hockey=rows([], [], *lines)))
    assert parts(document) == [
        (TITLE, "Hockey"),
        (TITLE, "Stanley Cups"),
        (TABLE, "Team: Blues | City: St. Louis | Cups: 1\nTeam: Flyers | Cups: 2"),
    ]


def test_years_name_columns(tmp_path: Path) -> None:
    lines = (["in millions", 2022, 2023, "Change"], ["Sales", 12.5, 14, "up"], ["Costs", 8, 9, ""])
    assert tables(xlsx.read(workbook(tmp_path, S=rows(*lines)))) == [
        "in millions: Sales | 2022: 12.5 | 2023: 14 | Change: up\n"
        "in millions: Costs | 2022: 8 | 2023: 9"
    ]


def test_a_form_of_labels_and_values_has_no_header(tmp_path: Path) -> None:
    lines = (["Name:", "Bob"], ["Age:", 30], ["Height:", 180], ["Rooms:", 4])
    assert tables(xlsx.read(workbook(tmp_path, S=rows(*lines)))) == [
        "Name: | Bob\nAge: | 30\nHeight: | 180\nRooms: | 4"
    ]


def test_a_header_serves_several_blocks_and_gives_way_to_the_next(tmp_path: Path) -> None:
    lines: tuple[list[object], ...] = (
        ["Item", "Price", "Stock"],
        [],
        ["Trowel", 12.5, 3],
        [],
        ["Shears", 24, 5],
        [],
        ["Shop", "Staff", "Rooms"],
        ["North", 7, 2],
    )
    assert tables(xlsx.read(workbook(tmp_path, S=rows(*lines)))) == [
        "Item: Trowel | Price: 12.5 | Stock: 3",
        "Item: Shears | Price: 24 | Stock: 5",
        "Shop: North | Staff: 7 | Rooms: 2",
    ]


def test_no_word_of_a_header_is_lost(tmp_path: Path) -> None:
    lines = (["Item", "Price", "Colour"], ["Trowel", 12.5], ["Shears", 24], ["Spade", 30])
    text = xlsx.read(workbook(tmp_path, S=rows(*lines))).pages[0].text
    assert "Colour" in text
    assert "Item: Spade | Price: 30" in text


def test_merged_headings_name_all_their_columns_and_merged_labels_all_their_rows(
    tmp_path: Path,
) -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.merge_range("C1:D1", "2023")
        sheet.write_row("A2", ["Region", "Shop", "Sales", "Costs"])
        sheet.merge_range("A3:A4", "North")
        sheet.write_row("B3", ["Leeds", 5, 4])
        sheet.write_row("B4", ["York", 7, 6])

    assert tables(xlsx.read(workbook(tmp_path, S=fill))) == [
        "Region: North | Shop: Leeds | 2023 Sales: 5 | 2023 Costs: 4\n"
        "Region: North | Shop: York | 2023 Sales: 7 | 2023 Costs: 6"
    ]


def test_numbers_are_told_as_their_cells_show_them(tmp_path: Path) -> None:
    def fill(book: Any, sheet: Any) -> None:
        for row, (value, code) in enumerate(
            [(0.125, "0.0%"), (1234.56789, "#,##0.00"), (3.5, "[$€-407]#,##0.00"), (40, "General")]
        ):
            sheet.write(row, 0, "value")
            sheet.write_number(row, 1, value, book.add_format({"num_format": code}))
        sheet.write_datetime(4, 1, date(2024, 3, 9), book.add_format({"num_format": "d/m/yy"}))
        sheet.write_boolean(5, 1, True)

    assert tables(xlsx.read(workbook(tmp_path, S=fill))) == [
        "value | 12.5%\nvalue | 1234.57\nvalue | €3.5\nvalue | 40\n2024-03-09\nTRUE"
    ]


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (1234.5000000001, "General", "1234.5"),
        (7.0, "0.00", "7"),
        (-553.4, "#,##0;(#,##0)", "-553"),
        (1234567, '#,##0,"k"', "1234567"),
        (0.5, "# ?/?", "0.5"),
        (45360.5, "yyyy-mm-dd hh:mm", "2024-03-09 12:00:00"),
        (0.75, "h:mm AM/PM", "18:00:00"),
        (1.5, "[h]:mm", "36:00:00"),
        (12, '"day" 0', "12"),
        (-1, "yyyy", "-1"),
        (1e300, "yyyy", "1e+300"),
        (float("inf"), "0", ""),
        (5, '"unclosed', "5"),
    ],
)
def test_a_number_format_tells_what_a_number_is(value: float, code: str, text: str) -> None:
    assert shown(value, code) == text


def test_dates_may_count_from_1904() -> None:
    assert shown(0, "yyyy-mm-dd", since_1904=True) == "1904-01-01"


def test_values_of_a_library_are_told_alike() -> None:
    assert [told(value) for value in (True, 2.0, date(2024, 3, 9), "x")] == [
        "TRUE",
        "2",
        "2024-03-09",
        "x",
    ]
    assert plain(123456789012345678.0) == "1.23456789012346e+17"


def test_hidden_sheets_are_read_and_said_to_be_hidden(tmp_path: Path) -> None:
    def hide(_: Any, sheet: Any) -> None:
        sheet.write(0, 0, "secret plan")
        sheet.hide()

    document = xlsx.read(workbook(tmp_path, Open=rows(["x"]), Old=hide))
    assert parts(document, 2)[0] == (TITLE, "Old (hidden sheet)")
    assert "secret plan" in document.pages[1].text


def test_text_boxes_comments_and_charts_follow_the_cells(tmp_path: Path) -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row("A1", ["Year", "Ducks"])
        sheet.write_row("A2", [2021, 150])
        sheet.write_comment("B2", "counted twice")
        sheet.insert_textbox("D2", "Source: the warden")
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=S!$B$2:$B$2"})
        chart.set_title({"name": "Ducks by year"})
        sheet.insert_chart("D9", chart)

    text = xlsx.read(workbook(tmp_path, S=fill)).pages[0].text
    for expected in ("Comment on B2: ", "counted twice", "Source: the warden", "Ducks by year"):
        assert expected in text


def test_formulas_are_told_by_their_stored_results_only(tmp_path: Path) -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.write_formula("A1", '=WEBSERVICE("http://127.0.0.1:9/x")', value="stored")

    document = xlsx.read(workbook(tmp_path, S=fill))
    assert "stored" in document.pages[0].text
    assert "WEBSERVICE" not in document.pages[0].text


def replaced(path: Path, member: str, old: str, new: str) -> Path:
    """The same zip with a text in one of its parts replaced."""
    made = path.with_name("changed")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(made, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == member:
                assert old.encode() in data
                data = data.replace(old.encode(), new.encode())
            target.writestr(name, data)
    return made


def test_formulas_without_results_are_told_in_a_warning(tmp_path: Path) -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.write("A1", "sum")
        sheet.write_formula("B1", "=1+1", value=2)

    path = workbook(tmp_path, S=fill)
    path = replaced(path, "xl/worksheets/sheet1.xml", "<v>2</v>", "")
    assert xlsx.read(path).warnings == (xlsx.NO_RESULT,)


def test_two_cells_in_opposite_corners_need_no_room_between(tmp_path: Path) -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.write(0, 0, "near")
        sheet.write(1_048_575, 16_383, "far")

    text = xlsx.read(workbook(tmp_path, S=fill)).pages[0].text
    assert "near" in text
    assert "far" in text


def test_reading_ends_after_so_many_cells_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets.CellBudget, "__init__", lambda self: budget_of(self, 3))
    document = xlsx.read(workbook(tmp_path, S=rows(["a", "b"], ["c"], ["d"], ["e"])))
    assert "c" in document.pages[0].text
    assert "d" not in document.pages[0].text
    assert len(document.warnings) == 1


def budget_of(budget: sheets.CellBudget, cells: int) -> None:
    budget.left, budget.spent = cells, False


def test_entities_in_a_sheet_are_not_replaced(tmp_path: Path) -> None:
    path = workbook(tmp_path, S=rows(["before"]))
    path = replaced(
        path,
        "xl/sharedStrings.xml",
        "<sst",
        '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><sst',
    )
    path = replaced(path.rename(tmp_path / "first"), "xl/sharedStrings.xml", "before", "b &f; e")
    hostname = Path("/etc/hostname")
    text = xlsx.read(path).pages[0].text
    assert not hostname.exists() or hostname.read_text().strip() not in text


def test_broken_workbooks_are_damaged(tmp_path: Path) -> None:
    path = workbook(tmp_path, S=rows(["x"]))
    cut = tmp_path / "cut"
    cut.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DamagedFileError):
        xlsx.read(cut)
    with pytest.raises(DamagedFileError):
        xlsx.read(replaced(path, "xl/worksheets/sheet1.xml", "</sheetData>", ""))
    for reader in (xlsb, ods):
        with pytest.raises(DamagedFileError):
            reader.read(cut)
    cut.write_bytes(OLE + bytes(2048))
    with pytest.raises(DamagedFileError):
        xls.read(cut)


@pytest.mark.parametrize("name", ["a.xlsx", "a.xlsm", "a.xlsb", "a.xls"])
def test_a_workbook_with_a_password_says_so(tmp_path: Path, name: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(OLE + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(1024))
    reader = {XLSX: xlsx, XLSB: xlsb, XLS: xls}[detect(path, name)]
    with pytest.raises(PasswordNeededError, match="opens only with a password"):
        reader.read(path)


# Old workbooks. Excel 2 wrote bare records, which are easily made.


def record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def excel_2(*cells: tuple[int, int, str | float]) -> bytes:
    made = record(0x0009, struct.pack("<HH", 2, 0x10))
    for row, column, value in cells:
        place = struct.pack("<HH", row, column) + bytes(3)
        if isinstance(value, str):
            made += record(0x0004, place + bytes([len(value)]) + value.encode("ascii"))
        else:
            made += record(0x0003, place + struct.pack("<d", value))
    return made + record(0x000A, b"")


def test_a_workbook_of_excel_2_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    cells: list[tuple[int, int, str | float]] = [
        (0, 0, "Year"),
        (0, 1, "Ducks"),
        *((row, 0, 2018.0 + row) for row in range(1, 4)),
        *((row, 1, 100.5 + row) for row in range(1, 4)),
    ]
    path.write_bytes(excel_2(*cells))
    assert detect(path, "ducks.xls") == XLS
    assert tables(xls.read(path)) == [
        "Year: 2019 | Ducks: 101.5\nYear: 2020 | Ducks: 102.5\nYear: 2021 | Ducks: 103.5"
    ]


# OpenDocument

SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
    for name, long in [
        ("office", "office"),
        ("table", "table"),
        ("text", "text"),
        ("style", "style"),
    ]
)
MANIFEST = (
    '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">{}</m:manifest>'
)


def cell(text: str, value: str = "", kind: str = "string", more: str = "") -> str:
    told_value = f'office:value="{value}"' if value else ""
    return (
        f'<table:table-cell office:value-type="{kind}" {told_value} {more}>'
        f"<text:p>{text}</text:p></table:table-cell>"
    )


def row(*cells: str, more: str = "") -> str:
    return f"<table:table-row {more}>{''.join(cells)}</table:table-row>"


def spreadsheet(folder: Path, body: str, manifest: str = "") -> Path:
    path = folder / "file"
    hidden = (
        '<office:automatic-styles><style:style style:name="h"><style:table-properties '
        'table:display="false"/></style:style></office:automatic-styles>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", ODS)
        archive.writestr("META-INF/manifest.xml", MANIFEST.format(manifest))
        archive.writestr(
            "content.xml",
            f"<office:document-content {SPACES}>{hidden}<office:body><office:spreadsheet>{body}"
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return path


def test_an_opendocument_spreadsheet_is_read_as_it_shows(tmp_path: Path) -> None:
    body = (
        '<table:table table:name="Ducks">'
        + row(cell("Year"), cell("Share"), cell("Count"))
        + row(
            cell("2022", "2022", "float"),
            cell("12%", "0.12", "percentage"),
            cell("1.23", "1.2345", "float"),
        )
        + row(more='table:number-rows-repeated="1048000"')
        + '</table:table><table:table table:name="Old" table:style-name="h">'
        + row(cell("gone"))
        + "</table:table>"
    )
    path = spreadsheet(tmp_path, body)
    assert detect(path, "a.zip") == ODS
    document = ods.read(path)
    assert parts(document) == [(TITLE, "Ducks"), (TABLE, "Year: 2022 | Share: 12% | Count: 1.23")]
    assert parts(document, 2)[0] == (TITLE, "Old (hidden sheet)")


def test_a_cell_repeated_without_end_is_taken_over_so_many_times(tmp_path: Path) -> None:
    many = 'table:number-columns-repeated="16000"'
    body = row(cell("x", more=many), more='table:number-rows-repeated="1048576"')
    document = ods.read(spreadsheet(tmp_path, f'<table:table table:name="S">{body}</table:table>'))
    assert len(document.pages[0].text) < 10_000_000


def test_an_opendocument_spreadsheet_with_a_password_says_so(tmp_path: Path) -> None:
    path = spreadsheet(tmp_path, "", manifest="<m:file-entry><m:encryption-data/></m:file-entry>")
    with pytest.raises(PasswordNeededError):
        ods.read(path)


def test_a_flat_spreadsheet_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(
        f'<office:document {SPACES} office:mimetype="{ODS}"><office:body><office:spreadsheet>'
        f'<table:table table:name="S">{row(cell("flat"))}</table:table>'
        "</office:spreadsheet></office:body></office:document>"
    )
    assert detect(path, "a.fods") == ODS
    assert "flat" in ods.read(path).pages[0].text


@pytest.mark.skipif(not DATA.is_dir(), reason="The test files are not beside the project.")
def test_a_binary_workbook_of_excel_is_read() -> None:
    path = DATA / "testEXCEL_various.xlsb"
    assert detect(path, path.name) == XLSB
    document = xlsb.read(path)
    assert "String | This is a string" in document.pages[0].text
    assert (PARAGRAPH, "test textbox") in parts(document)


# Tables as text


def read_csv(folder: Path, content: str | bytes) -> ParsedDocument:
    path = folder / "file"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return csv_table.read(path)


@pytest.mark.parametrize("mark", list(csv_table.DELIMITERS))
def test_the_character_between_cells_is_found(tmp_path: Path, mark: str) -> None:
    said = "one two" if mark in ",;" else "one, two; three"
    content = f"Name{mark}Text\nBob{mark}{said}\nAnn{mark}x\n"
    assert tables(read_csv(tmp_path, content)) == [f"Name: Bob | Text: {said}\nName: Ann | Text: x"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp932"])
def test_the_encoding_of_a_table_is_found(tmp_path: Path, encoding: str) -> None:
    content = "名前,年齢,住所\n佐藤太郎,30,東京\n三木英子,25,大阪\n".encode(encoding)
    assert tables(read_csv(tmp_path, content))[0].startswith(
        "名前: 佐藤太郎 | 年齢: 30 | 住所: 東京"
    )


def test_quoted_cells_hold_marks_and_line_breaks(tmp_path: Path) -> None:
    content = 'id,note\r\n1,"two\r\nlines, ""quoted"""\r\n\r\n2,x\r\n'
    assert tables(read_csv(tmp_path, content)) == [
        'id: 1 | note: two lines, "quoted"\nid: 2 | note: x'
    ]


def test_a_table_without_a_header_keeps_its_first_row(tmp_path: Path) -> None:
    assert tables(read_csv(tmp_path, "1,2\n3,4\n")) == ["1 | 2\n3 | 4"]


def test_a_quotation_mark_that_is_never_closed_hides_nothing(tmp_path: Path) -> None:
    content = 'a,b\n1,"open\n' + "".join(f"{n},row {n}\n" for n in range(2000))
    document = read_csv(tmp_path, content)
    assert document.warnings == (csv_table.OPEN_QUOTE,)
    assert "a: 1999 | b: row 1999" in document.pages[0].text


def test_a_huge_table_is_read_to_a_whole_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_table, "MAX_BYTES", 12)
    document = read_csv(tmp_path, "a,b\n1,2\n345678,9\n")
    assert tables(document) == ["a: 1 | b: 2"]
    assert document.warnings == (csv_table.CUT_SHORT,)


def test_a_pdf_named_csv_is_a_pdf(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"%PDF-1.4\n...")
    assert detect(path, "a.csv") == PDF
    path.write_text("a,b\n1,2\n")
    assert detect(path, "a.csv") == CSV
