"""The reading process: `python -m kb.adapters.readers.child`, started by `sandbox`.

Reads requests on standard input until it ends, answers each with a frame on standard
output. Libraries parse foreign files here, so this process opens no connection and a
crash costs one file. Arguments: the folder it may read and the folder it may write, if it
is to be held to them. Not covered: a parser taken over by a file can still read what they
hold, and where `confinement` finds no support, what the user can read.
"""

import base64
import logging
import os
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

from kb.adapters.child_process import as_failure, take_stdout, write_frame
from kb.adapters.readers import spool
from kb.adapters.readers.confinement import confine
from kb.adapters.readers.messages import REPLY, REQUEST, SCRATCH, Reply, Request
from kb.adapters.readers.registry import reader_of, type_name
from kb.domain.errors import DamagedFileError, LimitError, QuireError
from kb.domain.media_types import PDF

NICENESS = 10
MAX_MEMORY_BYTES = 2 * 1024**3
PARENT_CHECK_SECONDS = 1.0
NETWORK_EVENTS = frozenset(
    {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"}
)

logger = logging.getLogger("kb.readers.child")


def main() -> None:
    """Answer requests until there are no more."""
    replies = take_stdout()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    lower_priority()
    limit_memory()
    use_scratch()
    confine(*map(Path, sys.argv[1:3]))
    forbid_network()
    end_with_parent()
    for line in sys.stdin.buffer:
        body = REPLY.dump_json(answer(REQUEST.validate_json(line)), exclude_none=True)
        write_frame(replies, body)


def answer(request: Request) -> Reply:
    """The reply to one request; whatever goes wrong becomes an error in it."""
    try:
        return _serve(request)
    except QuireError as error:
        return _failed(error, request)
    except MemoryError:
        return _failed(LimitError("The file needs more memory than there is."), request)
    except RecursionError:
        return _failed(LimitError("The file is nested too deeply to be read."), request)
    except Exception:  # a parser's own error is told as a damaged file
        logger.exception("Reading %r failed", request.name)
        kind = type_name(request.media_type)
        return _failed(DamagedFileError(f"The file could not be read as {kind}."), request)


def _serve(request: Request) -> Reply:
    path = Path(request.path)
    if request.op == "picture":
        from kb.adapters.readers.pictures import page_png

        png = page_png(path, request.page, request.scale)
        return Reply(picture=base64.b64encode(png).decode("ascii"))
    if request.op == "links":
        from kb.adapters.readers.links import page_links

        return Reply(links=page_links(path))
    if request.op == "ocr":
        from kb.adapters.readers.ocr import read_page

        return Reply(ocr=read_page(path, request.media_type, request.page))
    read = reader_of(request.media_type)
    if request.pages and request.media_type == PDF:
        from kb.adapters.readers import pdf

        read = partial(pdf.read, pages=request.pages)
    if request.spool:
        with spool.opened(Path(request.spool), path):
            return Reply(document=read(path))
    with tempfile.TemporaryDirectory() as folder, spool.opened(Path(folder), path):
        return Reply(document=replace(read(path), attachments=()))


def _failed(error: QuireError, request: Request) -> Reply:
    error.subject = error.subject or request.name
    return Reply(error=as_failure(error))


def lower_priority() -> None:
    """Leave the processor to the people who wait for answers."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)


def limit_memory() -> None:
    """Where the system can, let a file that wants too much memory break only this process."""
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = MAX_MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(hard, MAX_MEMORY_BYTES)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))


def end_with_parent() -> None:
    """End when the parent does, also in the midst of a file.

    Not PR_SET_PDEATHSIG: that one fires already when the thread ends that started us.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_SECONDS)
        os._exit(0)

    Thread(target=watch, name="parent-watch", daemon=True).start()


def use_scratch() -> None:
    """Keep temporary files, and what libraries keep for the user, in the folder made for us."""
    folder = os.environ.get(SCRATCH)
    if folder is not None:
        os.environ.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP", "HOME"), folder))
        tempfile.tempdir = folder


def forbid_network() -> None:
    """Let every try to reach a host fail, whichever library makes it."""

    def refuse(event: str, _: tuple[Any, ...]) -> None:
        if event in NETWORK_EVENTS:
            raise PermissionError(f"The reading process may not use the network ({event}).")

    sys.addaudithook(refuse)


if __name__ == "__main__":
    main()
