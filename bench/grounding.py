"""Measures the check of sentences: `python -m bench.grounding SET… [--passages N] [--seed N]`.

Of passages of the sets it makes sentences that they bear out (quotes, words replaced, phrases
moved, two sentences merged) and such that they do not (a number, date, name or unit changed, a
denial put in or taken out, two facts exchanged, a sentence from elsewhere), see
`bench.grounding_sentences`. A true one that is not called supported is a false alarm; a false one
that is not is caught. With --show N that many of those judged wrongly are printed, with
--support-model MODEL that one gives its opinion as it does where KB_SUPPORT_MODEL names it.
"""

import argparse
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from bench.embedding import cut_files
from bench.grounding_sentences import Made, made
from kb.adapters.embedding_child import bundled_folder
from kb.adapters.entailment import EntailmentProcess
from kb.adapters.minilm import MiniLM
from kb.answering.entailment import SecondOpinion
from kb.answering.support import Check, Grounds
from kb.domain.conversations import Support
from kb.evaluation.questions import json_lines

BESIDE = 5
"""Passages that a sentence is compared with beside its own, as an answer has several."""

Judged = tuple[Made, Check]


def main(argv: Sequence[str] | None = None) -> int:
    """Print a row a kind of sentence, and what a sentence costs."""
    parser = argparse.ArgumentParser(prog="python -m bench.grounding", description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--passages", type=int, default=300, help="of each set (default: 300)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0, metavar="N")
    parser.add_argument("--support-model", default="", metavar="MODEL")
    args = parser.parse_args(argv)
    for folder in args.sets:
        if not folder.is_dir():
            parser.error(f"{folder} is no folder.")
    model = MiniLM(bundled_folder(), threads=1)
    checking = EntailmentProcess(args.support_model, threads=1) if args.support_model else None
    if checking:
        checking.load()
    opinion = SecondOpinion(checking) if checking else None
    console = Console(width=120)
    for folder in args.sets:
        passages = list(passages_of(folder, model))
        some = random.Random(args.seed).sample(passages, min(args.passages, len(passages)))
        begun = perf_counter()
        judged = list(judge(made(some, args.seed), some, model, opinion))
        seconds = perf_counter() - begun
        console.print(table(folder.name, judged))
        print(f"{1000 * seconds / len(judged):.0f} ms a sentence with {1 + BESIDE} passages")
        for one, check in [each for each in judged if is_wrong(*each)][: args.show]:
            console.print(f"{one.kind}: {one.text}\n  {check}\n", markup=False, highlight=False)
    if checking:
        checking.close()
    return 0


def passages_of(folder: Path, model: MiniLM) -> Iterator[str]:
    """The texts of a set's passages."""
    corpus = folder / "corpus.jsonl"
    if corpus.exists():
        yield from (line["text"] for line in json_lines(corpus))
        return
    for _, _, passages in cut_files(folder / "docs", model):
        yield from (passage.text for passage in passages)


def judge(
    sentences: Iterator[Made],
    passages: Sequence[str],
    model: MiniLM,
    opinion: SecondOpinion | None = None,
) -> Iterator[Judged]:
    """Each sentence with what is found of it in its passage and some after that."""
    last, grounds = None, Grounds([], model)
    for one in sentences:
        if one.passage != last:
            last, at = one.passage, passages.index(one.passage)
            beside = [passages[(at + step) % len(passages)] for step in range(1, BESIDE + 1)]
            grounds = Grounds([one.passage, *beside], model)
        if one.kind.startswith("foreign") and any(one.text in text for text in grounds.texts):
            continue
        checks = grounds.checks(one.text)
        if opinion:
            (checks,) = opinion.on(grounds, [(one.text, checks)])
        yield one, max(checks, key=lambda check: check.score)


def is_wrong(one: Made, check: Check) -> bool:
    """Whether it is a false alarm or was missed."""
    return one.true is not (check.support is Support.SUPPORTED)


def table(name: str, judged: Sequence[Judged]) -> Table:
    """For each kind how many there are and the share of each verdict."""
    by_kind: dict[tuple[bool, str], list[Check]] = defaultdict(list)
    for one, check in judged:
        by_kind[not one.true, one.kind].append(check)
        by_kind[not one.true, "all true" if one.true else "all false"].append(check)
    shown = Table("sentence", "number", *Support, "right", title=name)
    for (is_false, kind), checks in sorted(by_kind.items()):
        shares = [sum(c.support is one for c in checks) / len(checks) for one in Support]
        right = 1 - shares[0] if is_false else shares[0]
        shown.add_row(kind, str(len(checks)), *(f"{share:.3f}" for share in (*shares, right)))
    return shown


if __name__ == "__main__":
    raise SystemExit(main())
