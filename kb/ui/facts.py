"""What there is to say about a document, in words."""

from kb.domain.documents import Document, DocumentState
from kb.domain.words import counted
from kb.ui.text import duration, size

MINUTE, DAY = 60, 86_400


def facts(document: Document, came_in: str = "") -> list[str]:
    """Version, pages, passages, size, date and the file `came_in`, as people say them."""
    told = [f"version {document.version}"] if document.version > 1 else []
    told += [ledger(document)] if ledger(document) else []
    told += [counted(document.passage_count, "passage")] if document.passage_count else []
    if document.state is DocumentState.READY and not document.passage_count:
        told.append("no text")
    told += [size(document.size_bytes), f"{document.created_at.astimezone():%-d %B %Y}"]
    told += [f"in {came_in}"] if came_in else []
    return [*told, *_took(document)]


def ledger(document: Document) -> str:
    """How many pages there are and how they were read: 37 pages: 35 text, 2 by OCR."""
    read = document.ledger
    if not document.page_count:
        return "waits for OCR" if read.waiting else "read by OCR" * bool(read.ocr)
    parts = [
        (read.ocr, "by OCR"),
        # A page that waits for OCR may have no text as yet.
        (0 if read.waiting else read.empty, "without text"),
        (read.failed, "could not be read"),
        (read.waiting, "wait for OCR" if read.waiting > 1 else "waits for OCR"),
    ]
    unusual = [f"{count:,} {how}" for count, how in parts if count]
    usual = [f"{read.digital:,} text"] * bool(read.digital)
    pages = counted(document.page_count, "page")
    return f"{pages}: {', '.join(usual + unusual)}" if unusual else pages


def short_name(document: Document, came_in: str = "") -> str:
    """The name without that of the file that the document came in."""
    return document.name.removeprefix(f"{came_in}/") if came_in else document.name


def _took(document: Document) -> list[str]:
    """How long it took, where that was neither a moment nor a matter of pausing."""
    if document.state is not DocumentState.READY or not document.finished_at:
        return []
    seconds = (document.finished_at - document.created_at).total_seconds()
    return [f"ready after {duration(seconds)}"] if MINUTE <= seconds < DAY else []
