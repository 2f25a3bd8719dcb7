"""PowerPoint and OpenDocument presentations: a slide is a page."""

from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from kb.adapters.readers import opendocument, powerpoint
from kb.domain.documents import ElementKind, ParsedDocument
from kb.domain.errors import DamagedFileError, PasswordNeededError
from kb.domain.media_types import ODG, ODP, POWERPOINT
from kb.ingestion.detection import detect
from tests.adapters.office_maker import changed, flat_document, ole, open_document

TITLE, PARAGRAPH, ITEM = ElementKind.TITLE, ElementKind.PARAGRAPH, ElementKind.LIST_ITEM
TABLE = ElementKind.TABLE
BOX = (Inches(1), Inches(1), Inches(4), Inches(2))
BLANK, TITLE_AND_CONTENT, TITLE_ONLY = 6, 1, 5


def told(document: ParsedDocument) -> list[list[tuple[ElementKind, str]]]:
    """Kinds and texts of each page, once the document is found to be sound."""
    assert document.paged
    assert [page.number for page in document.pages] == list(range(1, len(document.pages) + 1))
    pages: list[list[tuple[ElementKind, str]]] = [[] for _ in document.pages]
    for element in document.elements:
        text = document.pages[element.page - 1].text[element.start : element.end]
        assert text.strip()
        pages[element.page - 1].append((element.kind, text))
    return pages


class Deck:
    """A presentation in the making."""

    def __init__(self) -> None:
        self.made = Presentation()

    def slide(self, layout: int, title: str = "") -> Any:
        slide = self.made.slides.add_slide(self.made.slide_layouts[layout])
        if title:
            slide.shapes.title.text = title
        return slide

    def save(self, path: Path) -> Path:
        self.made.save(str(path))
        return path


def test_a_slide_is_a_page_with_its_title_its_items_and_its_notes(tmp_path: Path) -> None:
    deck = Deck()
    slide = deck.slide(TITLE_AND_CONTENT, "Opening hours")
    slide.placeholders[1].text = "Monday\nTuesday"
    slide.notes_slide.notes_text_frame.text = "Say it slowly."
    deck.slide(TITLE_ONLY, "Thank you")
    path = deck.save(tmp_path / "file")
    document = powerpoint.read(path)
    assert detect(path, "a.pptx") == POWERPOINT
    assert document.title == "Opening hours"
    assert told(document) == [
        [
            (TITLE, "Opening hours"),
            (ITEM, "- Monday"),
            (ITEM, "- Tuesday"),
            (TITLE, "Notes"),
            (PARAGRAPH, "Say it slowly."),
        ],
        [(TITLE, "Thank you")],
    ]
    assert [element.level for element in document.elements if element.kind is TITLE] == [1, 2, 1]


def test_the_title_comes_first_wherever_it_is_stored(tmp_path: Path) -> None:
    deck = Deck()
    slide = deck.slide(TITLE_ONLY, "The title")
    slide.shapes.add_textbox(*BOX).text_frame.text = "The text"
    title = slide.shapes.title._element
    title.getparent().append(title)
    assert told(powerpoint.read(deck.save(tmp_path / "file"))) == [
        [(TITLE, "The title"), (PARAGRAPH, "The text")]
    ]


def test_a_slide_without_a_title_takes_none_from_the_one_before(tmp_path: Path) -> None:
    deck = Deck()
    deck.slide(TITLE_ONLY, "Before")
    deck.slide(BLANK).shapes.add_textbox(*BOX).text_frame.text = "Short"
    deck.slide(BLANK).shapes.add_textbox(*BOX).text_frame.text = "Long words. " * 20
    deck.slide(BLANK)
    pages = told(powerpoint.read(deck.save(tmp_path / "file")))
    assert pages[1] == [(TITLE, "Short")]
    assert pages[2][0] == (TITLE, "Slide 3")
    assert pages[3] == []


def test_tables_groups_and_charts_are_read(tmp_path: Path) -> None:
    deck = Deck()
    slide = deck.slide(TITLE_ONLY, "Figures")
    table = slide.shapes.add_table(2, 2, *BOX).table
    for row, texts in enumerate((("Day", "Hours"), ("Monday", "9 to\n5"))):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    group = slide.shapes.add_group_shape()
    group.shapes.add_group_shape().shapes.add_textbox(*BOX).text_frame.text = "Deep inside"
    data: Any = CategoryChartData()  # type: ignore[no-untyped-call]
    data.categories = ["Spring", "Autumn"]
    data.add_series("Geese", (12, 34))
    data.add_series("Ducks", (5, None))
    chart = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *BOX, data).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "Birds seen"
    assert told(powerpoint.read(deck.save(tmp_path / "file")))[0][1:] == [
        (TABLE, "Day | Hours\nMonday | 9 to 5"),
        (PARAGRAPH, "Deep inside"),
        (PARAGRAPH, "Birds seen"),
        (TABLE, "| Geese | Ducks\nSpring | 12 | 5\nAutumn | 34 |"),
    ]


def with_slide(folder: Path, shapes: str, **parts: str) -> Path:
    """A presentation of one slide with this XML among its shapes."""
    deck = Deck()
    deck.slide(TITLE_ONLY, "Drawn")
    path = deck.save(folder / "plain")
    with ZipFile(path) as archive:
        slide = archive.read("ppt/slides/slide1.xml").decode()
        relations = archive.read("ppt/slides/_rels/slide1.xml.rels").decode()
    extra = "".join(
        f'<Relationship Id="{name}" Type="http://example.invalid/{name}" Target="../{name}.xml"/>'
        for name in parts
    )
    return changed(
        path,
        folder / "made",
        {
            "ppt/slides/slide1.xml": slide.replace("</p:spTree>", f"{shapes}</p:spTree>"),
            "ppt/slides/_rels/slide1.xml.rels": relations.replace(
                "</Relationships>", f"{extra}</Relationships>"
            ),
            **{f"ppt/{name}.xml": content for name, content in parts.items()},
        },
    )


DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"


def test_smart_art_and_comments_are_read(tmp_path: Path) -> None:
    frame = (
        '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="9" name="s"/><p:cNvGraphicFramePr/>'
        "<p:nvPr/></p:nvGraphicFramePr><p:xfrm/><a:graphic><a:graphicData"
        f' uri="{DRAWING}/diagram"><d:relIds xmlns:d="{DRAWING}/diagram" r:dm="art"'
        ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"/>'
        "</a:graphicData></a:graphic></p:graphicFrame>"
    )
    art = (
        f'<d:dataModel xmlns:d="{DRAWING}/diagram" xmlns:a="{DRAWING}/main"><d:ptLst>'
        "<d:pt><d:t><a:p><a:r><a:t>Plan</a:t></a:r></a:p></d:t></d:pt>"
        "<d:pt><d:t><a:p><a:r><a:t>Do</a:t></a:r></a:p></d:t></d:pt></d:ptLst></d:dataModel>"
    )
    comments = '<p:cmLst xmlns:p="urn:p"><p:cm><p:text>Is this so?</p:text></p:cm></p:cmLst>'
    path = with_slide(tmp_path, frame, art=art, comments=comments)
    assert told(powerpoint.read(path))[0][1:] == [
        (ITEM, "- Plan"),
        (ITEM, "- Do"),
        (TITLE, "Comments"),
        (PARAGRAPH, "Is this so?"),
    ]


def test_of_two_ways_to_store_a_shape_one_is_read(tmp_path: Path) -> None:
    def shape(text: str) -> str:
        return (
            '<p:sp><p:nvSpPr><p:cNvPr id="7" name="x"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>'
            f"<p:txBody><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
        )

    path = with_slide(
        tmp_path,
        '<m:AlternateContent xmlns:m="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f'<m:Choice Requires="p14">{shape("new")}</m:Choice>'
        f"<m:Fallback>{shape('old')}</m:Fallback></m:AlternateContent>",
    )
    assert told(powerpoint.read(path))[0][1:] == [(PARAGRAPH, "new")]


def test_bullets_and_numbers_are_those_of_the_paragraph(tmp_path: Path) -> None:
    marks = (
        *('<a:buAutoNum type="arabicPeriod" startAt="3"/>', '<a:buAutoNum type="x"/>'),
        *('<a:buChar char="o"/>', "<a:buNone/>"),
    )
    paragraphs = "".join(
        f"<a:p><a:pPr>{mark}</a:pPr><a:r><a:t>t{number}</a:t></a:r></a:p>"
        for number, mark in enumerate(marks)
    )
    path = with_slide(
        tmp_path,
        '<p:sp><p:nvSpPr><p:cNvPr id="7" name="x"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>'
        f"<p:txBody><a:bodyPr/>{paragraphs}</p:txBody></p:sp>",
    )
    texts = [(ITEM, "3. t0"), (ITEM, "4. t1"), (ITEM, "- t2"), (PARAGRAPH, "t3")]
    assert told(powerpoint.read(path))[0][1:] == texts


def test_an_empty_presentation_is_damaged_and_one_without_text_says_so(tmp_path: Path) -> None:
    deck = Deck()
    with pytest.raises(DamagedFileError):
        powerpoint.read(deck.save(tmp_path / "file"))
    deck.slide(BLANK)
    document = powerpoint.read(deck.save(tmp_path / "file"))
    assert told(document) == [[]]
    assert document.warnings == ("No slide holds text.",)


def test_a_presentation_with_a_password_says_so(tmp_path: Path) -> None:
    path = ole(tmp_path / "file", {"EncryptedPackage": b"x"})
    assert detect(path, "a.pptx") == POWERPOINT
    with pytest.raises(PasswordNeededError):
        powerpoint.read(path)


def test_a_presentation_cut_short_is_damaged(tmp_path: Path) -> None:
    deck = Deck()
    deck.slide(TITLE_ONLY, "Whole")
    content = deck.save(tmp_path / "file").read_bytes()
    (tmp_path / "half").write_bytes(content[: len(content) // 2])
    for read in (powerpoint.read, lambda path: detect(path, "a.pptx")):
        with pytest.raises(DamagedFileError):
            read(tmp_path / "half")


def test_entities_in_a_slide_stay_unread(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("classified")
    path = with_slide(tmp_path, "")
    slide = (
        f'<!DOCTYPE x [<!ENTITY f SYSTEM "{secret.as_uri()}">]>'
        f'<p:sld xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
        f' xmlns:a="{DRAWING}/main"><p:cSld><p:spTree><p:nvGrpSpPr/><p:grpSpPr/>'
        '<p:sp><p:nvSpPr><p:cNvPr id="7" name="x"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>'
        "<p:txBody><a:bodyPr/><a:p><a:r><a:t>said &f;</a:t></a:r></a:p></p:txBody></p:sp>"
        "</p:spTree></p:cSld></p:sld>"
    )
    hostile = changed(path, tmp_path / "hostile", {"ppt/slides/slide1.xml": slide})
    assert "classified" not in powerpoint.read(hostile).pages[0].text


# OpenDocument

SLIDE = """<draw:page draw:name="one">
<draw:frame><draw:text-box><text:p>Not the <text:span>title</text:span></text:p></draw:text-box>
</draw:frame>
<draw:frame presentation:class="title"><draw:text-box><text:p>Opening hours</text:p>
</draw:text-box></draw:frame>
<draw:g><draw:custom-shape><text:p>In a group</text:p></draw:custom-shape></draw:g>
<draw:frame><table:table><table:table-row><table:table-cell><text:p>Day</text:p>
</table:table-cell><table:table-cell><text:p>Hours</text:p></table:table-cell></table:table-row>
</table:table></draw:frame>
<draw:frame presentation:class="page-number"><draw:text-box><text:p>1</text:p></draw:text-box>
</draw:frame>
<office:annotation><dc:creator>Ann</dc:creator><text:p>Is this so?</text:p></office:annotation>
<presentation:notes><draw:page-thumbnail presentation:class="page"/>
<draw:frame presentation:class="notes"><draw:text-box><text:p>Say it slowly.</text:p>
</draw:text-box></draw:frame></presentation:notes></draw:page>
<draw:page><draw:frame><draw:object xlink:href="./Object 1"/></draw:frame></draw:page>"""

CHART = """<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:chart="urn:oasis:names:tc:opendocument:xmlns:chart:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:chart>
<chart:chart><chart:title><text:p>Birds seen</text:p></chart:title></chart:chart></office:chart>
</office:body></office:document-content>"""


def test_an_open_document_slide_is_a_page_as_well(tmp_path: Path) -> None:
    others = {"Object 1/content.xml": CHART}
    path = open_document(tmp_path / "file", SLIDE, kind="presentation", others=others)
    document = opendocument.read(path)
    assert detect(path, "a.odp") == ODP
    assert document.title == "Opening hours"
    assert told(document) == [
        [
            (TITLE, "Opening hours"),
            (PARAGRAPH, "Not the title"),
            (PARAGRAPH, "In a group"),
            (TABLE, "Day | Hours"),
            (TITLE, "Notes"),
            (PARAGRAPH, "Say it slowly."),
            (TITLE, "Comments"),
            (PARAGRAPH, "Ann: Is this so?"),
        ],
        [(TITLE, "Birds seen")],
    ]


@pytest.mark.parametrize(("kind", "media_type"), [("presentation", ODP), ("graphics", ODG)])
def test_flat_slides_and_drawings_are_read(tmp_path: Path, kind: str, media_type: str) -> None:
    body = "<draw:page><draw:rect><text:p>Drawn</text:p></draw:rect></draw:page>"
    element = {"graphics": "drawing"}.get(kind, kind)
    path = flat_document(tmp_path / "file", body, kind=element)
    path.write_text(path.read_text().replace(f'.{element}">', f'.{kind}">'))
    assert detect(path, "unnamed") == media_type
    assert told(opendocument.read(path)) == [[(TITLE, "Drawn")]]
