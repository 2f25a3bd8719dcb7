"""Texts with marks: reStructuredText, Org, LaTeX, notebooks, subtitles, source code, books."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kb.adapters.readers import (
    epub,
    latex,
    notebook,
    org,
    restructured,
    source_code,
    subtitles,
)
from kb.domain.documents import ElementKind, ParsedDocument
from kb.domain.errors import DamagedFileError, LimitError, PasswordNeededError
from tests.adapters.told_text import levels, told

TITLE, PARAGRAPH, ITEM = ElementKind.TITLE, ElementKind.PARAGRAPH, ElementKind.LIST_ITEM
TABLE, CODE, CAPTION = ElementKind.TABLE, ElementKind.CODE, ElementKind.CAPTION


def stored(folder: Path, content: str) -> Path:
    path = folder / "file"
    path.write_text(content, encoding="utf-8")
    return path


# reStructuredText


def test_restructured_text_keeps_its_structure(tmp_path: Path) -> None:
    document = restructured.read(
        stored(
            tmp_path,
            """
Footbridge
==========

:Author: Ada

Opened in **1987**, see :ref:`the tolls <tolls>` and `the town <https://example.org>`_.

.. a comment

Tolls
-----

1. Walkers
2. Riders

   * Horses

.. versionadded:: 3.1
   Trams as well.

.. code-block:: python

   def toll():
       return 1

====  ======
Year  People
====  ======
1988  12
====  ======

.. figure:: a.png

   By night.
""",
        )
    )
    assert document.title == "Footbridge"
    assert told(document) == [
        (TITLE, "Footbridge"),
        (PARAGRAPH, "Author: Ada"),
        (PARAGRAPH, "Opened in 1987, see the tolls and the town."),
        (TITLE, "Tolls"),
        (ITEM, "1. Walkers"),
        (ITEM, "2. Riders"),
        (ITEM, "- Horses"),
        (PARAGRAPH, "Trams as well."),
        (CODE, "def toll():\n    return 1"),
        (TABLE, "Year | People\n1988 | 12"),
        (CAPTION, "By night."),
    ]
    assert levels(document) == [1, 2]


@pytest.mark.parametrize(
    "directive",
    [
        ".. include:: {}",
        ".. literalinclude:: {}",
        ".. raw:: html\n   :file: {}",
        ".. csv-table:: t\n   :file: {}",
    ],
)
def test_restructured_text_opens_no_other_file(tmp_path: Path, directive: str) -> None:
    other = tmp_path / "other"
    other.write_text("secret")
    text = f"Words.\n\n{directive.format(other)}\n\nMore words.\n"
    document = restructured.read(stored(tmp_path, text))
    assert told(document) == [(PARAGRAPH, "Words."), (PARAGRAPH, "More words.")]


# Org


def test_an_org_file_keeps_its_structure(tmp_path: Path) -> None:
    document = org.read(
        stored(
            tmp_path,
            """#+TITLE: My *notes*
#+INCLUDE: "/etc/passwd"
* The footbridge :work:
:PROPERTIES:
:ID: 7
:END:
Opened in *1987*, see [[https://example.org][the town]]; 2*3*4.
# a comment
- Walkers
  pass free
1. Riders
** Tolls
#+CAPTION: Crossings
| Year | People |
|------+--------|
| 1988 | 12     |
#+BEGIN_SRC python
x = *y*
#+END_SRC
#+begin_quote
Quoted.
#+end_quote
""",
        )
    )
    assert document.title == "My notes"
    assert told(document) == [
        (TITLE, "The footbridge"),
        (PARAGRAPH, "Opened in 1987, see the town; 2*3*4."),
        (ITEM, "- Walkers\npass free"),
        (ITEM, "1. Riders"),
        (TITLE, "Tolls"),
        (CAPTION, "Crossings"),
        (TABLE, "Year | People\n1988 | 12"),
        (CODE, "x = *y*"),
        (PARAGRAPH, "Quoted."),
    ]
    assert levels(document) == [1, 2]


def test_a_drawer_or_block_without_an_end_hides_no_section(tmp_path: Path) -> None:
    document = org.read(stored(tmp_path, "* One\n:LOG:\ntext\n* Two\n#+BEGIN_SRC\ncode"))
    assert told(document)[-2:] == [(TITLE, "Two"), (CODE, "code")]


# LaTeX


def test_latex_keeps_its_structure_and_its_mathematics(tmp_path: Path) -> None:
    document = latex.read(
        stored(
            tmp_path,
            r"""\documentclass{article} % \title{Not this}
\newcommand{\metre}[1]{#1\,m}
\title{The \emph{Footbridge}}\author{Ada \and Bob}
\begin{document}\maketitle
\section*{Tolls \& more}\label{tolls}
Opened in \textbf{1987}---see~\cite[p.~2]{ada}, na\"{\i}ve \'{e}t\'e, ``50\%''. % hidden
$f'(x) < 1$ and \verb|a_b|.\footnote{A note.}

\begin{itemize}\item Walkers \item[Riders] pay\end{itemize}
\begin{enumerate}\item First\end{enumerate}
\begin{table}[h]\begin{tabular}{|c|c|}\hline Year & People \\ \hline 1988 & 12 \\\end{tabular}
\caption{Crossings}\end{table}
\begin{verbatim}
x = 1 % kept
\end{verbatim}
\begin{equation}E = mc^2\end{equation}
\end{document} After.
""",
        )
    )
    assert document.title == "The Footbridge"
    assert told(document) == [
        (TITLE, "The Footbridge"),
        (PARAGRAPH, "Ada Bob"),
        (TITLE, "Tolls & more"),
        (
            PARAGRAPH,
            "Opened in 1987—see [ada], naïve été, “50%”. $f'(x) < 1$ and a_b. (A note.)",
        ),
        (ITEM, "- Walkers"),
        (ITEM, "- Riders pay"),
        (ITEM, "1. First"),
        (TABLE, "Year | People\n1988 | 12"),
        (CAPTION, "Crossings"),
        (CODE, "x = 1 % kept"),
        (PARAGRAPH, "E = mc^2"),
    ]
    assert levels(document) == [1, 2]


@pytest.mark.parametrize(
    "text",
    [
        r"Words. \input{/etc/passwd} \include{other}",
        r"Words. \def\a{\a\a}\a",
        r"Words. \section{",
        "Words. $ and {",
        "Words. \\",
        r"Words. \begin{verbatim}",
        r"Words. \begin{tabular}",
    ],
)
def test_latex_that_is_broken_or_hostile_keeps_its_words(tmp_path: Path, text: str) -> None:
    assert "Words." in latex.read(stored(tmp_path, text)).pages[0].text


def test_latex_nested_deeply_comes_to_an_end(tmp_path: Path) -> None:
    text = r"\section{" * 3000 + "deep" + "}" * 3000
    assert "deep" in latex.read(stored(tmp_path, text)).pages[0].text


# Notebooks


def made_notebook(*cells: object) -> str:
    return json.dumps({"cells": cells, "nbformat": 4})


def code_cell(*outputs: object) -> dict[str, object]:
    return {"cell_type": "code", "source": ["x = 1\n", "x"], "outputs": outputs}


def test_a_notebook_is_its_text_its_code_and_its_outputs(tmp_path: Path) -> None:
    markup = "<table><tr><th>Year</th><th>People</th></tr><tr><td>1988</td><td>12</td></tr></table>"
    document = notebook.read(
        stored(
            tmp_path,
            made_notebook(
                {"cell_type": "markdown", "source": "# Bridge\n\n*Opened* in 1987."},
                code_cell(
                    {"output_type": "stream", "text": ["\x1b[31mone\x1b[0m\n", "two\n"]},
                    {"data": {"text/html": markup, "text/plain": "table"}},
                    {"data": {"text/plain": "1", "image/png": "AAAA"}},
                    {"ename": "ValueError", "evalue": "bad", "traceback": ["..."]},
                ),
            ),
        )
    )
    assert document.title == "Bridge"
    assert told(document) == [
        (TITLE, "Bridge"),
        (PARAGRAPH, "Opened in 1987."),
        (CODE, "x = 1\nx"),
        (CODE, "one\ntwo"),
        (TABLE, "Year | People\n1988 | 12"),
        (CODE, "1"),
        (CODE, "ValueError: bad"),
    ]


def test_a_long_output_is_cut(tmp_path: Path) -> None:
    path = stored(tmp_path, made_notebook(code_cell({"text": "y" * (notebook.MAX_OUTPUT + 1)})))
    assert told(notebook.read(path))[-1] == (CODE, "y" * notebook.MAX_OUTPUT + "…")


def test_a_notebook_of_the_older_format_is_read(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": "Old"},
        {"cell_type": "code", "input": ["x = 1"], "outputs": [{"text": "1"}]},
    ]
    document = notebook.read(stored(tmp_path, json.dumps({"worksheets": [{"cells": cells}]})))
    assert told(document) == [(TITLE, "Old"), (CODE, "x = 1"), (CODE, "1")]


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"cells": []}', '{"cells": 5}'])
def test_a_notebook_that_is_none_is_damaged(tmp_path: Path, content: str) -> None:
    with pytest.raises(DamagedFileError):
        notebook.read(stored(tmp_path, content))


# Subtitles


def test_subtitles_are_paragraphs_with_the_time_they_begin(tmp_path: Path) -> None:
    text = (
        "1\n00:01:14,440 --> 00:01:15,760\n<i>The bridge</i>\nwas opened\n\n"
        "2\n00:01:15,880 --> 00:01:19,520\nin 1987.\n\n"
        "3\n01:00:00,000 --> 01:00:02,000\n{\\an8}The end &amp; more.\n"
    )
    assert told(subtitles.read(stored(tmp_path, text))) == [
        (PARAGRAPH, "[00:01:14] The bridge was opened in 1987."),
        (PARAGRAPH, "[01:00:00] The end & more."),
    ]


def test_a_speaker_is_named_once_in_a_row(tmp_path: Path) -> None:
    text = (
        "WEBVTT\n\nNOTE nothing\n\n00:11.000 --> 00:13.000 align:right\n<v Ada>One.\n\n"
        "00:13.000 --> 00:14.000\n<v Ada>Two.\n\n00:14.000 --> 00:16.000\n<v Bob>Three.\n"
    )
    assert told(subtitles.read(stored(tmp_path, text))) == [
        (PARAGRAPH, "[00:00:11] Ada: One. Two. Bob: Three.")
    ]


def test_long_speech_is_parted(tmp_path: Path) -> None:
    cues = (
        f"00:{n // 60:02}:{n % 60:02}.000 --> 00:{n // 60:02}:{n % 60:02}.900\nword\n\n"
        for n in range(0, 120, 2)
    )
    assert len(told(subtitles.read(stored(tmp_path, "WEBVTT\n\n" + "".join(cues))))) == 4


# Source code


def test_source_code_is_kept_and_parted_at_the_outermost_blocks(tmp_path: Path) -> None:
    text = "import os\n\n\ndef f():\n\tx = 1\n\n\treturn x\n\nclass A:\n    pass\n"
    assert told(source_code.read(stored(tmp_path, text))) == [
        (CODE, "import os"),
        (CODE, "def f():\n    x = 1\n\n    return x"),
        (CODE, "class A:\n    pass"),
    ]


# Books

CONTAINER = """<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="O%20PS/book.opf"/></rootfiles></container>"""
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf"
xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>The Footbridge</dc:title></metadata>
<manifest><item id="b" href="two.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="gone" href="gone.xhtml" media-type="application/xhtml+xml"/>
<item id="t" href="toc.ncx" media-type="application/x-dtbncx+xml"/></manifest>
<spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/><itemref idref="gone"/></spine>
</package>"""
NCX = """<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel>
<text>Chapter One</text></navLabel><content src="text/one.xhtml#start"/></navPoint></navMap>
</ncx>"""
BOOK = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": CONTAINER,
    "O PS/book.opf": PACKAGE,
    "O PS/two.xhtml": "<html><body><h1>Chapter Two</h1><p>It has tolls.</p></body></html>",
    "O PS/text/one.xhtml": "<html><title>x</title><body><p>It was opened.</p></body></html>",
    "O PS/nav.xhtml": "<html><body><nav><a href='two.xhtml'>Two</a></nav></body></html>",
    "O PS/toc.ncx": NCX,
}

Made = Callable[..., Path]


@pytest.fixture
def book(tmp_path: Path) -> Made:
    def make(**changed: str) -> Path:
        path = tmp_path / "file"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in (BOOK | changed).items():
                archive.writestr(name, content)
        return path

    return make


def test_a_book_is_its_chapters_in_the_order_of_the_spine(book: Made) -> None:
    document: ParsedDocument = epub.read(book())
    assert document.title == "The Footbridge"
    assert told(document) == [
        (TITLE, "Chapter One"),
        (PARAGRAPH, "It was opened."),
        (TITLE, "Chapter Two"),
        (PARAGRAPH, "It has tolls."),
    ]


def test_a_copy_protected_book_says_so(book: Made) -> None:
    uri = '<encryption><CipherReference URI="O%20PS/two.xhtml"/></encryption>'
    with pytest.raises(PasswordNeededError):
        epub.read(book(**{"META-INF/encryption.xml": uri}))


def test_hidden_fonts_make_no_book_unreadable(book: Made) -> None:
    uri = '<encryption><CipherReference URI="fonts/a.otf"/></encryption>'
    assert epub.read(book(**{"META-INF/encryption.xml": uri})).elements


def test_entities_of_a_book_are_not_followed(book: Made, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("secret")
    entity = f'<!DOCTYPE p [<!ENTITY e SYSTEM "{(tmp_path / "other").as_uri()}">]>'
    package = entity + PACKAGE.replace("The Footbridge", "Title &e;")
    document = epub.read(book(**{"O PS/book.opf": package}))
    assert "secret" not in document.title + document.pages[0].text


def test_a_book_that_unpacks_to_too_much_is_refused(
    book: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epub, "MAX_PART_BYTES", 2000)
    with pytest.raises(LimitError):
        epub.read(book(**{"O PS/two.xhtml": "<p>" + "word " * 1000}))


@pytest.mark.parametrize("name", ["META-INF/container.xml", "O PS/book.opf"])
def test_a_book_without_its_package_is_damaged(book: Made, name: str) -> None:
    with pytest.raises(DamagedFileError):
        epub.read(book(**{name: "<no"}))
