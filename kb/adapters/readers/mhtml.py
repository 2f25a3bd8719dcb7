"""Web pages saved in one file (.mhtml): the page; its pictures and frames are left out."""

from email import message_from_bytes
from email.message import Message
from pathlib import Path

from kb.adapters.readers import html
from kb.adapters.readers.eml import leaves, text_of
from kb.domain.documents import ParsedDocument
from kb.domain.errors import DamagedFileError

PAGE_TYPES = ("text/html", "application/xhtml+xml")


def read(path: Path) -> ParsedDocument:
    """The text of the page that was saved."""
    return html.read_markup(text_of(_page(message_from_bytes(path.read_bytes()))))


def _page(message: Message) -> Message:
    """The part that the others belong to: named as the start, else the first page."""
    pages = [part for part, _ in leaves(message) if part.get_content_type() in PAGE_TYPES]
    start = message.get_param("start")
    for page in pages:
        if start and page.get("Content-ID") == start:
            return page
    if not pages:
        raise DamagedFileError("The saved web page holds no page.")
    return pages[0]
