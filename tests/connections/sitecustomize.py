"""Put on PYTHONPATH, it notes the connections of a Python process and of its children.

They are written to connections.jsonl in TMPDIR, which every child of ours is given.
"""

import json
import os
import sys
from pathlib import Path

from tests.connections.watch import on_connection

# Opened at once: the reading process may open nothing here later, and would go unseen.
_LOG = os.open(
    Path(os.environ["TMPDIR"]) / "connections.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND
)


def _tell(event: str, host: str) -> None:
    line = json.dumps({"event": event, "host": host, "process": sys.orig_argv})
    os.write(_LOG, f"{line}\n".encode())


on_connection(_tell)
_tell("started", "")
