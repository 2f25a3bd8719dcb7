"""The readers of formats without pages, and the registry of all."""

import json
import subprocess
import sys
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
from docx import Document

from kb.adapters.child_process import package_root
from kb.adapters.readers import html, markdown, plain, record, word
from kb.adapters.readers.registry import READERS, reader_of
from kb.domain.documents import ElementKind, ParsedDocument
from kb.domain.errors import (
    DamagedFileError,
    PasswordNeededError,
    UnsupportedFileError,
)
from kb.domain.media_types import RECORD
from kb.ingestion import detection

TITLE, PARAGRAPH, ITEM = ElementKind.TITLE, ElementKind.PARAGRAPH, ElementKind.LIST_ITEM
TABLE, CODE, CAPTION = ElementKind.TABLE, ElementKind.CODE, ElementKind.CAPTION


def told(document: ParsedDocument) -> list[tuple[ElementKind, str]]:
    """Kinds and texts, once the document is found to be sound."""
    assert [page.number for page in document.pages] == [1]
    assert not document.paged
    text = document.pages[0].text
    text.encode("utf-8")
    for one, other in pairwise(document.elements):
        assert one.end <= other.start
    for element in document.elements:
        assert text[element.start : element.end].strip()
    return [(element.kind, text[element.start : element.end]) for element in document.elements]


def stored(folder: Path, content: bytes | str) -> Path:
    path = folder / "file"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_every_type_that_is_detected_has_a_reader_and_a_name() -> None:
    # A record comes from a line of a collection, whose type is known.
    assert set(READERS) == {*detection.ENDINGS.values(), RECORD}
    for media_type in READERS:
        assert callable(reader_of(media_type))


def test_a_type_without_a_reader_is_refused() -> None:
    with pytest.raises(UnsupportedFileError):
        reader_of("application/x-unknown")


def test_the_registry_imports_no_reader_before_it_is_needed() -> None:
    code = (
        "import sys, kb.adapters.readers.child\n"
        "heavy = {'unstructured', 'torch', 'spacy', 'trafilatura', 'lxml', 'pypdfium2'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or None)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=package_root())


# Plain text


def test_plain_text_has_a_paragraph_for_every_blank_line(tmp_path: Path) -> None:
    path = stored(tmp_path, "One\r\nline two\r\n\r\n \r\nTwo\x01\x0b\n")
    assert told(plain.read(path)) == [(PARAGRAPH, "One\nline two"), (PARAGRAPH, "Two")]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Grüße aus Köln, schöne Straße.", "utf-8"),
        ("Grüße aus Köln, schöne Straße.", "utf-8-sig"),
        ("Grüße aus Köln, schöne Straße.", "utf-16"),
        ("Grüße aus Köln, schöne Straße.", "utf-32"),
        ("Plain words in a file without a mark, long enough to be told.", "utf-16-le"),
        ("Die Straße in Köln ist schön und führt über die Brücke. Grüße! " * 4, "latin-1"),
        (
            "こんにちは世界。これは日本語の文章です。橋は千九百八十七年に開通しました。" * 4,
            "shift-jis",
        ),
        ("Мост был открыт в тысяча девятьсот восемьдесят седьмом году. " * 4, "cp1251"),
    ],
)
def test_plain_text_is_read_in_its_encoding(tmp_path: Path, text: str, encoding: str) -> None:
    document = plain.read(stored(tmp_path, text.encode(encoding)))
    assert document.pages[0].text == text.strip()


def test_bytes_that_are_no_text_are_damaged(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError):
        plain.read(stored(tmp_path, bytes(range(256)) * 20))


def test_a_file_of_white_space_has_no_elements_and_says_so(tmp_path: Path) -> None:
    document = plain.read(stored(tmp_path, " \n\n\t "))
    assert told(document) == []
    assert document.warnings == ("The file holds no text.",)


# Records


def test_a_record_has_its_title_and_its_paragraphs(tmp_path: Path) -> None:
    line = json.dumps(
        {"id": "7", "title": "Wing flutter", "text": "One.\nStill one.\n\nTwo\u2028."}
    )
    document = record.read(stored(tmp_path, line))
    assert document.title == "Wing flutter"
    assert told(document) == [(PARAGRAPH, "One.\nStill one."), (PARAGRAPH, "Two\n.")]


def test_a_record_without_text_is_a_document_without_elements(tmp_path: Path) -> None:
    assert told(record.read(stored(tmp_path, '{"id": "1", "title": "T", "text": ""}'))) == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"id": "1", "text": 5}', b"\xff\xfe"])
def test_a_record_that_is_none_is_damaged(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(DamagedFileError):
        record.read(stored(tmp_path, content))


def test_a_lone_surrogate_does_not_survive(tmp_path: Path) -> None:
    path = stored(tmp_path, '{"id": "1", "title": "T\\ud800", "text": "a\\udfffb"}')
    document = record.read(path)
    assert (document.title, document.pages[0].text) == ("T", "ab")


# Markdown


def test_markdown_keeps_its_structure_and_loses_its_marks(tmp_path: Path) -> None:
    path = stored(
        tmp_path,
        """---
title: "Front *matter*"
tags: [a]
---
# Install

Run **this** [command](https://example.org "x") or ![the picture](a.png) `now`.<br>Then
rest &amp; <b>relax</b>.

## Steps ##

1. First
2. Second
   - inner

   still second
* [ ] star

| Name | Size |
|------|-----:|
| a    | **1** |
| b \\| c | |

```python
x = 1

y = 2
```

    indented code

> quoted words

<div>
<p>raw <i>markup</i></p><script>alert(1)</script>
</div>
""",
    )
    document = markdown.read(path)
    assert document.title == "Front *matter*"
    assert told(document) == [
        (TITLE, "Install"),
        (PARAGRAPH, "Run this command or the picture now.\nThen\nrest & relax."),
        (TITLE, "Steps"),
        (ITEM, "1. First"),
        (ITEM, "2. Second"),
        (ITEM, "- inner"),
        (ITEM, "still second"),
        (ITEM, "- [ ] star"),
        (TABLE, "Name | Size\na | 1\nb | c |"),
        (CODE, "x = 1\n\ny = 2"),
        (CODE, "indented code"),
        (PARAGRAPH, "quoted words"),
        (PARAGRAPH, "raw markup"),
    ]
    assert [e.level for e in document.elements if e.kind is TITLE] == [1, 2]


def test_the_first_heading_is_the_title_where_front_matter_gives_none(tmp_path: Path) -> None:
    document = markdown.read(stored(tmp_path, "Words\n\n# The *Title*\n\n# Another\n"))
    assert document.title == "The Title"


def test_a_rule_at_the_start_is_no_front_matter(tmp_path: Path) -> None:
    assert told(markdown.read(stored(tmp_path, "---\nwords without an end\n"))) == [
        (PARAGRAPH, "words without an end")
    ]


def test_deep_nesting_in_markdown_comes_to_an_end(tmp_path: Path) -> None:
    document = markdown.read(stored(tmp_path, "> " * 5000 + "deep\n\n" + "[" * 5000 + "x"))
    assert document.elements


# Web pages

PAGE = """<!DOCTYPE html><html><head><title>Footbridge &ndash; Town</title>
<style>p { color: red }</style><script>var secret = 1;</script></head><body>
<nav><a href="/">Home</a> <a href="/news">News</a></nav>
<h1>The footbridge</h1>
<p>The bridge was <b>opened</b> in&nbsp;1987.<br>It is 84 metres long.</p>
<h2>Tolls</h2>
<ul><li>Walkers pass free</li><li>Riders pay <ol start="3"><li>a penny</li></ol></li></ul>
<table><caption>Crossings</caption><tr><th>Year</th><th>People</th></tr>
<tr><td>1988</td><td>12&nbsp;000</td></tr></table>
<pre>line one
  line two</pre>
<figure><img src="a.png"><figcaption>The bridge at night</figcaption></figure>
<div>Loose words<div>in nested boxes</div></div>
<footer>Imprint</footer></body></html>"""


def test_a_page_keeps_its_structure_and_loses_its_menus(tmp_path: Path) -> None:
    document = html.read(stored(tmp_path, PAGE))
    assert document.title == "Footbridge – Town"
    assert told(document) == [
        (TITLE, "The footbridge"),
        (PARAGRAPH, "The bridge was opened in 1987.\nIt is 84 metres long."),
        (TITLE, "Tolls"),
        (ITEM, "- Walkers pass free"),
        (ITEM, "- Riders pay"),
        (ITEM, "3. a penny"),
        (TABLE, "Crossings\nYear | People\n1988 | 12 000"),
        (CODE, "line one\n  line two"),
        (CAPTION, "The bridge at night"),
        (PARAGRAPH, "Loose words"),
        (PARAGRAPH, "in nested boxes"),
    ]
    assert [e.level for e in document.elements if e.kind is TITLE] == [1, 2]


def test_the_main_text_of_an_article_is_found_with_its_heading(tmp_path: Path) -> None:
    story = "".join(
        f"<p>{'The town built a footbridge over its river. ' * 6}{n}</p>" for n in range(9)
    )
    links = "".join(f"<li><a href='/{n}'>Another story {n}</a></li>" for n in range(30))
    page = (
        f"<body><div class='menu'><ul>{links}</ul></div><article><h1>Opened</h1>{story}</article>"
    )
    document = html.read(stored(tmp_path, page))
    assert told(document)[0] == (TITLE, "Opened")
    assert "Another story" not in document.pages[0].text
    assert len(document.elements) == 10


def test_a_page_that_is_all_menu_keeps_it(tmp_path: Path) -> None:
    page = "<body><nav><p>Opening hours: nine to five, on every day of the week.</p></nav>x</body>"
    assert "nine to five" in html.read(stored(tmp_path, page)).pages[0].text


@pytest.mark.parametrize(
    "content",
    [
        "<meta charset=windows-1251><p>Мост</p>".encode("cp1251"),
        '<?xml version="1.0" encoding="koi8-r"?><html><p>Мост</p></html>'.encode("koi8-r"),
        "<p>Мост</p>".encode(),
        "<meta charset=latin-1><p>Мост</p>".encode("utf-16"),
        "<meta charset=no-such-thing><p>Мост</p>".encode(),
        b"\xef\xbb\xbf" + "<meta charset=latin-1><p>Мост</p>".encode(),
    ],
)
def test_the_encoding_is_the_declared_one_unless_a_mark_says_else(
    tmp_path: Path, content: bytes
) -> None:
    assert told(html.read(stored(tmp_path, content))) == [(PARAGRAPH, "Мост")]


def test_endless_nesting_keeps_its_words(tmp_path: Path) -> None:
    page = "<html><body>" + "<div><b>" * 10_000 + "The bridge was opened in 1987."
    assert "opened in 1987" in html.read(stored(tmp_path, page)).pages[0].text


@pytest.mark.parametrize("content", ["", "<!-- nothing -->", "<html></html>", "<p> </p>"])
def test_a_page_without_words_has_no_elements(tmp_path: Path, content: str) -> None:
    assert told(html.read(stored(tmp_path, content))) == []


# Word


def letter(folder: Path) -> Path:
    document = Document()
    document.add_heading("Staff Handbook", level=0)
    document.add_heading("Working hours", level=1)
    document.add_paragraph("Work begins at nine.")
    document.add_heading("Breaks", level=2)
    document.add_paragraph("Coffee", style="List Bullet")
    document.add_paragraph("Tea", style="List Number")
    table = document.add_table(rows=2, cols=2)
    for row, texts in zip(table.rows, (("Day", "Hours"), ("Monday", "9 to\n5")), strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    document.add_page_break()
    document.add_paragraph("The end, on another page.")
    path = folder / "file"
    document.save(str(path))
    return path


def test_a_word_document_keeps_its_structure(tmp_path: Path) -> None:
    document = word.read(letter(tmp_path))
    assert document.title == "Staff Handbook"
    assert told(document) == [
        (TITLE, "Staff Handbook"),
        (TITLE, "Working hours"),
        (PARAGRAPH, "Work begins at nine."),
        (TITLE, "Breaks"),
        (ITEM, "- Coffee"),
        (ITEM, "1. Tea"),
        (TABLE, "Day | Hours\nMonday | 9 to 5"),
        (PARAGRAPH, "The end, on another page."),
    ]
    assert [e.level for e in document.elements if e.kind is TITLE] == [1, 1, 2]


def with_body(folder: Path, body: str) -> Path:
    """A Word document whose body is this XML."""
    source, made = letter(folder), folder / "made"
    names = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = f"<w:document {names}><w:body>{body}</w:body></w:document>".encode()
            new.writestr(name, content if name == "word/document.xml" else old.read(name))
    return made


def run(text: str) -> str:
    return f"<w:r><w:t>{text}</w:t></w:r>"


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        (f"<w:p>{run('a')}<w:ins>{run('b')}</w:ins><w:del>{run('c')}</w:del></w:p>", ["ab"]),
        (f"<w:sdt><w:sdtContent><w:p>{run('set')}</w:p></w:sdtContent></w:sdt>", ["set"]),
        (
            f"<w:p>{run('around')}<w:r><w:pict><w:txbxContent><w:p>{run('in a box')}</w:p>"
            f"<w:p>{run('too')}</w:p></w:txbxContent></w:pict></w:r></w:p><w:p>{run('after')}</w:p>",
            ["around", "in a box", "too", "after"],
        ),
    ],
)
def test_text_in_boxes_controls_and_changes_is_read(
    tmp_path: Path, body: str, texts: list[str]
) -> None:
    assert [text for _, text in told(word.read(with_body(tmp_path, body)))] == texts


def test_an_empty_word_document_is_a_document_without_elements(tmp_path: Path) -> None:
    path = tmp_path / "file"
    Document().save(str(path))
    assert told(word.read(path)) == []


def test_a_word_document_with_a_password_says_so(tmp_path: Path) -> None:
    with pytest.raises(PasswordNeededError):
        word.read(stored(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600))


def test_a_word_document_cut_short_is_damaged(tmp_path: Path) -> None:
    content = letter(tmp_path).read_bytes()
    with pytest.raises(DamagedFileError):
        word.read(stored(tmp_path, content[: len(content) // 2]))
