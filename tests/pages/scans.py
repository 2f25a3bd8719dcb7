"""A reader of a scan whose four pages come out in four ways."""

from dataclasses import dataclass
from pathlib import Path

from kb.bootstrap import App
from kb.domain.documents import Element, ElementKind, OcrPage, Page, ParsedDocument, TextSource
from kb.domain.errors import DamagedFileError
from kb.domain.jobs import JobKind
from kb.ingestion.pipeline import Ingestion
from kb.services.workspace import Workspace
from kb.worker import Worker
from tests.adapters.pdf_maker import PdfPage, make_pdf, paragraph
from tests.open_apps import DirectReader

TEXTS = ("The first page is text.", "", "", "")
BY_OCR = "The second page was a picture."


@dataclass
class ScanReader(DirectReader):
    """Page 1 is text, 2 is read by OCR, 3 breaks OCR, 4 is blank."""

    def read(
        self, path: Path, media_type: str, name: str, spool: Path | None = None, pages: int = 0
    ) -> ParsedDocument:
        """Four pages; two of them wait for OCR."""
        return ParsedDocument(
            pages=tuple(
                Page(
                    number=number,
                    text=text,
                    text_source=TextSource.DIGITAL if text else TextSource.EMPTY,
                    ocr_wanted=number in (2, 3),
                    label="ii" if number == 2 else "",
                )
                for number, text in enumerate(TEXTS, 1)
            ),
            elements=(Element(kind=ElementKind.PARAGRAPH, page=1, start=0, end=len(TEXTS[0])),),
            paged=True,
            warnings=("A stamp on page 1 was not read.",),
        )

    def ocr(self, path: Path, media_type: str, page: int, name: str) -> OcrPage:
        """The second page's text; the third one's picture is broken."""
        if page == 3:
            raise DamagedFileError("The picture is broken.", subject=name)
        read = Page(number=page, text=BY_OCR, text_source=TextSource.OCR)
        element = Element(kind=ElementKind.PARAGRAPH, page=page, start=0, end=len(BY_OCR))
        return OcrPage(page=read, elements=(element,))


def add_scan(app: App, workspace: Workspace) -> str:
    """A scan that waits to be read; its id."""
    app.ingestion = Ingestion(
        reader=ScanReader(),
        embedder=app.ingestion.embedder,
        bulk_embedder=app.ingestion.bulk_embedder,
    )
    path = app.settings.home / "scan.pdf"
    path.write_bytes(make_pdf(*[PdfPage(lines=paragraph("x", top=100))] * 4))
    with path.open("rb") as stream:
        base = workspace.knowledge_bases.first()
        return workspace.documents.add(base.id, "scan.pdf", stream).document.id


def step(app: App, *kinds: JobKind) -> None:
    """Do one job of each of these kinds, in this order."""
    for kind in kinds:
        assert Worker(app).one_step(kind)
