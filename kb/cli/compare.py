"""`eval --compare`: what got better and what got worse between two saved runs."""

import argparse
from typing import Any

from kb.cli import output
from kb.domain.errors import InvalidInputError
from kb.evaluation.comparison import Change, Comparison, Difference, compare
from kb.evaluation.results import load

LONGEST_QUESTION = 70
HEADINGS = {"better": "Better", "worse": "Worse", "mixed": "Better in one figure, worse in another"}


def run(args: argparse.Namespace) -> int:
    """Print every question that changed, and the difference of each figure."""
    if args.set:
        raise InvalidInputError("Give either a folder of questions or --compare and two files.")
    before, after = args.compare
    comparison = compare(load(before), load(after))
    if args.json:
        for change in comparison.changes:
            output.as_json(_told_change(change))
        output.as_json({"before": str(before), "after": str(after), **_told_total(comparison)})
    else:
        _print_changes(comparison)
        _print_total(comparison)
    return 0


def _print_changes(comparison: Comparison) -> None:
    for verdict, heading in HEADINGS.items():
        changes = [change for change in comparison.changes if change.verdict == verdict]
        if changes:
            output.line(f"{heading}: {len(changes)}")
        for change in changes:
            output.line(f"  {change.after.id}: {_shortened(change.after.text)}")
            output.line(f"    {_shown(change)}")
    if comparison.changes:
        output.line()


def _print_total(comparison: Comparison) -> None:
    output.line(f"{comparison.questions} questions are in both runs.")
    if comparison.unpaired:
        output.line(f"{comparison.unpaired} are in one run only and left out.")
    output.line()
    output.line(
        f"{'':<20} {'before':>8} {'after':>8} {'change':>8}  {'95 % interval':<20}"
        f"{'chance':>7} {'better':>7} {'worse':>6} {'of':>6}"
    )
    for one in comparison.differences:
        interval = f"{one.low:+.4f} to {one.high:+.4f}"
        output.line(
            f"{one.name:<20} {one.before:>8.4f} {one.after:>8.4f} {one.after - one.before:>+8.4f}"
            f"  {interval:<20}{one.chance:>7.4f} {one.better:>7} {one.worse:>6} {one.n:>6}"
        )


def _shown(change: Change) -> str:
    before, after = change.before.figures, change.after.figures
    moved = [f"{name} {before[name]:.2f} → {after[name]:.2f}" for name in change.moved]
    ranks = change.before.first_relevant, change.after.first_relevant
    if ranks[0] != ranks[1]:
        moved.insert(0, f"first relevant {ranks[0] or 'none'} → {ranks[1] or 'none'}")
    return ", ".join(moved)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_QUESTION else f"{line[:LONGEST_QUESTION]}…"


def _told_change(change: Change) -> dict[str, Any]:
    return {
        "id": change.after.id,
        "question": change.after.text,
        "verdict": change.verdict,
        "before": {name: change.before.figures[name] for name in change.moved},
        "after": {name: change.after.figures[name] for name in change.moved},
        "first_relevant": [change.before.first_relevant, change.after.first_relevant],
    }


def _told_total(comparison: Comparison) -> dict[str, Any]:
    return {
        "questions": comparison.questions,
        "unpaired": comparison.unpaired,
        "figures": {one.name: _told_difference(one) for one in comparison.differences},
    }


def _told_difference(one: Difference) -> dict[str, Any]:
    return {
        "before": one.before,
        "after": one.after,
        "difference": one.after - one.before,
        "ci": [one.low, one.high],
        "chance": one.chance,
        "better": one.better,
        "worse": one.worse,
        "questions": one.n,
    }
