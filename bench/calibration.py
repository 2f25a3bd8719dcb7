"""Fits what tells whether there is an answer: `python -m bench.calibration SET… [--fit SET…]`.

The sets have unanswerable questions; those after --fit are fitted on as well, but do not set the
thresholds. Their documents are added once and kept in --home.

Fitted are two logistic regressions whose product is how likely there is an answer; of a question's
first hits the likeliest counts. A weight may only have the sign that its signal's meaning gives
it. A set counts by the square root of its questions, in it both kinds of questions alike.

Prints what is refused at each strictness by weights fitted on all questions, and by weights fitted
without the fifth of the questions that is asked. With --write the former are kept in
`kb/retrieval/evidence.json`, with the error rates of the latter.

Source: multiple-instance logistic regression, as in Ray and Craven, "Supervised versus Multiple
Instance Learning: An Empirical Comparison" (2005).
"""

import argparse
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import floor, sqrt
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.optimize import minimize

from kb.bootstrap import App, open_app
from kb.cli import ask, output
from kb.cli.evaluate import ingest
from kb.domain.errors import InvalidInputError
from kb.domain.evaluation import Question
from kb.domain.retrieval import ErrorRates, Strictness
from kb.evaluation.metrics import area_under_curve
from kb.evaluation.questions import read_questions
from kb.evaluation.runner import PASSAGES
from kb.retrieval import evidence
from kb.retrieval.evidence import WEIGHTS_FILE, EvidenceJudge, Weights, likelihood
from kb.retrieval.signals import OF_HIT, OF_QUESTION, Signals
from kb.settings import load_settings

Numbers = NDArray[np.float64]

WRONGLY = {Strictness.LENIENT: 0.02, Strictness.BALANCED: 0.05, Strictness.STRICT: 0.10}
"""The share of answerable questions that may be refused."""

FOLDS = 5
SEED = 1
STARTS, ROUNDS = 8, 8
PENALTY = 0.0006
"""Of the squares of the standardised weights."""

FALLS = {
    "names_missing",
    "nothing_of_kind",
    "widest_gap",
    "widest_sentence_gap",
    "negated",
    "numbers_missing",
    "other_year",
}
EITHER_WAY = {"words", "names", "sentences", "asks_number", "asks_date"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A labelled question of a set, and the signals of its hits."""

    set: str
    question: Question
    signals: Signals


Scored = tuple[Judged, float]


def main(argv: Sequence[str] | None = None) -> int:
    """Collect the signals, fit, print, and keep the weights if asked to."""
    parser = argparse.ArgumentParser(prog="python -m bench.calibration", description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--fit", nargs="+", type=Path, default=[], metavar="SET")
    parser.add_argument("--home", type=Path, help="data folder; what is ready there is not added")
    parser.add_argument("--write", action="store_true", help="keep the weights")
    args = parser.parse_args(argv)
    app = open_app(load_settings(home=args.home), serving=False)
    try:
        app.indexes.mend()
        judged = [one for folder in [*args.sets, *args.fit] for one in collected(app, folder)]
    finally:
        app.close()
    names = {folder.resolve().name for folder in args.sets}
    weights = fitted(judged)
    together = [(one, likelihood(one.signals, weights)) for one in judged]
    apart = list(zip(judged, apart_scores(judged), strict=True))
    thresholds = {
        strictness: threshold([(one, score) for one, score in together if one.set in names], share)
        for strictness, share in WRONGLY.items()
    }
    console = Console(width=120)
    console.print(table("Fitted on all", together, thresholds, names))
    console.print(table("Fitted without the fifth that is asked", apart, thresholds, names))
    if args.write:
        setting = [(one, score) for one, score in apart if one.set in names]
        told = {strictness: rates(setting, below) for strictness, below in thresholds.items()}
        write(weights, thresholds, told)
    return 0


def collected(app: App, folder: Path) -> list[Judged]:
    """The signals of every question of a set. Raises InvalidInputError for one without both kinds.

    A scope that only one kind of question has is left out: it would give them away.
    """
    name = folder.resolve().name
    ingest(app, name, folder)
    workspace = app.workspace()
    base_id = workspace.knowledge_bases.named(name).id
    judge = EvidenceJudge(
        records=app.records,
        embedder=app.query_embedder,
        words=app.chain.retriever.words,
        strictness=lambda: Strictness.BALANCED,
    )
    questions = read_questions(folder)
    if {bool(one.scope) for one in questions if one.answerable} != {True}:
        questions = [replace(one, scope=frozenset()) for one in questions]
    found = []
    with output.progress() as bar:
        for question in bar.track(questions, description=name):
            signals = judge.signals(ask.rank(workspace, base_id, question, PASSAGES))
            if signals is not None:
                found.append(Judged(set=name, question=question, signals=signals))
    if len({one.question.answerable for one in found}) < 2:
        raise InvalidInputError(f"{name} lacks answerable or unanswerable questions.")
    return found


def fitted(judged: Sequence[Judged]) -> Weights:
    """The weights that make what is known of these questions likeliest."""
    cases = Cases(judged)
    size = cases.size
    rng = np.random.default_rng(SEED)
    signs = np.tile([*map(_sign, (*OF_HIT, *OF_QUESTION)), 0], 2)
    bounds = [(0.0 if sign > 0 else None, 0.0 if sign < 0 else None) for sign in signs]
    starts = [0.3 * signs * np.abs(rng.normal(size=2 * size)) for _ in range(STARTS)]
    best = min((_descended(cases, start, bounds) for start in starts), key=lambda one: one[1])[0]
    return cases.as_weights(best)


def _descended(
    cases: "Cases", start: Numbers, bounds: Sequence[tuple[float | None, float | None]]
) -> tuple[Numbers, float]:
    """Fit, choose the likeliest hit of each question, and fit again."""
    weights, loss = start, np.inf
    chosen = cases.first
    for _ in range(ROUNDS):
        result = minimize(
            cases.loss, weights, args=(chosen,), jac=True, bounds=bounds, method="L-BFGS-B"
        )
        weights, loss = result.x, float(result.fun)
        again = cases.likeliest(weights)
        if (again == chosen).all():
            break
        chosen = again
    return weights, loss


class Cases:
    """Judged questions as arrays, each signal with mean 0 and deviation 1."""

    def __init__(self, judged: Sequence[Judged]) -> None:
        hits = max(len(one.signals.of_hits) for one in judged)
        of_hits = np.full((len(judged), hits, len(OF_HIT)), np.nan)
        for row, one in zip(of_hits, judged, strict=True):
            row[: len(one.signals.of_hits)] = one.signals.of_hits
        of_question = np.array([one.signals.of_question for one in judged])
        self.size = len(OF_HIT) + len(OF_QUESTION) + 1
        self.first = np.zeros(len(judged), np.intp)
        self._mean = np.concatenate([np.nanmean(of_hits, (0, 1)), of_question.mean(0)])
        spread = np.concatenate([np.nanstd(of_hits, (0, 1)), of_question.std(0)])
        self._deviation = np.where(spread > 0, spread, 1.0)
        told = len(OF_HIT)
        self._of_hits = (of_hits - self._mean[:told]) / self._deviation[:told]
        self._of_question = (of_question - self._mean[told:]) / self._deviation[told:]
        self._answerable = np.array([one.question.answerable for one in judged], float)
        self._counts = _counts(judged)

    def loss(self, weights: Numbers, chosen: NDArray[np.intp]) -> tuple[float, Numbers]:
        """The mean negative log likelihood with the penalty, and its gradient."""
        rows = self._rows(chosen)  # (questions, size)
        both = weights.reshape(2, self.size)
        logits = rows @ both.T  # (questions, 2)
        told = -np.logaddexp(0, -logits).sum(1)  # log of the likelihood
        likely = np.clip(np.exp(told), 1e-9, 1 - 1e-9)
        loss = -self._answerable * told - (1 - self._answerable) * np.log1p(-likely)
        slope = -self._answerable + (1 - self._answerable) * likely / (1 - likely)
        by_logit = (self._counts * slope)[:, None] / (1 + np.exp(np.clip(logits, -50, 50)))
        shrunk = both.copy()
        shrunk[:, -1] = 0
        gradient = by_logit.T @ rows + 2 * PENALTY * shrunk
        return float(self._counts @ loss + PENALTY * (shrunk**2).sum()), gradient.ravel()

    def likeliest(self, weights: Numbers) -> NDArray[np.intp]:
        """Of each question the hit that most likely holds the answer."""
        both = weights.reshape(2, self.size)
        told = len(OF_HIT)
        logits = self._of_hits @ both[:, :told].T  # (questions, hits, 2)
        logits += (self._of_question @ both[:, told:-1].T + both[:, -1])[:, None]
        likely = -np.logaddexp(0, -logits).sum(2)
        best: NDArray[np.intp] = np.nanargmax(likely, axis=1)
        return best

    def as_weights(self, weights: Numbers) -> Weights:
        """For signals as they are."""
        both = weights.reshape(2, self.size)
        raw = both[:, :-1] / self._deviation
        told = len(OF_HIT)
        return Weights(
            of_hits=raw[:, :told].astype(np.float32),
            of_question=raw[:, told:].astype(np.float32),
            bias=(both[:, -1] - raw @ self._mean).astype(np.float32),
        )

    def _rows(self, chosen: NDArray[np.intp]) -> Numbers:
        hits = self._of_hits[np.arange(len(chosen)), chosen]
        return np.hstack([hits, self._of_question, np.ones((len(chosen), 1))])


def _counts(judged: Sequence[Judged]) -> Numbers:
    """What each question counts for, 1 together."""
    kinds = Counter((one.set, one.question.answerable) for one in judged)
    sets = Counter(one.set for one in judged)
    counts = np.array(
        [sqrt(sets[one.set]) / kinds[one.set, one.question.answerable] for one in judged]
    )
    share: Numbers = counts / counts.sum()
    return share


def _sign(signal: str) -> int:
    return 0 if signal in EITHER_WAY else -1 if signal in FALLS else 1


def apart_scores(judged: Sequence[Judged]) -> list[float]:
    """The likelihoods by weights that were fitted without the question."""
    fold = np.random.default_rng(SEED).permutation(len(judged)) % FOLDS
    scores = np.zeros(len(judged))
    for number in range(FOLDS):
        weights = fitted([one for one, of in zip(judged, fold, strict=True) if of != number])
        for place in np.flatnonzero(fold == number).tolist():
            scores[place] = likelihood(judged[place].signals, weights)
    return scores.tolist()


def threshold(scored: Iterable[Scored], wrongly: float) -> float:
    """The evidence below which at most this share of the answerable is."""
    scores = sorted(score for one, score in scored if one.question.answerable)
    return scores[int(wrongly * len(scores))]


def rates(scored: Collection[Scored], below: float) -> ErrorRates:
    """What is refused below this evidence."""
    refused: dict[bool, list[bool]] = {True: [], False: []}
    for one, score in scored:
        refused[one.question.answerable].append(score < below)
    return ErrorRates(wrongly=fmean(refused[True]), rightly=fmean(refused[False]))


def table(
    title: str,
    scored: Sequence[Scored],
    thresholds: Mapping[Strictness, float],
    together: Collection[str],
) -> Table:
    """A row for each set, for those `together`, and for each type of unanswerable in these."""
    shown = Table("", "questions", "area", title=title)
    for strictness in thresholds:
        shown.add_column(f"{strictness}: wrongly, rightly refused")
    groups: dict[str, list[Scored]] = {}
    for one, score in scored:
        groups.setdefault(one.set, []).append((one, score))
        if one.set in together:
            for kind in ("together", f"  {one.question.kind}"):
                if kind == "together" or not one.question.answerable:
                    groups.setdefault(kind, []).append((one, score))
    for name, group in groups.items():
        sides = [
            [score for one, score in group if one.question.answerable is side]
            for side in (True, False)
        ]
        area = f"{area_under_curve(*sides):.3f}" if all(sides) else ""
        shown.add_row(
            name, str(len(group)), area, *(_refused(sides, below) for below in thresholds.values())
        )
    return shown


def _refused(sides: Sequence[Sequence[float]], below: float) -> str:
    shares = [f"{fmean(score < below for score in side):.3f}" if side else "" for side in sides]
    return ", ".join(filter(None, shares))


def write(
    weights: Weights,
    thresholds: Mapping[Strictness, float],
    told: Mapping[Strictness, ErrorRates],
) -> None:
    """Keep what was found where the product reads it."""
    kept = {
        "of_hits": OF_HIT,
        "of_question": OF_QUESTION,
        "weights": {name: np.round(rows, 5).tolist() for name, rows in asdict(weights).items()},
        "thresholds": {name: floor(1e4 * value) / 1e4 for name, value in thresholds.items()},
        "error_rates": {
            name: {key: round(rate, 3) for key, rate in asdict(each).items()}
            for name, each in told.items()
        },
    }
    path = Path(str(evidence.__file__)).with_name(WEIGHTS_FILE)
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
