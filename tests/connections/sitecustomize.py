"""Put on PYTHONPATH, it notes the connections of a Python process and of its children.

They are written to connections.jsonl in TMPDIR, which every child of ours is given.
"""

import json
import os
import sys
from pathlib import Path

from tests.connections.watch import on_connection

_LOG = Path(os.environ["TMPDIR"]) / "connections.jsonl"


def _tell(event: str, host: str) -> None:
    line = json.dumps({"event": event, "host": host, "process": sys.orig_argv})
    with _LOG.open("a", encoding="utf-8") as log:
        log.write(line + "\n")


on_connection(_tell)
_tell("started", "")
