"""Web pages: what is an article's main text, and what is a document to be kept whole."""

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from kb.adapters.readers import html, mhtml
from kb.domain.documents import ElementKind
from kb.domain.errors import DamagedFileError
from tests.adapters.told_text import told

DATA = Path(__file__).parents[3] / "shared" / "data" / "parse_html_articles"
ARTICLE_META = '<meta property="og:type" content="article">'
STORY = "".join(
    f"<p>{'The town built a footbridge over its river. ' * 6}{number}</p>" for number in range(9)
)
COMMENTS = "".join(
    f"<div class='comment'><p>Reader {n} thinks otherwise, and says so at length.</p></div>"
    for n in range(9)
)


def stored(folder: Path, content: str) -> Path:
    path = folder / "file"
    path.write_text(content, encoding="utf-8")
    return path


def text_of(folder: Path, page: str) -> str:
    return html.read(stored(folder, page)).pages[0].text


@pytest.mark.parametrize(
    "declared",
    [
        ARTICLE_META,
        '<script type="application/ld+json">{"@type": "NewsArticle"}</script>',
        '<script type="application/ld+json">{"@graph": [{"@type": ["BlogPosting"]}]}</script>',
        '<div itemscope itemtype="https://schema.org/Article"></div>',
    ],
)
def test_an_article_loses_what_is_said_around_it(tmp_path: Path, declared: str) -> None:
    page = f"<html><head>{declared}</head><body><article><h1>Opened</h1>{STORY}</article>{COMMENTS}"
    text = text_of(tmp_path, page)
    assert text.startswith("Opened")
    assert text.count("footbridge") == 54
    assert "thinks otherwise" not in text


def test_the_same_page_is_kept_whole_where_nothing_calls_it_an_article(tmp_path: Path) -> None:
    page = f"<html><body><article><h1>Opened</h1>{STORY}</article>{COMMENTS}"
    assert text_of(tmp_path, page).count("thinks otherwise") == 9


def test_an_article_whose_main_text_is_hardly_anything_of_it_is_kept_whole(tmp_path: Path) -> None:
    rows = "".join(f"<tr><td>Row {n}</td><td>{n} people crossed</td></tr>" for n in range(900))
    story = "<p>The town built it.</p><p>It is open.</p>"
    page = f"<head>{ARTICLE_META}</head><body><article>{story}</article><table>{rows}</table>"
    assert "899 people crossed" in text_of(tmp_path, page)


def test_a_document_saved_as_a_page_keeps_all_its_parts(tmp_path: Path) -> None:
    page = f"""<body><div class="content"><h1>Manual</h1>{STORY}
<dl><dt>toll</dt><dd>what riders pay</dd></dl>
<pre>bridge --open</pre><ul><li>Walkers</li><li>Horses</li></ul>
<table><tr><th>Year</th><th>People</th></tr><tr><td>1988</td><td>12</td></tr></table></div></body>"""
    document = html.read(stored(tmp_path, page))
    elements = told(document)
    for element in (
        (ElementKind.CODE, "bridge --open"),
        (ElementKind.LIST_ITEM, "- Horses"),
        (ElementKind.TABLE, "Year | People\n1988 | 12"),
    ):
        assert element in elements
    assert "what riders pay" in document.pages[0].text


@pytest.mark.skipif(
    not DATA.is_dir(), reason="The test files are not beside the project (../shared/data)."
)
def test_the_main_text_of_real_articles_is_found(tmp_path: Path) -> None:
    scores = []
    for line in (DATA / "truth.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        path = tmp_path / "page"
        path.write_bytes(gzip.decompress((DATA / "docs" / case["file"]).read_bytes()))
        scores.append(word_f1(html.read(path).pages[0].text, case["text"]))
    assert sum(scores) / len(scores) >= 0.93


def word_f1(found: str, wanted: str) -> float:
    """The harmonic mean of the precision and the recall of words."""
    ours, theirs = (Counter(re.findall(r"\w+", text.lower())) for text in (found, wanted))
    return 2 * (ours & theirs).total() / max(1, ours.total() + theirs.total())


# Pages saved in one file


def saved(*parts: str, start: str = "") -> str:
    head = "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b"
    head += f'; start="{start}"' if start else ""
    return head + "\n\n" + "".join(f"--b\n{part}\n" for part in parts) + "--b--\n"


FRAME = "Content-Type: text/html\nContent-ID: <frame>\n\n<p>An advertisement.</p>"
PAGE = (
    "Content-Type: text/html; charset=iso-8859-1\nContent-ID: <page>\n"
    "Content-Transfer-Encoding: quoted-printable\n\n"
    "<title>Br=FCcke</title><p>Opened =\nin 1987.</p><img src=3Dhttp://example.org/a.png>"
)


@pytest.mark.parametrize("content", [saved(PAGE, FRAME), saved(FRAME, PAGE, start="<page>")])
def test_a_saved_page_is_its_main_part(tmp_path: Path, content: str) -> None:
    document = mhtml.read(stored(tmp_path, content))
    assert document.title == "Brücke"
    assert told(document) == [(ElementKind.PARAGRAPH, "Opened in 1987.")]


def test_a_saved_page_without_a_page_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError):
        mhtml.read(stored(tmp_path, saved("Content-Type: image/png\n\nx")))
