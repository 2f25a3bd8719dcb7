"""Slides as pages, whichever program made them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kb.adapters.readers.text import TextBuilder, one_line
from kb.domain.documents import ElementKind, ParsedDocument
from kb.domain.errors import DamagedFileError

MAX_HEADING = 120
NO_TEXT = "No slide holds text."


class Slide(TextBuilder):
    """Collects one slide. Its first element is always a title, so that none of the slides
    before it lends its own."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def add(self, kind: ElementKind, text: str, level: int = 0) -> None:
        """Append an element; a short first line serves as the title where there is none."""
        if self.length == 0 and kind is ElementKind.PARAGRAPH and len(text) <= MAX_HEADING:
            kind, text, level = ElementKind.TITLE, one_line(text), 1
        if kind is ElementKind.TITLE and level == 1:
            self.title = self.title or text
        elif text.strip():
            self._begin()
        super().add(kind, text, level)

    def add_aside(self, heading: str, lines: Iterable[str]) -> None:
        """Append what is not on the slide itself, under a heading of its own."""
        if told := [line for line in lines if line.strip()]:
            self._begin()
            super().add(ElementKind.TITLE, heading, 2)
            for line in told:
                super().add(ElementKind.PARAGRAPH, line)

    def _begin(self) -> None:
        if self.length == 0:
            super().add(ElementKind.TITLE, f"Slide {self._number}", 1)


def slide_show(slides: Sequence[Slide]) -> ParsedDocument:
    """The slides as pages, named after the first that has a title. Raises DamagedFileError."""
    if not slides:
        raise DamagedFileError("The presentation has no slides.")
    singles = [slide.document() for slide in slides]
    return ParsedDocument(
        pages=tuple(
            replace(single.pages[0], number=number) for number, single in enumerate(singles, 1)
        ),
        elements=tuple(
            replace(element, page=number)
            for number, single in enumerate(singles, 1)
            for element in single.elements
        ),
        title=next((single.title for single in singles if single.title), ""),
        paged=True,
        warnings=() if any(single.elements for single in singles) else (NO_TEXT,),
    )
