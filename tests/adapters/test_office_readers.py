"""Office texts: OpenDocument, Rich Text, what Word files say beside their body, and old formats."""

import os
import time
import zipfile
from collections.abc import Callable
from functools import partial
from io import FileIO
from itertools import pairwise
from pathlib import Path

import pytest
from docx import Document

from kb.adapters.readers import doc, libreoffice, office_zip, opendocument, ppt, rtf, word
from kb.adapters.readers.registry import ReadFunction
from kb.adapters.readers.sandbox import ReadingProcess
from kb.domain.documents import ElementKind, ParsedDocument
from kb.domain.errors import (
    DamagedFileError,
    LimitError,
    PasswordNeededError,
    UnsupportedFileError,
)
from kb.domain.media_types import DOC, ODT, PPT, RTF
from kb.ingestion.detection import detect
from tests.adapters.office_maker import changed, flat_document, ole, open_document, zipped

TITLE, PARAGRAPH, ITEM = ElementKind.TITLE, ElementKind.PARAGRAPH, ElementKind.LIST_ITEM
TABLE = ElementKind.TABLE
Make = Callable[[Path], Path]


def told(document: ParsedDocument) -> list[tuple[ElementKind, str]]:
    """Kinds and texts, once the document is found to be sound."""
    assert not document.paged
    (page,) = document.pages
    for one, other in pairwise(document.elements):
        assert one.end <= other.start
    return [(element.kind, page.text[element.start : element.end]) for element in document.elements]


def levels(document: ParsedDocument) -> list[int]:
    return [element.level for element in document.elements if element.kind is TITLE]


# OpenDocument

STYLES = """<style:style style:name="P1" style:parent-style-name="Title"/>
<text:list-style style:name="L1">
<text:list-level-style-number text:level="1" style:num-format="1" text:start-value="3"/>
<text:list-level-style-bullet text:level="2"/></text:list-style>"""

MARGINS = """<style:header><text:p>Staff only</text:p></style:header>
<style:header-first><text:p>Staff only</text:p></style:header-first>
<style:footer><text:p>Kept by Ann</text:p><text:p>7</text:p></style:footer>"""

TEXT = """<text:tracked-changes><text:p>struck out</text:p></text:tracked-changes>
<text:p text:style-name="P1">Handbook</text:p>
<text:h text:outline-level="2">Working <text:span>hours</text:span></text:h>
<text:p>Work<text:s text:c="3"/>begins<text:tab/>at<text:line-break/>nine<text:note>
<text:note-citation>1</text:note-citation><text:note-body><text:p>Or later.</text:p>
</text:note-body></text:note>, not
before<office:annotation><dc:creator>Ann</dc:creator><text:p>Why?</text:p>
</office:annotation>.</text:p>
<text:section><text:p>In a section<draw:frame><draw:text-box><text:p>In a box</text:p>
</draw:text-box></draw:frame></text:p></text:section>
<text:list text:style-name="L1"><text:list-item><text:p>Tea</text:p><text:list><text:list-item>
<text:p>green</text:p></text:list-item></text:list></text:list-item>
<text:list-item><text:p>Coffee</text:p><text:p>or cocoa</text:p></text:list-item></text:list>
<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>Day</text:p>
</table:table-cell><table:table-cell><text:p>Hours</text:p></table:table-cell></table:table-row>
</table:table-header-rows><table:table-row><table:table-cell><text:p>Mon</text:p><text:p>day</text:p>
</table:table-cell><table:table-cell table:number-columns-repeated="99999"/></table:table-row>
</table:table>
<table:table><table:table-row><table:table-cell><text:p>Framed</text:p></table:table-cell>
</table:table-row></table:table>"""

WHAT_IT_SAYS = [
    (PARAGRAPH, "Staff only"),
    (TITLE, "Handbook"),
    (TITLE, "Working hours"),
    (PARAGRAPH, "Work begins at\nnine, not\nbefore."),
    (PARAGRAPH, "Or later."),
    (PARAGRAPH, "In a section"),
    (PARAGRAPH, "In a box"),
    (ITEM, "3. Tea"),
    (ITEM, "- green"),
    (ITEM, "4. Coffee"),
    (PARAGRAPH, "or cocoa"),
    (TABLE, "Day | Hours\nMon day |"),
    (PARAGRAPH, "Framed"),
    (PARAGRAPH, "Kept by Ann"),
    (TITLE, "Comments"),
    (PARAGRAPH, "Ann: Why?"),
]


def test_an_open_document_text_keeps_its_structure(tmp_path: Path) -> None:
    path = open_document(tmp_path / "file", TEXT, styles=STYLES, margins=MARGINS)
    document = opendocument.read(path)
    assert detect(path, "a.zip") == ODT
    assert document.title == "Handbook"
    assert told(document) == WHAT_IT_SAYS
    assert levels(document) == [1, 2, 1]


def test_a_flat_text_is_read_without_its_pictures(tmp_path: Path) -> None:
    picture = f"<office:binary-data>{'QUJD' * 3_000_000}</office:binary-data>"
    body = f"<text:p>Seen<draw:frame><draw:image>{picture}</draw:image></draw:frame></text:p>"
    path = flat_document(tmp_path / "file", body)
    assert detect(path, "a.xml") == ODT
    assert told(opendocument.read(path)) == [(PARAGRAPH, "Seen")]


@pytest.mark.parametrize(
    "others",
    [
        {"META-INF/manifest.xml": '<m xmlns:x="urn:x"><x:encryption-data/></m>'},
        {"encrypted-package": ""},
    ],
)
def test_an_open_document_with_a_password_says_so(tmp_path: Path, others: dict[str, str]) -> None:
    with pytest.raises(PasswordNeededError):
        opendocument.read(open_document(tmp_path / "file", "", others=others))


@pytest.mark.parametrize("content", ["", "<a>", "<a/>", "<office:document-content/>"])
def test_an_open_document_without_sound_content_is_damaged(tmp_path: Path, content: str) -> None:
    with pytest.raises(DamagedFileError):
        opendocument.read(open_document(tmp_path / "file", "", others={"content.xml": content}))


def test_a_text_named_odt_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("Only words.")
    with pytest.raises(DamagedFileError):
        detect(tmp_path / "file", "a.odt")


def test_entities_in_an_open_document_stay_unread(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("classified")
    path = flat_document(tmp_path / "file", "<text:p>a&amp;f;b</text:p>")
    doctype = f'<!DOCTYPE x [<!ENTITY f SYSTEM "{secret.as_uri()}">]>\n<office:document '
    path.write_text(
        path.read_text().replace("&amp;f;", "&f;").replace("<office:document ", doctype)
    )
    assert told(opendocument.read(path)) == [(PARAGRAPH, "ab")]


def test_endless_nesting_in_an_open_document_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError):
        opendocument.read(open_document(tmp_path / "file", "<text:s>" * 5000 + "</text:s>" * 5000))


# Rich Text


def rich(folder: Path, body: str, head: str = "") -> Path:
    path = folder / "file"
    path.write_bytes(rf"{{\rtf1\ansi\ansicpg1252 {head}{body}}}".encode("latin-1"))
    return path


STYLESHEET = (
    r"{\stylesheet{\ql Normal;}{\s1\ql heading 1;}{\s7\outlinelevel1 Own;}{\*\cs5 heading 3;}}"
)


@pytest.mark.parametrize(
    ("body", "elements"),
    [
        (r"One\par Two\line three\par", [(PARAGRAPH, "One"), (PARAGRAPH, "Two\nthree")]),
        (r"\pard\s1 Head\par\pard text\par", [(TITLE, "Head"), (PARAGRAPH, "text")]),
        (r"\pard\s7 Own\par\pard\outlinelevel0 Set\par", [(TITLE, "Own"), (TITLE, "Set")]),
        (r"Br\'fccke \u28450?\u23383?\emdash\~x\{\\\}", [(PARAGRAPH, "Brücke 漢字— x{\\}")]),
        (r"{\uc2\u8364 EU}\u8364 ?.\u55357?\u56832?", [(PARAGRAPH, "€€.😀")]),
        (r"{\listtext\'b7\tab}Tea\par{\pntext 2.\tab}Milk", [(ITEM, "- Tea"), (ITEM, "2. Milk")]),
        (r"{\listtext\tab}Plain\par", [(PARAGRAPH, "Plain")]),
        (
            r"\trowd\pard\intbl Day\cell Hours\cell\row Mon\par day\cell 9\cell\row\pard end",
            [(TABLE, "Day | Hours\nMon day | 9"), (PARAGRAPH, "end")],
        ),
        (r"\pard\intbl Framed\cell\row\pard end", [(PARAGRAPH, "Framed"), (PARAGRAPH, "end")]),
        (
            r"{\header Top\par}{\footer 7\par}{\footer Ann\par}{\headerf Top\par}Body"
            r"{\footnote\pard See it.}, still{\*\annotation Why?}\par More\par",
            [
                *((PARAGRAPH, "Top"), (PARAGRAPH, "Body, still"), (PARAGRAPH, "See it.")),
                *((PARAGRAPH, "More"), (PARAGRAPH, "Ann"), (TITLE, "Comments")),
                (PARAGRAPH, "Why?"),
            ],
        ),
        (
            r"{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt In a box\par}}{\shprslt old}}Around\par",
            [(PARAGRAPH, "Around"), (PARAGRAPH, "In a box")],
        ),
        (
            r"{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}{\v hid}{\deleted gone}{\*\new x}"
            r"{\pict 0102}{\pict\bin5 }}}{}}{\info{\title t}}.",
            [(PARAGRAPH, "link.")],
        ),
    ],
)
def test_rich_text_is_what_word_would_show(
    tmp_path: Path, body: str, elements: list[tuple[ElementKind, str]]
) -> None:
    path = rich(tmp_path, body, STYLESHEET)
    assert detect(path, "a.doc") == RTF
    assert told(rtf.read(path)) == elements


def test_headings_of_rich_text_have_levels_and_name_the_document(tmp_path: Path) -> None:
    path = rich(tmp_path, r"\s7 Two\par\pard\s1 One\par\pard\s1 Later\par", STYLESHEET)
    document = rtf.read(path)
    assert levels(document) == [2, 1, 1]
    assert document.title == "One"


@pytest.mark.parametrize(
    ("head", "text", "expected"),
    [
        (r"\ansicpg932", r"\'82\'b1\'82\'f1\'83A", "こんア"),
        (r"{\fonttbl{\f0\fcharset0 A;}{\f3\fcharset238 B;}}", r"\f0\'e8{\f3\'e8}\'e8", "èčè"),
        (r"\deff2{\fonttbl{\f2\fcharset204 A;}}", r"\f9 x\plain\'ec", "xм"),
        (r"\mac", r"\'8a", "ä"),
        (r"\ansicpg65001", r"\'c3\'a4", "ä"),
        (r"\ansicpg31337", r"\'e4", "ä"),
    ],
)
def test_rich_text_is_read_in_its_encodings(
    tmp_path: Path, head: str, text: str, expected: str
) -> None:
    assert told(rtf.read(rich(tmp_path, text, head))) == [(PARAGRAPH, expected)]


def test_rich_text_cut_short_is_read_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(rb"{\rtf1 Begun {\b and not")
    document = rtf.read(path)
    assert told(document) == [(PARAGRAPH, "Begun and not")]
    assert document.warnings == ("The file is cut short; what is there was read.",)


def test_what_follows_rich_text_is_not_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(rb"{\rtf1 Whole}}} and more {\b x}")
    assert told(rtf.read(path)) == [(PARAGRAPH, "Whole")]


def test_endless_nesting_in_rich_text_keeps_its_words(tmp_path: Path) -> None:
    path = rich(tmp_path, "{" * 50_000 + "deep" + "}" * 50_000)
    assert told(rtf.read(path)) == [(PARAGRAPH, "deep")]


# Word

WORD_NAMES = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def story(kind: str, inside: str) -> str:
    return f"<w:{kind} {WORD_NAMES}>{inside}</w:{kind}>"


def said(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def letter(folder: Path, body: str, **parts: str) -> Path:
    """A Word document whose body is this XML, with these parts beside it."""
    Document().save(str(folder / "plain"))
    members = {f"word/{name.replace('__', '/')}.xml": content for name, content in parts.items()}
    body = story("document", f"<w:body>{body}</w:body>")
    return changed(folder / "plain", folder / "made", {"word/document.xml": body, **members})


def test_notes_and_comments_of_a_word_document_come_last(tmp_path: Path) -> None:
    path = letter(
        tmp_path,
        said("Body"),
        footnotes=story("footnotes", f"<w:footnote>{said('See it.')}</w:footnote>"),
        endnotes=story("endnotes", f"<w:endnote>{said('At the end.')}</w:endnote>"),
        comments=story("comments", f'<w:comment w:author="Ann">{said("Why?")}</w:comment>'),
    )
    document = word.read(path)
    assert document.title == ""
    assert told(document) == [
        (PARAGRAPH, "Body"),
        (TITLE, "Notes"),
        (PARAGRAPH, "See it."),
        (PARAGRAPH, "At the end."),
        (TITLE, "Comments"),
        (PARAGRAPH, "Ann: Why?"),
    ]


def test_charts_and_smart_art_of_a_word_document_are_read(tmp_path: Path) -> None:
    main = "http://schemas.openxmlformats.org/drawingml/2006"
    point = '<c:pt idx="0"><c:v>{}</c:v></c:pt>'
    chart = (
        f'<c:chart xmlns:c="{main}/chart" xmlns:a="{main}/main"><c:title><a:p><a:r><a:t>Geese</a:t>'
        f"</a:r></a:p></c:title><c:ser><c:tx>{point.format('2026')}</c:tx>"
        f"<c:cat>{point.format('May')}</c:cat><c:val>{point.format('12')}</c:val></c:ser></c:chart>"
    )
    art = (
        f'<d:pt xmlns:d="{main}/diagram" xmlns:a="{main}/main"><d:t><a:p><a:r><a:t>Plan</a:t></a:r>'
        "</a:p></d:t></d:pt>"
    )
    path = letter(tmp_path, said("Body"), charts__chart1=chart, diagrams__data1=art)
    assert told(word.read(path))[1:] == [
        (PARAGRAPH, "Geese"),
        (TABLE, "| 2026\nMay | 12"),
        (ITEM, "- Plan"),
    ]


def test_headers_and_footers_of_a_word_document_are_read_once(tmp_path: Path) -> None:
    document = Document()
    document.add_paragraph("Body")
    for text in ("Page 1", "Page 2"):
        section = document.add_section()
        section.header.is_linked_to_previous = False
        section.header.paragraphs[0].text = f"Staff only. {text}"
        section.footer.is_linked_to_previous = False
        section.footer.paragraphs[0].text = "7"
    path = tmp_path / "file"
    document.save(str(path))
    assert told(word.read(path)) == [(PARAGRAPH, "Body"), (PARAGRAPH, "Staff only. Page 1")]


def test_headings_of_a_word_document_are_known_by_outline_level(tmp_path: Path) -> None:
    def style(name: str, inside: str) -> str:
        return (
            f'<w:style w:type="paragraph" w:styleId="{name}"><w:name w:val="{name}"/>'
            f"{inside}</w:style>"
        )

    level = '<w:pPr><w:outlineLvl w:val="{}"/></w:pPr>'
    styles = (
        style("Chapter", level.format(0))
        + style("Part", '<w:basedOn w:val="Chapter"/>')
        + style("Plain", level.format(9))
        + style("Loop", '<w:basedOn w:val="Loop"/>')
    )
    body = "".join(
        said(text, f'<w:pStyle w:val="{text}"/>') for text in ("Chapter", "Part", "Plain", "Loop")
    )
    body += said("Direct", '<w:outlineLvl w:val="2"/>')
    body += said("Too long. " * 40, '<w:outlineLvl w:val="2"/>')
    document = word.read(letter(tmp_path, body, styles=story("styles", styles)))
    titles = ["Chapter", "Part", "Direct"]
    assert [text for kind, text in told(document) if kind is TITLE] == titles
    assert levels(document) == [1, 1, 3]
    assert document.title == "Chapter"


def test_a_word_document_with_a_document_type_expands_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("classified")
    path = letter(tmp_path, said("a&amp;f;b"))
    with zipfile.ZipFile(path) as archive:
        body = archive.read("word/document.xml").decode()
    doctype = f'<!DOCTYPE x [<!ENTITY f SYSTEM "{secret.as_uri()}">]>'
    hostile = {"word/document.xml": doctype + body.replace("&amp;f;", "&f;")}
    assert told(word.read(changed(path, tmp_path / "hostile", hostile))) == [(PARAGRAPH, "ab")]


def test_an_office_file_of_too_many_members_is_refused(tmp_path: Path) -> None:
    members = {"needed": "", **{f"{n}": "" for n in range(office_zip.MAX_MEMBERS)}}
    with pytest.raises(LimitError):
        office_zip.check_archive(zipped(tmp_path / "file", members), "document", "needed")


# Old formats

without_windows = pytest.mark.skipif(os.name == "nt", reason="The stand-in is a shell script.")
with_office = pytest.mark.skipif(
    libreoffice.office() is None, reason="LibreOffice is not installed."
)


def old_word(folder: Path, flags: int = 0) -> Path:
    return ole(folder / "file", {"WordDocument": bytes(10) + flags.to_bytes(2, "little")})


def old_slides(folder: Path, token: int = 0xE391C05F) -> Path:
    streams = {"PowerPoint Document": b"x", "Current User": bytes(12) + token.to_bytes(4, "little")}
    return ole(folder / "file", streams)


def test_old_formats_are_known_by_their_streams(tmp_path: Path) -> None:
    assert detect(old_word(tmp_path), "a.docx") == DOC
    assert detect(old_slides(tmp_path), "a.pps") == PPT


@pytest.mark.parametrize(("make", "read"), [(old_word, doc.read), (old_slides, ppt.read)])
def test_an_old_format_without_libreoffice_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Make, read: ReadFunction
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(libreoffice, "PLACES", ())
    with pytest.raises(UnsupportedFileError) as caught:
        read(make(tmp_path))
    assert "needs LibreOffice" in caught.value.what
    assert "Install it" in caught.value.advice


def locked(folder: Path) -> Path:
    return ole(folder / "file", {"EncryptedPackage": b"x"})


@pytest.mark.parametrize(
    ("make", "read"),
    [
        (partial(old_word, flags=0x0100), doc.read),
        (partial(old_slides, token=0xF3D1C4DF), ppt.read),
        (locked, doc.read),
        (locked, ppt.read),
    ],
)
def test_an_old_format_with_a_password_says_so(
    tmp_path: Path, make: Make, read: ReadFunction
) -> None:
    with pytest.raises(PasswordNeededError):
        read(make(tmp_path))


@pytest.mark.parametrize("read", [doc.read, ppt.read])
def test_an_old_format_cut_short_is_damaged(tmp_path: Path, read: ReadFunction) -> None:
    path = tmp_path / "file"
    path.write_bytes(old_word(tmp_path).read_bytes()[:600])
    with pytest.raises(DamagedFileError):
        read(path)


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program of ours in LibreOffice's place."""
    program = folder / "soffice"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@without_windows
def test_what_takes_too_long_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives = tmp_path / "lives"
    os.mkfifo(lives)
    # The end of the pipe stays open as long as any of them lives.
    stand_in(tmp_path, monkeypatch, f"exec 3<>'{lives}'; echo on >&3; sleep 600 & sleep 600")
    monkeypatch.setattr(libreoffice, "SECONDS", 1)
    with open(lives, "rb", buffering=0, opener=without_waiting) as pipe:
        with pytest.raises(LimitError):
            doc.read(old_word(tmp_path))
        assert pipe.read(3) == b"on\n"
        assert is_closed(pipe)


def is_closed(pipe: FileIO) -> bool:
    """Whether everyone who held the other end is gone, or goes soon."""
    for _ in range(100):
        if pipe.read() == b"":
            return True
        time.sleep(0.1)
    return False


def without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


@without_windows
def test_what_libreoffice_makes_nothing_of_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, "exit 0")
    with pytest.raises(DamagedFileError):
        doc.read(old_word(tmp_path))


@without_windows
def test_libreoffice_is_told_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "secret")
    stand_in(tmp_path, monkeypatch, f"env > '{tmp_path}/told'; ls \"$HOME\" >> '{tmp_path}/told'")
    with pytest.raises(DamagedFileError):
        doc.read(old_word(tmp_path))
    assert "profile" in (tmp_path / "told").read_text()
    assert "secret" not in (tmp_path / "told").read_text()


@with_office
def test_an_old_word_document_is_read_by_way_of_libreoffice(tmp_path: Path) -> None:
    source = flat_document(
        tmp_path / "source",
        '<text:h text:outline-level="1">Handbook</text:h><text:p>Work begins at nine.'
        "<text:note><text:note-body><text:p>Or later.</text:p></text:note-body></text:note>"
        "</text:p>",
    )
    with libreoffice.converted(source, "text", "fodt", "doc") as made:
        assert detect(made, "a.doc") == DOC
        reading = ReadingProcess()
        try:
            document = reading.read(made, DOC, "a.doc")
        finally:
            reading.close()
    assert document.title == "Handbook"
    texts = [(TITLE, "Handbook"), (PARAGRAPH, "Work begins at nine."), (PARAGRAPH, "Or later.")]
    assert told(document) == texts


@with_office
def test_slides_of_an_old_presentation_stay_pages(tmp_path: Path) -> None:
    slide = (
        "<draw:page><draw:frame svg:width='9cm' svg:height='3cm'><draw:text-box><text:p>{}</text:p>"
        "</draw:text-box></draw:frame></draw:page>"
    )
    source = flat_document(
        tmp_path / "source", slide.format("One") + slide.format("Two"), kind="presentation"
    )
    with libreoffice.converted(source, "slides", "fodp", "ppt") as made:
        assert detect(made, "a.ppt") == PPT
        document = ppt.read(made)
    assert [page.text for page in document.pages] == ["One", "Two"]
    assert document.paged
