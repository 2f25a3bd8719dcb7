"""A transcript as a Word file, without fields, links or anything kept elsewhere."""

import io
from typing import Any

from docx import Document
from docx.oxml import OxmlElement
from docx.shared import Pt, RGBColor

from kb.adapters.exports.scripts import is_right_to_left
from kb.domain.blocks import Block, Run
from kb.domain.transcripts import CitedPlace, Entry, Transcript

QUIET = RGBColor(0x5F, 0x5A, 0x52)
WARNING = RGBColor(0x9A, 0x3B, 0x12)
MONOSPACED = "Courier New"
STEP = Pt(18)
"""How far a list goes in at each depth."""


def write(transcript: Transcript) -> bytes:
    """The transcript as .docx."""
    document = Document()
    properties = document.core_properties
    properties.title, properties.author, properties.comments = transcript.title[:255], "Quire", ""
    properties.created = properties.modified = transcript.exported_at.replace(tzinfo=None)
    _turned(document.add_heading(transcript.title, level=0), transcript.title)
    for line in transcript.about:
        _note(document, line)
    for entry in transcript.entries:
        _entry(document, entry)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def _entry(document: Any, entry: Entry) -> None:
    document.add_heading(entry.heading, level=2)
    for each in entry.blocks:
        _block(document, each)
    if entry.sources:
        document.add_heading("Sources", level=3)
    for source in entry.sources:
        _source(document, source)


def _block(document: Any, each: Block) -> None:
    text = "".join(run.get("text", "") for run in each["runs"])
    if each["kind"] == "note":
        _note(document, text)
        return
    paragraph = document.add_paragraph(style="Quote" if each["kind"] == "said" else None)
    if each["kind"] == "item":
        # As it was said: numbering by Word would count anew.
        paragraph.paragraph_format.left_indent = STEP * (each.get("depth", 0) + 1)
        paragraph.paragraph_format.first_line_indent = -STEP
        paragraph.add_run(f"{each['lead']}\t")
    if each["kind"] == "heading":
        paragraph.paragraph_format.keep_with_next = True
    for run in each["runs"]:
        _run(paragraph, run, each["kind"])
    if each["kind"] != "code":
        _turned(paragraph, text)


def _run(paragraph: Any, run: Run, kind: str) -> None:
    if "number" in run:
        paragraph.add_run(f" [{run['number']}]").font.color.rgb = QUIET
        return
    if "verdict" in run:
        made = paragraph.add_run(f" ({run['verdict']})")
        made.italic, made.font.color.rgb = True, WARNING
        return
    made = paragraph.add_run(run["text"])
    if run.get("bold") or kind == "heading":
        made.bold = made.font.cs_bold = True
    if run.get("italic"):
        made.italic = made.font.cs_italic = True
    if run.get("code") or kind == "code":
        made.font.name, made.font.size = MONOSPACED, Pt(9.5)


def _source(document: Any, source: CitedPlace) -> None:
    paragraph = document.add_paragraph(f"[{source.number}] ")
    paragraph.add_run(source.place).bold = True
    for quote in source.quotes:
        quoted = document.add_paragraph(f"“{quote}”")
        quoted.paragraph_format.left_indent = STEP
        _turned(quoted, quote)


def _note(document: Any, text: str) -> None:
    made = document.add_paragraph().add_run(text)
    made.italic, made.font.color.rgb = True, QUIET


def _turned(paragraph: Any, text: str) -> None:
    """Write from right to left what is of such a script: the paragraph, and each run."""
    if is_right_to_left(text):
        paragraph._p.get_or_add_pPr().insert_element_before(
            OxmlElement("w:bidi"),
            "w:adjustRightInd",
            "w:snapToGrid",
            "w:spacing",
            "w:ind",
            "w:jc",
            "w:rPr",
        )
    for run in paragraph.runs:
        run.font.rtl = is_right_to_left(run.text) or None
