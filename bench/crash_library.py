"""A small folder of files of many kinds, each with a mark of its own, that changes at random."""

import io
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tests.adapters.pdf_maker import PdfPage, Picture, make_pdf, paragraph

WORDS = "bridge harbour basalt garden larch winter summer ferry tower river stone oak".split()
PARAGRAPHS = 12
LONG_PDF_PAGES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A file as it was made: the marks by which a search finds it and what lies in it."""

    sha256: str
    mark: str
    inside: dict[str, "Made"] = field(default_factory=dict)


class Library:
    """Files in a folder, and what is to be found of them by name.

    Where `scans_say_hash`, OCR is one that reads the sha256 of the file in each picture.
    """

    def __init__(self, folder: Path, rng: random.Random, *, scans_say_hash: bool = False) -> None:
        self.folder = folder
        self.files: dict[str, Made] = {}
        self._rng = rng
        self._scans_say_hash = scans_say_hash
        folder.mkdir(parents=True)

    def fill(self) -> None:
        """One file of each kind."""
        for name in KINDS:
            self.write(name)

    def write(self, name: str) -> None:
        """A file under this name, with a new mark."""
        content, made = KINDS[name](self._text)
        if self._scans_say_hash and KINDS[name] is _scan:
            made = replace(made, mark=made.sha256)
        self.files[name] = made
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def remove(self, name: str) -> None:
        """Take a file out."""
        del self.files[name]
        (self.folder / name).unlink()

    def documents(self) -> dict[str, Made]:
        """Every document that these files become, by its name."""
        return documents_of(self.files)

    def _text(self) -> tuple[str, str]:
        """A new mark, and paragraphs that hold it once."""
        mark = str(self._rng.randrange(10**8, 10**9))
        paragraphs = [" ".join(self._rng.choices(WORDS, k=40)) + "." for _ in range(PARAGRAPHS)]
        return mark, "\n\n".join([f"The report {mark} is about a bridge.", *paragraphs])


def documents_of(files: dict[str, Made]) -> dict[str, Made]:
    """The files and what lies in them, by the names of the documents that they become."""
    found = dict(files)
    for name, made in files.items():
        found |= {f"{name}/{inner}": one for inner, one in documents_of(made.inside).items()}
    return found


Text = Callable[[], tuple[str, str]]


def _of(content: bytes, mark: str, **inside: Made) -> tuple[bytes, Made]:
    return content, Made(sha256=sha256(content).hexdigest(), mark=mark, inside=inside)


def _plain(text: Text) -> tuple[bytes, Made]:
    mark, told = text()
    return _of(told.encode(), mark)


def _html(text: Text) -> tuple[bytes, Made]:
    mark, told = text()
    body = "".join(f"<p>{one}</p>" for one in told.split("\n\n"))
    return _of(f"<html><body><h1>Report</h1>{body}</body></html>".encode(), mark)


def _table(text: Text) -> tuple[bytes, Made]:
    mark, told = text()
    rows = [f"{number},{one.rstrip('.')}" for number, one in enumerate(told.split("\n\n"))]
    return _of("\n".join(["number,report", *rows]).encode(), mark)


def _long_pdf(text: Text) -> tuple[bytes, Made]:
    mark, told = text()
    lines = [told[at : at + 80].replace("\n", " ") for at in range(0, 800, 80)]
    pages = [PdfPage(paragraph(f"Page {n}.", *lines, top=90)) for n in range(LONG_PDF_PAGES)]
    pages.append(PdfPage(paragraph(f"The last page holds {mark[::-1]}.", top=90)))
    return _of(make_pdf(*pages, title="Report"), mark[::-1])


def _scan(text: Text) -> tuple[bytes, Made]:
    mark, _ = text()
    image = Image.new("L", (900, 300), 255)
    font = ImageFont.load_default(size=48)
    ImageDraw.Draw(image).text((40, 100), f"Scanned report {mark}", fill=0, font=font)
    scanned = PdfPage(pictures=[Picture(image, left=72, top=72, width=450, height=150)])
    first = PdfPage(paragraph("This page was never scanned.", top=90))
    return _of(make_pdf(first, scanned), mark)


def _mail(text: Text) -> tuple[bytes, Made]:
    mark, told = text()
    content, attached = _plain(text)
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "Report", "ann@example.org", "bob@example.org"
    mail.set_content(told)
    mail.add_attachment(content, maintype="text", subtype="plain", filename="attached.txt")
    return _of(mail.as_bytes(), mark, **{"attached.txt": attached})


def _archive(text: Text) -> tuple[bytes, Made]:
    packed = io.BytesIO()
    inside = {}
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("one.txt", "two.txt"):
            content, inside[name] = _plain(text)
            archive.writestr(name, content)
    return _of(packed.getvalue(), "", **inside)


KINDS: dict[str, Callable[[Text], tuple[bytes, Made]]] = {
    "report.txt": _plain,
    "deep/notes.md": _plain,
    "deep/page.html": _html,
    "table.csv": _table,
    "long.pdf": _long_pdf,
    "scan.pdf": _scan,
    "mail.eml": _mail,
    "box.zip": _archive,
}
"""How the file of each name is made."""
