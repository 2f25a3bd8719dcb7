"""What processes with a model do alike, whatever the model.

They read requests, a line of JSON each, on standard input until it ends, and answer each with
two frames on standard output: JSON, and float32 rows.
"""

import gc
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, BinaryIO

from kb.adapters import memory
from kb.adapters.child_process import as_failure, take_stdout, write_frame
from kb.domain.errors import QuireError

if TYPE_CHECKING:
    import torch

Answer = Callable[[dict[str, Any]], tuple[dict[str, Any], bytes]]

LARGE_REQUEST = 16 * 1024
"""Bytes of a request from which memory is given back, since it took a hundred times as much.

After each question it would slow the next one down.
"""


def serve(load: Callable[[], Answer], niceness: int) -> None:
    """Load the model and answer requests until there are no more."""
    replies = take_stdout()
    os.nice(niceness)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    try:
        answer = load()
    except QuireError as error:
        _answer_all_with(replies, error)
        return
    memory.give_back()
    # What is loaded stays; to look through it each time would take a tenth of a second.
    gc.freeze()
    for line in sys.stdin.buffer:
        _answer(answer, line, replies)
        if len(line) > LARGE_REQUEST:
            memory.give_back()


def precision() -> "torch.dtype":
    """The numbers that this processor multiplies fastest without harm to the vectors.

    bfloat16 where it has instructions for it; where it has not, that is many times slower.
    """
    import torch

    fast = torch.cpu.get_capabilities().get("avx512_bf16", False)
    return torch.bfloat16 if fast else torch.float32


def _answer(answer: Answer, line: bytes, replies: BinaryIO) -> None:
    # A function of its own, so that its arrays are gone before memory is given back.
    request = json.loads(line)
    head, body = ({}, b"") if request["op"] == "load" else answer(request)
    write_frame(replies, json.dumps(head).encode())
    write_frame(replies, body)


def _answer_all_with(replies: BinaryIO, error: QuireError) -> None:
    failure = json.dumps({"error": asdict(as_failure(error))}).encode()
    for _ in sys.stdin.buffer:
        write_frame(replies, failure)
        write_frame(replies, b"")
