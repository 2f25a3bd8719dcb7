"""Ends Quire at random moments, or lets its writes fail, and checks what is left of its data.

`python -m bench.crash [--kills 200] [--seed N] [--real]` kills commands that take in, change and
remove a small folder of mixed files, by `kill -9`: the process with its children, or alone.
Right after each kill no document may be found in two versions, and none that was found before
in no version. Then the command is run to its end, and records, files, words and vectors must
agree, with every document there once and found by a search.

`python -m bench.crash --failing-writes` lets the first write of adding, changing and removing
fail, then the second, and so on until none fails: once, and once with all writes after it.
Afterwards nothing may be damaged, one sentence must have told of it, and the next run completes.

Both use an embedder that counts words; --real uses the bundled model, in `python -m kb`.
"""

import argparse
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from bench import crash_child
from bench.crash_check import afterwards, while_broken
from bench.crash_child import NONE_FAILED, Failure
from bench.crash_library import KINDS, Library, Made, documents_of
from kb.adapters.child_process import package_root
from kb.ports import Embedder
from tests.fake_embedder import FakeEmbedder

SECONDS_OF_A_RUN = 180.0
SECONDS_OF_ORPHANS = 15.0
FIRST_GUESS = 6.0
"""Seconds that a command may take, until one has been seen to end."""

ACTIONS = ("change", "change", "change", "remove", "remove", "first")
FAILING = ("box.zip", "report.txt", "scan.pdf")
"""The files over which writes fail."""

MOST_RUNS = 4
"""A document whose taking in was killed three times fails, and is taken in when added again."""

FORKS = multiprocessing.get_context("forkserver")
shown = Console(width=120, highlight=False)


@dataclass
class Bench:
    """A data folder, the files it is to hold, and what was seen."""

    root: Path
    rng: random.Random
    embedder: Embedder
    real: bool = False
    unbroken: Failure | None = None
    counts: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.library = Library(self.root / "files", self.rng)
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
        begun = time.monotonic()
        process = self.start(argv, fails or self.unbroken)
        status = ended(process, SECONDS_OF_A_RUN)
        if status is None:
            self.wrong(f"`{argv[0]}` did not end in {SECONDS_OF_A_RUN:.0f} s")
            kill_group(process)
            return -1
        self.seconds[argv[0]] = time.monotonic() - begun
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
        if not self.unbroken and self.run(["check", "--json"]) != 0:
            self.wrong(f"`check` finds a difference: {self.told()[-500:]}")
        for found in afterwards(self.home, self.embedder, self.library.documents()):
            self.wrong(found)
        self.there = dict(self.library.files)
        self.counts["completions"] += 1

    def told(self) -> str:
        """What the last command said."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    # Killing

    def round(self) -> None:
        """Change something, kill the command that takes it over, and complete it."""
        action = self.rng.choice(ACTIONS) if self.there else "first"
        argv = self.changed(action)
        for _ in range(self.rng.choice([1, 1, 1, 2, 3])):
            if not self.killed(argv, action):
                self.counts["ended before their kill"] += 1
            wanted = documents_of(self.there), self.library.documents()
            for found in while_broken(self.home, self.embedder, *wanted):
                self.wrong(f"after a kill of {action}: {found}")
        self.complete_removal(argv)
        self.complete()
        for name in KINDS.keys() - self.library.files.keys():
            self.library.write(name)

    def changed(self, action: str) -> list[str]:
        """Change the folder at random; the command that brings the data in step."""
        if action == "first":
            shutil.rmtree(self.home, ignore_errors=True)
            self.there = {}
            return self.add()
        names = self.rng.sample(sorted(self.library.files), self.rng.randint(1, 4))
        if action == "change":
            for name in names:
                self.library.write(name)
            return self.add()
        for name in names:
            self.library.remove(name)
        return ["remove", *names]

    def complete_removal(self, argv: list[str]) -> None:
        """Remove what a killed removal has left."""
        if argv[0] != "remove":
            return
        self.run(["list", "--json"])
        listed = {json.loads(line)["document"] for line in self.told().splitlines()}
        left = [name for name in argv[1:] if name in listed]
        if left and self.run(["remove", *left]) != 0:
            self.wrong(f"`remove` failed: {self.told()[-500:]}")

    def killed(self, argv: list[str], action: str) -> bool:
        """Kill a command at a random moment; False if it had ended by then."""
        process = self.start(argv)
        moment = self.rng.uniform(0, 1.05 * self.seconds.get(argv[0], FIRST_GUESS))
        if ended(process, moment) is not None:
            return False
        assert process.pid
        together = self.rng.random() < 0.5
        if together:
            kill_group(process)
        else:
            os.kill(process.pid, signal.SIGKILL)
        ended(process, SECONDS_OF_A_RUN)
        self.counts[f"kills of {action}"] += 1
        self.counts["kills"] += 1
        self.counts["kills with children" if together else "kills without children"] += 1
        if self.rng.random() < 0.5 and not gone(process.pid, SECONDS_OF_ORPHANS):
            self.wrong(f"children of process {process.pid} live on")
        return True

    # Failing writes

    def failing(self, action: str, *, onwards: bool, full: bool) -> None:
        """Let each write of an action fail in turn."""
        saved = self.root / "saved"
        shutil.rmtree(saved, ignore_errors=True)
        if self.home.exists():
            shutil.copytree(self.home, saved)
        before = dict(self.there) if self.home.exists() else {}
        argv = self.changed_for(action)
        for number in range(1, 10_000):
            shutil.rmtree(self.home, ignore_errors=True)
            if saved.exists():
                shutil.copytree(saved, self.home)
            failure = Failure(number=number, onwards=onwards, full=full)
            status = self.run(argv, failure)
            if status == NONE_FAILED:
                break
            self.counts["failed writes"] += 1
            if number % 20 == 0:
                shown.print(f"{action}: {number} writes, {len(self.violations)} violations")
            self.judge(f"{action}, write {number}", status, self.told())
            wanted = documents_of(before), self.library.documents()
            for found in while_broken(self.home, self.embedder, *wanted):
                self.wrong(f"{action}, write {number}: {found}")
            self.complete_removal(argv)
            self.complete()
        self.counts[f"writes of {action}"] = number - 1

    def changed_for(self, action: str) -> list[str]:
        """Change the folder as the action says."""
        names = sorted(self.library.files)
        if action == "add":
            return self.add()
        if action == "change":
            for name in names:
                self.library.write(name)
            self.tell_scans()
            return self.add()
        self.library.remove(names[0])
        return ["remove", names[0]]

    def tell_scans(self) -> None:
        """Where writes fail, OCR reads the sha256 of a scan."""
        made = self.library.files["scan.pdf"]
        self.library.files["scan.pdf"] = replace(made, mark=made.sha256)

    def judge(self, what: str, status: int, told: str) -> None:
        """A failure is either made good or told of in one sentence."""
        if status not in (0, 1) or "Traceback" in told:
            self.wrong(f"{what} ended with {status}: {told[-1500:]}")
        lines = [line for line in told.splitlines() if line.strip()]
        results = [json.loads(line) for line in lines if line.startswith("{")]
        sentences = {one["error"].partition(": ")[2] for one in results if one.get("error")}
        spoken = [line for line in lines if not line.startswith("{")]
        if status == 1 and not sentences and not spoken:
            self.wrong(f"{what} failed without a word")
        self.counts["told" if status else "made good"] += 1
        for sentence in sentences:
            self.counts[f"said: {sentence}"] += 1
        for line in spoken:
            self.counts[f"said: {line}"] += 1


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


def kill_often(bench: Bench, kills: int) -> None:
    """Rounds until there were so many kills."""
    bench.library.fill()
    while bench.counts["kills"] < kills:
        bench.round()
        shown.print(f"{bench.counts['kills']} kills, {len(bench.violations)} violations")


def fail_each_write(bench: Bench) -> None:
    """Adding, changing and removing, with a write that fails and with all after it failing."""
    bench.unbroken = Failure(number=0)
    for onwards, full in ((False, False), (True, True)):
        shutil.rmtree(bench.home, ignore_errors=True)
        bench.there = {}
        for name in FAILING:
            bench.library.write(name)
        bench.tell_scans()
        for action in ("add", "change", "remove"):
            bench.failing(action, onwards=onwards, full=full)
            writes = bench.counts[f"writes of {action}"]
            shown.print(f"{action}: {writes} writes, {len(bench.violations)} violations")


def main(argv: Sequence[str] | None = None) -> int:
    """Print counts and, where there are any, violations; 1 if there are."""
    parser = argparse.ArgumentParser(prog="python -m bench.crash")
    parser.add_argument("--kills", type=int, default=200, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--real", action="store_true", help="with the bundled model")
    parser.add_argument("--failing-writes", action="store_true")
    args = parser.parse_args(argv)
    # The processes are forked from one that has only imported, so that kills meet work.
    FORKS.set_forkserver_preload(
        (
            "bench.crash_child kb.cli.add kb.cli.maintain kb.adapters.sql.database "
            "kb.adapters.chroma chromadb.api.client kb.adapters.readers.sandbox "
            "kb.adapters.chat_models kb.adapters.web_site alembic.command"
        ).split()
    )
    begun = time.monotonic()
    with TemporaryDirectory(prefix="crash-") as folder:
        bench = Bench(
            Path(folder), random.Random(args.seed), embedder_for(real=args.real), args.real
        )
        if args.failing_writes:
            fail_each_write(bench)
        else:
            kill_often(bench, args.kills)
    for what, count in sorted(bench.counts.items()):
        shown.print(f"{count:>6}  {what}", markup=False)
    minutes = (time.monotonic() - begun) / 60
    shown.print(f"seed {args.seed}, {minutes:.1f} min, {len(bench.violations)} violations")
    return 1 if bench.violations else 0


def embedder_for(*, real: bool) -> Embedder:
    """What checks by searching."""
    if not real:
        return FakeEmbedder()
    from kb.adapters.embedding import EmbeddingProcess

    return EmbeddingProcess("", threads=1)


if __name__ == "__main__":
    sys.exit(main())
