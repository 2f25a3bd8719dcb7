"""Ends Quire at random moments, or lets its writes fail, and checks what is left of its data.

`python -m bench.crash [--kills 200] [--seed N] [--real]` kills commands that take in, change,
remove and index anew a small folder of mixed files, by `kill -9`. Half of the kills come at any
time and end the process with its children, or alone; half come just before any of its writes.
Right after each kill no document may be found in two versions, none that was found before in no
version, and a search finds only what is there. Then Quire is started again, half of the times
with nothing added: every document must be ready, or failed with a reason. At last the command is
run to its end, and records, files, words and vectors must agree, with every document there once
and found by a search.

`python -m bench.crash --failing-writes` lets the first write of adding, changing and removing
fail, then the second, and so on until none fails: once, and once with all writes after it.
Afterwards nothing may be damaged, one sentence must have told of it, and the next run completes.

All use an embedder that counts words; --real uses the bundled model, in `python -m kb`, and has
no kills before writes.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.crash_check import going_on, while_broken
from bench.crash_child import Failure
from bench.crash_library import KINDS
from bench.crash_run import SECONDS_OF_A_RUN, Bench, ended, gone, kill_group, preload, shown
from bench.crash_writes import fail_each_write
from kb.ports import Embedder
from tests.fake_embedder import FakeEmbedder

SECONDS_OF_ORPHANS = 15.0
SECONDS, WRITES = 6.0, 100.0
"""What a command may take, until some have been seen to end before their kill."""

LONGER, SHORTER = 1.1, 0.8
"""The guess grows with each kill that came in time, and shrinks with each that came too late."""

ACTIONS = ("change", "change", "change", "remove", "remove", "first", "rebuild")


@dataclass
class Kills:
    """Kills commands on a data folder, at any time or before any write."""

    bench: Bench
    takes: dict[str, float] = field(default_factory=dict)

    def round(self) -> None:
        """Change something, kill the command that takes it over, and complete it."""
        bench, rng = self.bench, self.bench.rng
        action = rng.choice(ACTIONS) if bench.there else "first"
        argv = self._changed(action)
        wanted = bench.wanted(bench.there)
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            killed = self._before_a_write(argv, action) if bench.alone else self._at(argv, action)
            bench.counts[f"kills of {action}" if killed else "ended before their kill"] += 1
            bench.counts["kills"] += killed
            for found in while_broken(bench.home, bench.embedder, *wanted):
                bench.wrong(f"after a kill of {action}: {found}")
        if rng.random() < 0.5:
            bench.counts["starts with nothing added"] += 1
            for found in going_on(bench.home, bench.embedder, *wanted, alone=bench.alone):
                bench.wrong(f"gone on after a kill of {action}: {found}")
        bench.complete_removal(argv)
        bench.complete()
        for name in KINDS.keys() - bench.library.files.keys():
            bench.library.write(name)

    def _changed(self, action: str) -> list[str]:
        """Change the folder at random; the command that brings the data in step."""
        bench = self.bench
        if action == "first":
            shutil.rmtree(bench.home, ignore_errors=True)
            bench.there = {}
            return bench.add()
        if action == "rebuild":
            return ["rebuild"]
        names = bench.rng.sample(sorted(bench.library.files), bench.rng.randint(1, 4))
        if action == "change":
            for name in names:
                bench.library.write(name)
            return bench.add()
        for name in names:
            bench.library.remove(name)
        return ["remove", *names]

    def _at(self, argv: list[str], action: str) -> bool:
        """Kill a command at a random moment; False if it had ended by then."""
        bench = self.bench
        process = bench.start(argv)
        if ended(process, self._moment(action, SECONDS)) is not None:
            return self._noted(action, killed=False)
        assert process.pid
        together = bench.rng.random() < 0.5
        if together:
            kill_group(process)
        else:
            os.kill(process.pid, signal.SIGKILL)
        ended(process, SECONDS_OF_A_RUN)
        bench.counts["kills with children" if together else "kills without children"] += 1
        if bench.rng.random() < 0.5 and not gone(process.pid, SECONDS_OF_ORPHANS):
            bench.wrong(f"children of process {process.pid} live on")
        return self._noted(action, killed=True)

    def _before_a_write(self, argv: list[str], action: str) -> bool:
        """Let a command end itself before a random write; False if it made fewer of them."""
        number = 1 + int(self._moment(action, WRITES))
        status = self.bench.run(argv, Failure(number=number, kills=True))
        killed = status == -signal.SIGKILL
        self.bench.counts["kills before a write"] += killed
        return self._noted(action, killed=killed)

    def _moment(self, action: str, guess: float) -> float:
        return self.bench.rng.uniform(0, self.takes.setdefault(action, guess))

    def _noted(self, action: str, *, killed: bool) -> bool:
        self.takes[action] *= LONGER if killed else SHORTER
        return killed


def kill_often(bench: Bench, kills: int) -> None:
    """Rounds until there were so many kills."""
    bench.library.fill()
    rounds = Kills(bench)
    while bench.counts["kills"] < kills:
        rounds.round()
        shown.print(f"{bench.counts['kills']} kills, {len(bench.violations)} violations")


def main(argv: Sequence[str] | None = None) -> int:
    """Print counts and, where there are any, violations; 1 if there are."""
    parser = argparse.ArgumentParser(prog="python -m bench.crash")
    parser.add_argument("--kills", type=int, default=200, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--real", action="store_true", help="with the bundled model")
    parser.add_argument("--failing-writes", action="store_true")
    args = parser.parse_args(argv)
    preload()
    before_writes = 0 if args.real else args.kills // 2
    runs = [(True, before_writes), (False, args.kills - before_writes)]
    embedder, violations = embedder_for(real=args.real), 0
    for alone, kills in [(True, 1)] if args.failing_writes else [run for run in runs if run[1]]:
        begun = time.monotonic()
        with TemporaryDirectory(prefix="crash-") as folder:
            bench = Bench(Path(folder), random.Random(args.seed), embedder, args.real, alone)
            fail_each_write(bench) if args.failing_writes else kill_often(bench, kills)
        for what, count in sorted(bench.counts.items()):
            shown.print(f"{count:>6}  {what}", markup=False)
        minutes = (time.monotonic() - begun) / 60
        shown.print(f"seed {args.seed}, {minutes:.1f} min, {len(bench.violations)} violations")
        violations += len(bench.violations)
    return 1 if violations else 0


def embedder_for(*, real: bool) -> Embedder:
    """What checks by searching."""
    if not real:
        return FakeEmbedder()
    from kb.adapters.embedding import EmbeddingProcess

    return EmbeddingProcess("", threads=1)


if __name__ == "__main__":
    sys.exit(main())
