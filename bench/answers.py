"""Measures written and quoted answers: `python -m bench.answers SET… [--home DIR]`.

SmolLM2-135M behind llama.cpp (see `bench.try_model`) invents freely and cites wrongly, so that the
proof has something to do. Of each set some questions are chosen by a seed, a third of them
unanswerable, and answered on the app's own road by the model and by quotes:

- `token F1`, `token recall`: of the expected answer's words, over the answerable questions, as
  SQuAD compares them; a refusal counts 0
- `refused by Quire`: of the unanswerable questions, before a model is asked, and of the answerable
  ones `wrongly`; `by the writer`: of those that were left, where it says that it finds nothing
- `supported`, `partly`, `not found`: verdicts on the sentences of the answers given
- `marks written`: those the writer set itself; `right` where the passage they name bears the
  sentence out, `wrong` also where there is no such passage; `shown` the same after the proof
- `proof, ms`: from the last word to the checked answer

With --json every answer is kept in a file, with the passages it was made of, to be read by eye.
"""

import argparse
import json
import random
import re
import string
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.try_model import ANSWER_TOKENS, server_at, serving
from kb.answering.chain import NOT_ENOUGH, NOTHING_SEARCHED
from kb.answering.citations import MARK, find_claims, grounds_of, without_marks
from kb.answering.support import Grounds
from kb.bootstrap import App, open_app
from kb.cli.evaluate import ingest
from kb.domain.conversations import QUOTES, Answer, Finished, Retrieved, Support, Token
from kb.domain.retrieval import Hit
from kb.evaluation.questions import as_question, json_lines
from kb.settings import load_settings

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)

Marked = tuple[str, list[Support]]
"""A sentence, and how far the passage of each of its marks bears it out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A line of questions.jsonl with its answer, and the text and its marks before the proof."""

    line: dict[str, Any]
    writer: str
    hits: tuple[Hit, ...]
    written: str
    answer: Answer
    marks_written: tuple[Marked, ...]
    marks_shown: tuple[Marked, ...]
    proof_ms: float

    @property
    def answerable(self) -> bool:
        """As the set says."""
        return bool(self.line.get("answerable", True))

    @property
    def refused_unasked(self) -> bool:
        """Whether it was refused for what was found."""
        return self.answer.refused and self.answer.reason in (NOT_ENOUGH, NOTHING_SEARCHED)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures, a column for each set and writer."""
    parser = argparse.ArgumentParser(prog="python -m bench.answers", description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--home", type=Path, help="data folder; what is ready there is not added")
    parser.add_argument("--questions", type=int, default=60, help="over all sets (default: 60)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="OUT.jsonl", help="keep every answer")
    args = parser.parse_args(argv)
    columns: dict[str, list[Answered]] = {}
    app = open_app(load_settings(home=args.home), serving=False)
    try:
        with serving() as address:
            app.model_server, app.chat_model = server_at(address, ANSWER_TOKENS), ""
            for folder in args.sets:
                lines = list(json_lines(folder / "questions.jsonl"))
                some = chosen(lines, args.questions // len(args.sets), args.seed)
                columns |= answer_set(app, folder.resolve(), some)
    finally:
        app.close()
    if args.json:
        args.json.write_text("".join(told(one) + "\n" for each in columns.values() for one in each))
    Console(width=120).print(table(columns))
    return 0


def chosen(lines: Sequence[dict[str, Any]], count: int, seed: int) -> list[dict[str, Any]]:
    """So many questions, a third of them unanswerable; fewer where there are not as many."""
    rng = random.Random(seed)
    some: list[dict[str, Any]] = []
    for answerable, number in ((True, count - count // 3), (False, count // 3)):
        of_kind = [one for one in lines if one.get("answerable", True) is answerable]
        some += rng.sample(of_kind, min(number, len(of_kind)))
    return some


def answer_set(
    app: App, folder: Path, lines: Sequence[dict[str, Any]]
) -> dict[str, list[Answered]]:
    """The answers of both writers; the set's documents are added where they are missing."""
    ingest(app, folder.name, folder)
    ask_one(app, folder.name, lines[0], QUOTES)  # loads what the first question would wait for
    return {
        f"{folder.name}\n{writer}": [ask_one(app, folder.name, line, writer) for line in lines]
        for writer in ("SmolLM2", QUOTES)
    }


def ask_one(app: App, kb: str, line: dict[str, Any], writer: str) -> Answered:
    """Ask on the app's own road, and judge the marks before and after the proof."""
    workspace, question = app.workspace(), as_question(line)
    events = workspace.answers.ask(
        workspace.knowledge_bases.named(kb).id,
        question.text,
        model=QUOTES if writer == QUOTES else None,
        document_names=question.scope or None,
        history=question.history,
    )
    hits: tuple[Hit, ...] = ()
    written, last_word = "", perf_counter()
    for event in events:
        if isinstance(event, Retrieved):
            hits = event.ranking.hits
        elif isinstance(event, Token):
            written, last_word = written + event.text, perf_counter()
        elif isinstance(event, Finished):
            answer, proof_ms = event.answer, (perf_counter() - last_word) * 1000
    hits = sent(hits, answer)
    grounds = grounds_of(hits, app.query_embedder)
    ranks = [hit.rank for hit in hits]
    return Answered(
        line=line,
        writer=writer,
        hits=hits,
        written=written.strip(),
        answer=answer,
        marks_written=tuple(judged_marks(written, ranks, grounds)),
        marks_shown=tuple(judged_marks(answer.text, ranks, grounds)),
        proof_ms=proof_ms,
    )


def sent(hits: Sequence[Hit], answer: Answer) -> tuple[Hit, ...]:
    """Those of the hits that the answer was made of."""
    passages = answer.receipt.passages if answer.receipt else ()
    used = {one.passage_id for one in passages if one.sent}
    return tuple(hit for hit in hits if hit.passage.id in used)


def judged_marks(text: str, ranks: Sequence[int], grounds: Grounds) -> Iterator[Marked]:
    """Each sentence with the verdict on each of its marks; of no passage, it is not borne out."""
    for claim in find_claims(text):
        bare = without_marks(claim.text).strip()
        numbers = [
            int(number)
            for match in MARK.finditer(claim.text)
            if match["numbers"]
            for number in match["numbers"].split(",")
        ]
        yield (
            bare,
            [
                grounds.check(bare, [ranks.index(number)]).support
                if number in ranks
                else Support.UNSUPPORTED
                for number in dict.fromkeys(numbers)
            ],
        )


def normalised(text: str) -> list[str]:
    """The words that SQuAD compares: lower case, without punctuation and articles.

    Source: the evaluation script of Rajpurkar et al., "SQuAD" (2016).
    """
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def token_scores(text: str, expected: Iterable[str]) -> tuple[float, float]:
    """F1 and recall of the words of the expected answer, of its variants the best."""
    said = Counter(normalised(text))
    scores = [(0.0, 0.0)]
    for one in expected:
        wanted = Counter(normalised(one))
        common = (said & wanted).total()
        if common:
            f1 = 2 * common / (said.total() + wanted.total())
            scores.append((f1, common / wanted.total()))
    return max(scores)


def measure(answered: Sequence[Answered]) -> dict[str, str]:
    """The figures of some answers, as they are shown."""
    given = [one for one in answered if not one.answer.refused]
    asked = [one for one in answered if not one.refused_unasked]
    scores = [scored(one) for one in answered if one.answerable]
    verdicts = [claim.support for one in given for claim in one.answer.claims]
    unmarked = [not marks for one in given for _, marks in one.marks_written]
    proof_ms = [one.proof_ms for one in given]
    return {
        "questions": str(len(answered)),
        "token F1": _mean(f1 for f1, _ in scores),
        "token recall": _mean(recall for _, recall in scores),
        "refused by Quire": _refused(answered, answerable=False, unasked=True),
        "wrongly by Quire": _refused(answered, answerable=True, unasked=True),
        "refused by the writer": _refused(asked, answerable=False, unasked=False),
        "wrongly by the writer": _refused(asked, answerable=True, unasked=False),
        "answers": str(len(given)),
        "sentences judged": str(len(verdicts)),
        **dict(zip(("supported", "partly", "not found"), _shares(verdicts), strict=True)),
        "sentences without a mark": f"{sum(unmarked)} of {len(unmarked)}",
        **_marks("written", [one.marks_written for one in given]),
        **_marks("shown", [one.marks_shown for one in given]),
        "proof, ms": _mean(proof_ms, digits=0),
        "proof, ms at most": f"{max(proof_ms):.0f}" if proof_ms else "-",
        "answer, s": _mean((one.answer.elapsed_ms["total"] / 1000 for one in given), digits=1),
    }


def scored(one: Answered) -> tuple[float, float]:
    """F1 and recall of an answer; both 0 where it was refused."""
    if one.answer.refused:
        return 0.0, 0.0
    expected = [one.line["answer"], *(one.line.get("answer_variants") or [])]
    return token_scores(without_marks(one.answer.text), expected)


def table(columns: dict[str, list[Answered]]) -> Table:
    """A row for each figure; the last columns are over all sets."""
    writers = dict.fromkeys(one.writer for each in columns.values() for one in each)
    together = {
        f"all\n{writer}": [one for each in columns.values() for one in each if one.writer == writer]
        for writer in writers
    }
    figures = {name: measure(each) for name, each in (columns | together).items()}
    shown = Table("", *figures, title="Answers")
    for name in next(iter(figures.values())):
        shown.add_row(name, *(each[name] for each in figures.values()))
    return shown


def told(one: Answered) -> str:
    """One line of JSON with all that a person needs to judge the answer."""
    answer = one.answer
    return json.dumps(
        {
            "id": one.line.get("id"),
            "writer": one.writer,
            "question": one.line["question"],
            "answerable": one.answerable,
            "expected": one.line.get("answer"),
            "refused": answer.refused,
            "reason": answer.reason,
            "before": one.written,
            "after": answer.text,
            "claims": [asdict(claim) for claim in answer.claims],
            "citations": [
                {"n": c.number, "claim": c.claim.text, "support": c.support, "quote": c.quote}
                for c in answer.citations
            ],
            "passages": {hit.rank: [hit.document.name, hit.passage.text] for hit in one.hits},
            "proof_ms": round(one.proof_ms, 1),
            "elapsed_ms": {stage: round(ms, 1) for stage, ms in answer.elapsed_ms.items()},
        },
        ensure_ascii=False,
    )


def _refused(answered: Sequence[Answered], *, answerable: bool, unasked: bool) -> str:
    of_kind = [one for one in answered if one.answerable is answerable]
    refused = [one for one in of_kind if one.answer.refused and one.refused_unasked is unasked]
    return f"{len(refused)} of {len(of_kind)}"


def _marks(when: str, each: Iterable[tuple[Marked, ...]]) -> dict[str, str]:
    verdicts = [verdict for sentences in each for _, marks in sentences for verdict in marks]
    right, partly, wrong = _shares(verdicts)
    return {
        f"marks {when}": str(len(verdicts)),
        f"{when}: right": right,
        f"{when}: partly": partly,
        f"{when}: wrong": wrong,
    }


def _shares(verdicts: Sequence[Support]) -> list[str]:
    return [_mean(float(verdict is one) for verdict in verdicts) for one in Support]


def _mean(values: Iterable[float], digits: int = 3) -> str:
    listed = list(values)
    return f"{fmean(listed):.{digits}f}" if listed else "-"


if __name__ == "__main__":
    raise SystemExit(main())
