"""Transcripts as Markdown, Word and PDF, looked at as other programs read them."""

import io
import random
import re
import zipfile
from itertools import pairwise

import pypdfium2
import pytest
from docx import Document
from lxml import etree
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from kb.adapters.exports import markdown, pdf, word
from kb.domain.conversations import Role
from tests.adapters.transcript_maker import (
    ARABIC,
    NOW,
    PAYLOADS,
    SCRIPTS,
    answered,
    everything,
    made,
    message,
)

IN_ORDER = [
    "Staff matters",
    "How much leave?",
    "And when?",
    "Written by fake:1b",
    "Leave in short",
    "29 days",
    "First point",
    "[2]",
    "only partly borne out by its source",
    "Below it",
    "return \"```\" + '<b>'",
    "| 1 | 2 |",
    "It costs $x$ and \\frac{1}{2}. It ends in March.",
    "[1]",
    "not borne out by its source",
    "1 of 3 sentences supported by your documents, 1 partly.",
    "Sources",
    "handbook.pdf, page 4",
    "29 days of leave",
    "lapses on 31 March",
    "Quotes only: these are your documents' own sentences.",
    "It was so.",
    "gone.txt, page 4 (removed)",
    "From a replaced version of old.txt, page 4",
    "Stopped here.",
    "Nothing tells who.",
]


MARKUP = {"link_open", "image", "html_block", "html_inline", "table_open", "hr"}


def assert_in_order(text: str) -> None:
    """Each stands after the one before."""
    at = 0
    for wanted in IN_ORDER:
        assert wanted in text[at:], wanted
        at = text.index(wanted, at) + len(wanted)


def long_answer() -> str:
    return " ".join(f"word{n}" for n in range(10_000))


# --- Markdown ---


def tokens(text: str) -> list[Token]:
    """As GitHub reads it, bare addresses included; flat."""
    parsed = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    return [each for token in parsed for each in [token, *(token.children or [])]]


def said(text: str) -> str:
    """What a reader sees of it."""
    return "".join(
        {"softbreak": "\n", "hardbreak": "\n"}.get(each.type, each.content)
        for each in tokens(text)
        if each.type != "inline"
    )


def test_markdown_says_everything_in_order() -> None:
    assert_in_order(said(markdown.write(everything()).decode()))


def test_nothing_said_becomes_markup() -> None:
    kinds = {each.type for each in tokens(markdown.write(everything()).decode())}
    assert not kinds & MARKUP


def test_no_mixture_of_signs_becomes_markup() -> None:
    signs = "[ ]( http://a.b ) ! ` ``` ~~~ <b> <!-- &amp; | |-| ** * __ \\ x 1. # > - === --- [a]:"
    pieces, chance = [*signs.split(), "\n", "\n\n", "    ", "\t", " "], random.Random(1)
    for _ in range(300):
        text = "".join(chance.choices(pieces, k=chance.randint(1, 25)))
        transcript = made([message(Role.USER, text), message(Role.ASSISTANT, text)], title=text)
        kinds = {each.type for each in tokens(markdown.write(transcript).decode())}
        assert not kinds & MARKUP, text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_question_stays_one_quotation(payload: str) -> None:
    text = markdown.write(made([message(Role.USER, payload)], title=payload)).decode()
    kinds = [each.type for each in tokens(text) if each.type not in ("text", "hardbreak")]
    paragraph = ["paragraph_open", "inline", "paragraph_close"]
    heading = ["heading_open", "inline", "heading_close"]
    quotation = ["blockquote_open", *paragraph, "blockquote_close"]
    wanted = [*heading, *paragraph, *heading, *quotation]
    split = [*heading, *paragraph, *heading, "blockquote_open", *paragraph, *paragraph]
    assert kinds in (wanted, [*split, "blockquote_close"])


def test_a_hostile_payload_reads_as_it_was_said() -> None:
    for payload in PAYLOADS[:8]:
        text = markdown.write(made([message(Role.USER, payload)])).decode()
        told = said(text).replace(markdown.JOINER, "")
        for line in payload.split("\n"):
            assert line.strip() in told


def test_bare_addresses_are_broken_up() -> None:
    text = markdown.write(made([message(Role.USER, PAYLOADS[3])])).decode()
    assert not re.search(r"://|www\.|\w@\w", text)


def test_a_number_before_a_point_that_was_cut_there_begins_no_list() -> None:
    text = markdown.write(made([message(Role.USER, "1986. A great year")])).decode()
    assert "ordered_list_open" not in {each.type for each in tokens(text)}


def test_an_item_far_in_is_no_code() -> None:
    text = markdown.write(made([message(Role.ASSISTANT, "        - deep\n- flat")])).decode()
    assert "code_block" not in {each.type for each in tokens(text)}


# --- Word ---


UNWANTED = {"hyperlink", "fldSimple", "fldChar", "instrText", "object", "altChunk"}


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return {name: package.read(name) for name in package.namelist()}


def word_text(data: bytes) -> str:
    return "\n".join(each.text for each in Document(io.BytesIO(data)).paragraphs)


def test_word_says_everything_in_order() -> None:
    assert_in_order(word_text(word.write(everything())))


def test_word_holds_no_link_no_field_and_nothing_from_elsewhere() -> None:
    for name, content in parts(word.write(everything())).items():
        if name.endswith(".rels"):
            assert b"External" not in content
        if name.endswith(".xml"):
            tags = {etree.QName(each).localname for each in etree.fromstring(content).iter("*")}
            assert not tags & UNWANTED


def test_word_marks_text_written_from_right_to_left() -> None:
    document = parts(word.write(made([message(Role.USER, ARABIC)])))["word/document.xml"]
    assert b"<w:bidi/>" in document
    assert b"<w:rtl/>" in document


def test_word_knows_title_and_date() -> None:
    properties = Document(io.BytesIO(word.write(made([answered()])))).core_properties
    assert (properties.title, properties.author) == ("Leave", "Quire")
    assert properties.created == NOW


def test_word_takes_a_long_answer() -> None:
    text = word_text(word.write(made([message(Role.ASSISTANT, long_answer())])))
    assert long_answer() in text


# --- PDF ---


def pdf_text(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    try:
        pages = [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()
    return " ".join("\n".join(pages).replace(pdf.BREAK, "").split())


def test_pdf_says_everything_in_order() -> None:
    text = pdf_text(pdf.write(everything()))
    at = 0
    for wanted in IN_ORDER:
        # Lists have no spaces of their own between number and words.
        assert wanted in text[at:], wanted
        at = text.index(wanted, at) + len(wanted)


def test_pdf_has_no_link_script_action_or_file() -> None:
    reader = PdfReader(io.BytesIO(pdf.write(everything())))
    unwanted = {"/A", "/AA", "/Annots", "/OpenAction", "/JS", "/JavaScript", "/URI", "/Launch"}
    objects = [*reader.xref_objStm, *reader.xref.get(0, {})]
    looked_at = [reader.get_object(number) for number in objects if number]
    dictionaries = [each for each in looked_at if isinstance(each, DictionaryObject)]
    assert len(dictionaries) > 50
    for found in dictionaries:
        # In the structure for screen readers, /A are attributes of layout.
        told = found.keys() - ({"/A"} if found.get("/Type") == "/StructElem" else set())
        assert not unwanted & told
    assert not reader.attachments


@pytest.mark.parametrize(
    "word_of", "שלום Ωμέγα Москва 中文测试 ひらがな 한국어 ภาษาไทย हिन्दी".split()
)
def test_pdf_shows_many_scripts(word_of: str) -> None:
    data = pdf.write(made([message(Role.USER, SCRIPTS)]))
    assert word_of in pdf_text(data)
    assert "No font here" not in pdf_text(data)


def test_pdf_names_what_it_cannot_show() -> None:
    text = pdf_text(pdf.write(made([message(Role.USER, "Sign \U00013000 and a\u0e34.")])))
    assert "Sign [U+13000] and a[U+0E34]." in text
    assert "U+13000 EGYPTIAN HIEROGLYPH A001, U+0E34 THAI CHARACTER SARA I." in text


def test_pdf_writes_from_right_to_left() -> None:
    """The first line of a short text ends at the right margin."""
    page = pypdfium2.PdfDocument(pdf.write(made([message(Role.USER, "שלום")])))[0]
    text = page.get_textpage()
    at = text.get_text_range().index("שלום")
    assert text.get_charbox(at)[0] > page.get_width() / 2


def test_pdf_takes_a_long_answer_and_a_long_word() -> None:
    words = f"{long_answer()} {'x' * 500}"
    data = pdf.write(made([message(Role.ASSISTANT, words)]))
    text = pdf_text(data).replace(" ", "")
    assert "word9999" in text
    assert "x" * 500 in re.sub(r"\s", "", text)
    boxes = [page.get_mediabox() for page in pypdfium2.PdfDocument(data)]
    assert len(boxes) > 10


def test_pdf_keeps_a_long_word_on_the_page() -> None:
    page = pypdfium2.PdfDocument(pdf.write(made([message(Role.USER, "x" * 500)])))[0]
    text = page.get_textpage()
    rights = [text.get_charbox(at)[2] for at in range(text.count_chars())]
    assert max(rights) < page.get_width() - 50


def test_formats_are_the_same_each_time() -> None:
    for first, again in pairwise([pdf.write(everything()), pdf.write(everything())]):
        assert first == again
