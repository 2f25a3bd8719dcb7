"""Makes one process the only owner of a data folder."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from kb.domain.errors import HomeInUseError, StorageError


class HomeLock:
    """Held from its making until `release` or the process's end."""

    def __init__(self, home: Path) -> None:
        self._holder = home / "holder.json"
        try:
            home.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(home / "lock", timeout=0, thread_local=False)
            self._lock.acquire()
            self._holder.write_text(json.dumps(_this_process()), encoding="utf-8")
        except Timeout as error:
            raise HomeInUseError(
                f"The data folder {home} is in use by {self._named_holder()}.",
                advice="Use its page, stop it, or choose another folder with --home.",
            ) from error
        except OSError as error:
            raise StorageError(
                f"The data folder {home} cannot be used: {error.strerror}.",
                advice="Choose another one with KB_HOME.",
            ) from error

    def release(self) -> None:
        """Let another process have it."""
        self._holder.unlink(missing_ok=True)
        self._lock.release()

    def _named_holder(self) -> str:
        try:
            holder = json.loads(self._holder.read_text(encoding="utf-8"))
            return f"`{holder['command']}` (process {holder['pid']}, since {holder['since']})"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"


def _this_process() -> dict[str, str | int]:
    name = Path(sys.argv[0]).name
    program = "python -m kb" if name == "__main__.py" else name
    return {
        "pid": os.getpid(),
        "command": " ".join([program, *sys.argv[1:3]]),
        "since": datetime.now(UTC).astimezone().strftime("%Y-%m-%d %H:%M"),
    }
