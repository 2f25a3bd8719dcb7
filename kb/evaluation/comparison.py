"""Says what got better and what got worse between two runs over the same questions."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from kb.domain.evaluation import Result
from kb.evaluation.resampling import chance_of, interval_of_mean
from kb.evaluation.runner import MEANS

LOWER_IS_BETTER = {"wrong_refusal_rate"}

Verdict = Literal["better", "worse", "mixed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A figure's means in both runs, over the n questions that count in it in both.

    `low` and `high` are the ends of the 95 % interval of their difference, `chance` how often one
    so large comes by chance; `better` and `worse` count questions.
    """

    name: str
    before: float
    after: float
    low: float
    high: float
    chance: float
    better: int
    worse: int
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A question that came to something else; `moved` has the changes, above 0 for better."""

    before: Result
    after: Result
    moved: dict[str, float]

    @property
    def verdict(self) -> Verdict:
        """Mixed where some figures got better and others worse."""
        if min(self.moved.values()) > 0:
            return "better"
        return "worse" if max(self.moved.values()) < 0 else "mixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs: the figures over the questions of both, and the questions that changed.

    The changes stand by how much they are, the largest first. `unpaired` counts the questions
    of one run only.
    """

    questions: int
    unpaired: int
    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]


def compare(before: Sequence[Result], after: Sequence[Result]) -> Comparison:
    """Compare results of the same id; ids are unique within a run."""
    later = {result.id: result for result in after}
    pairs = [(result, later[result.id]) for result in before if result.id in later]
    changes = [
        Change(before=old, after=new, moved=moved)
        for old, new in pairs
        if (moved := _moved(old, new))
    ]
    return Comparison(
        questions=len(pairs),
        unpaired=len(before) + len(after) - 2 * len(pairs),
        differences=tuple(one for name in MEANS if (one := _difference(name, pairs))),
        changes=tuple(sorted(changes, key=lambda change: -abs(sum(change.moved.values())))),
    )


def _moved(before: Result, after: Result) -> dict[str, float]:
    old, new = before.figures, after.figures
    return {
        name: _gain(name, new[name] - old[name])
        for name in MEANS
        if name in old and name in new and new[name] != old[name]
    }


def _difference(name: str, pairs: Sequence[tuple[Result, Result]]) -> Difference | None:
    both = [(old.figures, new.figures) for old, new in pairs]
    values = [(old[name], new[name]) for old, new in both if name in old and name in new]
    if not values:
        return None
    differences = [new - old for old, new in values]
    low, high = interval_of_mean(differences)
    return Difference(
        name=name,
        before=fmean(old for old, _ in values),
        after=fmean(new for _, new in values),
        low=low,
        high=high,
        chance=chance_of(differences),
        better=sum(_gain(name, one) > 0 for one in differences),
        worse=sum(_gain(name, one) < 0 for one in differences),
        n=len(values),
    )


def _gain(name: str, difference: float) -> float:
    return -difference if name in LOWER_IS_BETTER else difference
