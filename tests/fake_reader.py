"""A Reader of texts whose pages may be pictures, and which can be made to fail or to hang."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kb.domain.documents import (
    Element,
    ElementKind,
    OcrPage,
    Page,
    ParsedDocument,
    TextSource,
)
from kb.domain.errors import ReaderCrashedError

PICTURE = "[picture]"
HEADER = "%PDF-1.7\n"


@dataclass
class FakeReader:
    """Pages stand between form feeds; one that is PICTURE has no text until OCR reads it.

    `said` is what OCR reads of a page, nothing where it is missing. The first `troubles` are
    raised in place of reading; `before` is called with the number of pages that are wanted.
    """

    said: dict[int, str | Exception] = field(default_factory=dict)
    troubles: list[Exception] = field(default_factory=list)
    before: Callable[[int], None] = lambda _: None
    warnings: tuple[str, ...] = ()
    read_names: list[str] = field(default_factory=list)
    ocr_pages: list[int] = field(default_factory=list)

    def read(
        self, path: Path, media_type: str, name: str, spool: Path | None = None, pages: int = 0
    ) -> ParsedDocument:
        """The text as paragraphs."""
        self.read_names.append(name)
        self.before(pages)
        if self.troubles:
            raise self.troubles.pop(0)
        texts = path.read_text().removeprefix(HEADER).split("\f")
        read = [_page(number, text) for number, text in enumerate(texts[: pages or None], 1)]
        elements = (element for page in read for element in _paragraphs(page))
        return ParsedDocument(
            pages=tuple(read), elements=tuple(elements), paged=True, warnings=self.warnings
        )

    def ocr(self, path: Path, media_type: str, page: int, name: str) -> OcrPage:
        """What is said of this page."""
        self.ocr_pages.append(page)
        text = self.said.get(page, "")
        if isinstance(text, Exception):
            raise text
        source = TextSource.OCR if text else TextSource.EMPTY
        read = Page(number=page, text=text, text_source=source)
        return OcrPage(page=read, elements=tuple(_paragraphs(read)))

    def close(self) -> None:
        """Nothing runs elsewhere."""


@dataclass
class HangingReader(FakeReader):
    """Reads for ever, until it is closed from another thread; `begun` tells when it does."""

    begun: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)

    def read(
        self, path: Path, media_type: str, name: str, spool: Path | None = None, pages: int = 0
    ) -> ParsedDocument:
        """Fails as a reader does whose process was ended."""
        self._hang(name)
        return super().read(path, media_type, name, spool, pages)

    def ocr(self, path: Path, media_type: str, page: int, name: str) -> OcrPage:
        """Fails in the same way."""
        self._hang(name)
        return super().ocr(path, media_type, page, name)

    def close(self) -> None:
        """End what is being read."""
        if self.begun.is_set():
            self.closed.set()

    def _hang(self, name: str) -> None:
        self.begun.set()
        assert self.closed.wait(30)
        raise ReaderCrashedError("The reader broke down over the file.", subject=name)


def _page(number: int, text: str) -> Page:
    if text == PICTURE:
        return Page(number=number, text="", text_source=TextSource.EMPTY, ocr_wanted=True)
    return Page(number=number, text=text)


def _paragraphs(page: Page) -> list[Element]:
    elements, start = [], 0
    for paragraph in page.text.split("\n\n"):
        end = start + len(paragraph)
        if paragraph:
            kind = ElementKind.PARAGRAPH
            elements.append(Element(kind=kind, page=page.number, start=start, end=end))
        start = end + 2
    return elements
