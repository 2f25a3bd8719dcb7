"""Reads files in a child process, so that a file which breaks its parser breaks nothing else."""

import base64
import binascii
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from pydantic import ValidationError

from kb.adapters.child_process import MAX_FRAME_BYTES, ChildProcess, as_error, python_path
from kb.adapters.readers.messages import REPLY, REQUEST, SCRATCH, Reply, Request
from kb.domain.documents import OcrPage, ParsedDocument
from kb.domain.errors import LimitError, QuireError, ReaderCrashedError

CHILD_MODULE = "kb.adapters.readers.child"
KEPT_VARIABLES = frozenset(
    {"PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TEMP", "TMP", "VIRTUAL_ENV"}
    | {"SYSTEMROOT", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONWARNINGS"}
)


class ReadingProcess:
    """A Reader whose parsers run in a process of their own, kept for many files.

    One file at a time: callers from other threads wait.
    """

    def __init__(
        self,
        *,
        seconds: float = 600.0,
        max_reply_bytes: int = MAX_FRAME_BYTES,
        files: Path | None = None,
        spool: Path | None = None,
        child_module: str = CHILD_MODULE,
    ) -> None:
        """With `files` and `spool`, the process opens files under the first only, beside the
        system's, and writes under the second only, where the system can hold it to that.
        """
        self._seconds = seconds
        self._max_reply_bytes = max_reply_bytes
        self._spool = spool
        self._scratch: TemporaryDirectory[str] | None = None
        bounds = (files.absolute(), spool.absolute()) if files and spool else ()
        self._process = ChildProcess(child_module, *map(str, bounds), environment=self._environment)

    def read(
        self, path: Path, media_type: str, name: str, spool: Path | None = None, pages: int = 0
    ) -> ParsedDocument:
        """Read one file, or its first `pages` where its type lets them be read alone.

        Files found inside it go into `spool`, else nowhere. Raises IngestionError.
        """
        request = Request(
            path=str(path.absolute()),
            media_type=media_type,
            name=printable(name),
            spool=str(spool.absolute()) if spool else "",
            pages=pages,
        )
        with _told_of(name):
            document = self._ask(request).document
            if document is None or not is_sound(document, spool):
                raise ReaderCrashedError("The reader gave back something that is no document.")
            return document

    def ocr(self, path: Path, media_type: str, page: int, name: str) -> OcrPage:
        """What OCR reads of a page. Raises IngestionError."""
        request = Request(
            op="ocr",
            path=str(path.absolute()),
            media_type=media_type,
            name=printable(name),
            page=page,
        )
        with _told_of(name):
            read = self._ask(request).ocr
            if read is None or not is_sound_page(read, page):
                raise ReaderCrashedError("The reader gave back something that is no page.")
            return read

    def page_picture(self, path: Path, page: int, scale: float = 1.0) -> bytes:
        """PNG of a page of a PDF, at most 4000 pixels a side. Raises IngestionError."""
        request = Request(op="picture", path=str(path.absolute()), page=page, scale=scale)
        picture = self._ask(request).picture
        if picture is None:
            raise ReaderCrashedError("The reader gave back no picture.")
        try:
            return base64.b64decode(picture, validate=True)
        except binascii.Error as error:
            raise ReaderCrashedError("The reader gave back no picture.") from error

    def links(self, page: bytes) -> tuple[str, ...]:
        """What the links of a web page say, relative ones as written. Raises IngestionError."""
        with NamedTemporaryFile(dir=self._spool) as file:
            file.write(page)
            file.flush()
            found = self._ask(Request(op="links", path=file.name)).links
        if found is None:
            raise ReaderCrashedError("The reader gave back no links.")
        return found

    @property
    def pid(self) -> int | None:
        """The number of the process, None while there is none."""
        return self._process.pid

    def close(self) -> None:
        """End the process; the next file starts a new one."""
        self._process.close()
        self._forget_scratch()

    def rest(self) -> None:
        """End the process unless someone waits for a file; the next file starts a new one."""
        if self._process.rest():
            self._forget_scratch()

    def _environment(self) -> dict[str, str]:
        """What a new process is told, and a folder of its own for temporary files."""
        environment = child_environment(os.environ)
        if self._spool is None:
            return environment
        self._forget_scratch()
        self._scratch = TemporaryDirectory(dir=self._spool, ignore_cleanup_errors=True)
        return environment | {SCRATCH: self._scratch.name}

    def _forget_scratch(self) -> None:
        scratch, self._scratch = self._scratch, None
        if scratch is not None:
            scratch.cleanup()

    def _ask(self, request: Request) -> Reply:
        try:
            reply = REPLY.validate_json(self._exchange(request))
        except ValidationError as error:
            raise ReaderCrashedError("The reader gave back something unreadable.") from error
        if reply.error:
            raise as_error(reply.error, otherwise=ReaderCrashedError)
        return reply

    def _exchange(self, request: Request) -> bytes:
        line = REQUEST.dump_json(request, ensure_ascii=True) + b"\n"
        try:
            (body,) = self._process.ask(
                line, seconds=self._seconds, max_bytes=self._max_reply_bytes
            )
        except OverflowError as error:
            raise LimitError("The file gives more text than can be taken in one piece.") from error
        except TimeoutError as error:
            took = _span(self._seconds)
            raise LimitError(f"Reading the file took longer than {took}.") from error
        except EOFError as error:
            raise ReaderCrashedError("The reader broke down over the file.") from error
        return body


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What the child may know of ours: no keys and no settings, and nothing phones home."""
    kept = {name: value for name, value in environment.items() if name in KEPT_VARIABLES}
    return kept | {
        "PYTHONPATH": python_path(environment),
        "DO_NOT_TRACK": "1",
        "SCARF_NO_ANALYTICS": "1",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONIOENCODING": "utf-8",
    }


def is_sound(document: ParsedDocument, spool: Path | None) -> bool:
    """Whether pages count from 1, elements and boxes lie inside their page's text, and
    attachments are plain files of the spool."""
    for attachment in document.attachments:
        file = Path(attachment.file)
        if (
            spool is None
            or file.parent != spool.absolute()
            or file.is_symlink()
            or not file.is_file()
        ):
            return False
    if [page.number for page in document.pages] != list(range(1, len(document.pages) + 1)):
        return False
    lengths = [len(page.text) for page in document.pages]
    spans = [(e.page, e.start, e.end) for e in document.elements]
    spans += [(b.page, b.start, b.end) for e in document.elements for b in e.boxes]
    return all(
        1 <= page <= len(lengths) and 0 <= start <= end <= lengths[page - 1]
        for page, start, end in spans
    )


def is_sound_page(read: OcrPage, number: int) -> bool:
    """Whether it is the page asked for, with elements and boxes inside its text."""
    if read.page.number != number:
        return False
    spans = [(e.page, e.start, e.end) for e in read.elements]
    spans += [(b.page, b.start, b.end) for e in read.elements for b in e.boxes]
    length = len(read.page.text)
    return all(page == number and 0 <= start <= end <= length for page, start, end in spans)


def printable(name: str) -> str:
    """A name that can be sent as UTF-8, whatever the file system gave."""
    return name.encode("utf-8", "replace").decode("utf-8")


@contextmanager
def _told_of(name: str) -> Iterator[None]:
    """Put the file's name into errors that lack one."""
    try:
        yield
    except QuireError as error:
        error.subject = name
        raise


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:g} seconds"
