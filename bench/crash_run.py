"""Runs commands on a data folder of its own, in processes that can be killed."""

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from rich.console import Console

from bench import crash_child
from bench.crash_check import afterwards
from bench.crash_child import Failure
from bench.crash_library import Library, Made, documents_of
from kb.adapters.child_process import package_root
from kb.ports import Embedder

SECONDS_OF_A_RUN = 180.0
MOST_RUNS = 4
"""A document whose taking in was killed three times fails, and is taken in when added again."""

FORKS = multiprocessing.get_context("forkserver")
shown = Console(width=120, highlight=False)


@dataclass
class Bench:
    """A data folder, the files it is to hold, and what was seen.

    `alone`, each command reads files in its own process, which is quick.
    """

    root: Path
    rng: random.Random
    embedder: Embedder
    real: bool = False
    alone: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.library = Library(self.root / "files", self.rng, scans_say_hash=self.alone)
        self.there: dict[str, Made] = {}
        self.log = self.root / "log"

    @property
    def home(self) -> Path:
        """The data folder."""
        return self.root / "home"

    def start(
        self, argv: list[str], fails: Failure | None = None
    ) -> "BaseProcess | subprocess.Popen[bytes]":
        """Begin a command on the data folder."""
        argv = ["--home", str(self.home), *argv]
        if self.real:
            return subprocess.Popen(
                [sys.executable, "-m", "kb", *argv],
                stdout=self.log.open("wb"),
                stderr=subprocess.STDOUT,
                cwd=package_root(),
                process_group=0,
            )
        process = FORKS.Process(target=crash_child.command, args=(self.log, argv, fails))
        process.start()
        return process

    def run(self, argv: list[str], fails: Failure | None = None) -> int:
        """The exit status of a command that is left alone; what takes too long is a violation."""
        process = self.start(argv, fails or (Failure() if self.alone else None))
        status = ended(process, SECONDS_OF_A_RUN)
        if status is None:
            self.wrong(f"`{argv[0]}` did not end in {SECONDS_OF_A_RUN:.0f} s")
            kill_group(process)
            return -1
        return status

    def wrong(self, what: str) -> None:
        """Note a violation."""
        self.violations.append(what)
        shown.print(f"VIOLATION {what}", style="red", markup=False)

    def add(self) -> list[str]:
        """The arguments that take the folder in."""
        return ["add", str(self.library.folder), "--json"]

    def complete(self) -> None:
        """Add until all is ready, then compare."""
        for _ in range(MOST_RUNS):
            status = self.run(self.add())
            if status == 0:
                break
            self.counts["runs that had to be repeated"] += 1
        else:
            self.wrong(f"`add` ended with {status}: {self.told()[-500:]}")
        if not self.alone and self.run(["check", "--json"]) != 0:
            self.wrong(f"`check` finds a difference: {self.told()[-500:]}")
        for found in afterwards(self.home, self.embedder, self.library.documents()):
            self.wrong(found)
        self.there = dict(self.library.files)
        self.counts["completions"] += 1

    def wanted(self, before: dict[str, Made]) -> tuple[dict[str, Made], dict[str, Made]]:
        """The documents as they were, and as they are to become."""
        return documents_of(before), self.library.documents()

    def complete_removal(self, argv: list[str]) -> None:
        """Remove what a killed removal has left."""
        if argv[0] != "remove":
            return
        self.run(["list", "--json"])
        lines = [line for line in self.told().splitlines() if line.startswith("{")]
        listed = {json.loads(line)["document"] for line in lines}
        left = [name for name in argv[1:] if name in listed]
        if left and self.run(["remove", *left]) != 0:
            self.wrong(f"`remove` failed: {self.told()[-500:]}")

    def told(self) -> str:
        """What the last command said."""
        return self.log.read_text(encoding="utf-8", errors="replace")


def preload() -> None:
    """Let the processes be forked from one that has only imported, so that kills meet work."""
    FORKS.set_forkserver_preload(
        (
            "bench.crash_child kb.cli.add kb.cli.maintain kb.adapters.sql.database "
            "kb.adapters.chroma chromadb.api.client kb.adapters.readers.sandbox "
            "kb.adapters.chat_models kb.adapters.web_site alembic.command"
        ).split()
    )


def ended(process: "BaseProcess | subprocess.Popen[bytes]", seconds: float) -> int | None:
    """The exit status, None if it runs on."""
    if isinstance(process, BaseProcess):
        process.join(seconds)
        return process.exitcode
    with suppress(subprocess.TimeoutExpired):
        return process.wait(seconds)
    return None


def kill_group(process: "BaseProcess | subprocess.Popen[bytes]") -> None:
    """End a process with its children."""
    assert process.pid
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def gone(group: int, seconds: float) -> bool:
    """Whether nothing of a process group lives on after so long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False
