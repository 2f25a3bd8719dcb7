"""A reading process that misbehaves as the name of the file tells it to."""

import json
import os
import struct
import subprocess
import sys
import time
from typing import BinaryIO

from kb.adapters.child_process import take_stdout, write_frame
from kb.adapters.readers.child import answer, forbid_network
from kb.adapters.readers.messages import REPLY, REQUEST, Request

PAGE = {"number": 1, "text": "four"}


def document(**parts: object) -> bytes:
    return json.dumps({"document": {"pages": [PAGE], "elements": [], **parts}}).encode()


def element(**parts: object) -> dict[str, object]:
    return {"kind": "paragraph", "page": 1, "start": 0, "end": 4, **parts}


ODD = {
    "nonsense": b"{not json",
    "no document": b"{}",
    "unknown kind": document(elements=[element(kind="poem")]),
    "past the end": document(elements=[element(end=5)]),
    "no such page": document(elements=[element(page=2)]),
    "page numbers": document(pages=[{"number": 7, "text": ""}]),
    "unknown error": json.dumps({"error": {"kind": "SystemExit", "what": "Gone."}}).encode(),
}


def main() -> None:
    replies = take_stdout()
    forbid_network()
    for line in sys.stdin.buffer:
        act(REQUEST.validate_json(line), replies)


def act(request: Request, replies: BinaryIO) -> None:
    name = request.name
    if name == "die":
        os._exit(3)
    if name == "hang":
        time.sleep(600)
    if name == "slow":
        time.sleep(0.5)
    if name == "huge":
        replies.write(struct.pack(">Q", 1 << 40))
        replies.flush()
        time.sleep(600)
    if name == "cut":
        replies.write(struct.pack(">Q", 100) + b"and no more")
        replies.flush()
        os._exit(0)
    if name == "noise":
        sys.stdout.write("a library speaks\n")
        sys.stdout.flush()
        subprocess.run(["echo", "so does a program"], check=True)
        sys.stderr.write("x" * 1_000_000 + "\n")
    if name == "environment":
        write_frame(replies, document(pages=[{"number": 1, "text": " ".join(sorted(os.environ))}]))
        return
    body = ODD.get(name) or REPLY.dump_json(answer(request), exclude_none=True)
    write_frame(replies, body)


if __name__ == "__main__":
    main()
