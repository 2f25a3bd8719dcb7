"""Lets each write of a command fail in turn, and looks at what is left of its data."""

import json
import shutil
from collections.abc import Sequence

from bench.crash_check import while_broken
from bench.crash_child import NONE_FAILED, Failure
from bench.crash_run import Bench, shown

FAILING = ("box.zip", "report.txt", "scan.pdf")
"""The files over which writes fail."""


def fail_each_write(bench: Bench, files: Sequence[str] = FAILING, step: int = 1) -> None:
    """Adding, changing and removing, with a write that fails and with all after it failing.

    Only each `step`-th write fails in its turn.
    """
    for onwards, full in ((False, False), (True, True)):
        shutil.rmtree(bench.home, ignore_errors=True)
        bench.there = {}
        for name in files:
            bench.library.write(name)
        for action in ("add", "change", "remove"):
            _failing(bench, action, step, onwards=onwards, full=full)
            writes = bench.counts[f"writes of {action}"]
            shown.print(f"{action}: {writes} writes, {len(bench.violations)} violations")


def _failing(bench: Bench, action: str, step: int, *, onwards: bool, full: bool) -> None:
    saved = bench.root / "saved"
    shutil.rmtree(saved, ignore_errors=True)
    if bench.home.exists():
        shutil.copytree(bench.home, saved)
    before = dict(bench.there) if bench.home.exists() else {}
    argv = _changed(bench, action)
    for number in range(1, 10_000, step):
        shutil.rmtree(bench.home, ignore_errors=True)
        if saved.exists():
            shutil.copytree(saved, bench.home)
        failure = Failure(number=number, onwards=onwards, full=full)
        status = bench.run(argv, failure)
        if status == NONE_FAILED:
            break
        bench.counts["failed writes"] += 1
        if number % 20 == 0:
            shown.print(f"{action}: {number} writes, {len(bench.violations)} violations")
        _judge(bench, f"{action}, write {number}", status, bench.told())
        for found in while_broken(bench.home, bench.embedder, *bench.wanted(before)):
            bench.wrong(f"{action}, write {number}: {found}")
        bench.complete_removal(argv)
        bench.complete()
    bench.counts[f"writes of {action}"] = number - 1


def _changed(bench: Bench, action: str) -> list[str]:
    """Change the folder as the action says."""
    names = sorted(bench.library.files)
    if action == "add":
        return bench.add()
    if action == "change":
        for name in names:
            bench.library.write(name)
        return bench.add()
    bench.library.remove(names[0])
    return ["remove", names[0]]


def _judge(bench: Bench, what: str, status: int, told: str) -> None:
    """A failure is either made good or told of in one sentence."""
    if status not in (0, 1) or "Traceback" in told:
        bench.wrong(f"{what} ended with {status}: {told[-1500:]}")
    lines = [line for line in told.splitlines() if line.strip()]
    results = [json.loads(line) for line in lines if line.startswith("{")]
    sentences = {one["error"].partition(": ")[2] for one in results if one.get("error")}
    spoken = [line for line in lines if not line.startswith("{")]
    if status == 1 and (len(sentences) > 1 or not (sentences or spoken)):
        bench.wrong(f"{what} failed and said of its documents {sentences or 'nothing'}")
    bench.counts["told" if status else "made good"] += 1
    for sentence in sentences:
        bench.counts[f"said: {sentence}"] += 1
    for line in spoken:
        bench.counts[f"said: {line}"] += 1
