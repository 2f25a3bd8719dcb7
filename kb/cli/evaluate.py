"""`eval`: measure on a set of labelled questions; see `kb.evaluation.runner` for the figures."""

import argparse
from pathlib import Path
from statistics import fmean
from typing import Any

from kb.bootstrap import App
from kb.cli import ask, options, output
from kb.cli.add import Source, add_all, sources_of
from kb.domain.documents import DocumentState, KnowledgeBaseId
from kb.domain.errors import InvalidInputError, NotFoundError
from kb.domain.evaluation import Question, Result
from kb.evaluation.questions import read_questions
from kb.evaluation.results import save
from kb.evaluation.runner import ask_all, measure
from kb.services.workspace import Workspace


def register(commands: Any, everywhere: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "eval", parents=[everywhere], help="measure on a folder of labelled questions"
    )
    parser.add_argument(
        "set", nargs="?", type=Path, metavar="SET", help="folder with questions.jsonl"
    )
    parser.add_argument("--kb", metavar="NAME", help="knowledge base (default: the folder's name)")
    parser.add_argument(
        "--limit", type=options.count, metavar="N", help="the first N questions only"
    )
    parser.add_argument("--answers", action="store_true", help="write the answers as well")
    parser.add_argument("--model", metavar="NAME", help="with --answers: model, or `quotes`")
    parser.add_argument(
        "--save", type=Path, metavar="FILE.jsonl", help="keep what each question came to"
    )
    parser.add_argument(
        "--compare",
        nargs=2,
        type=Path,
        metavar=("BEFORE.jsonl", "AFTER.jsonl"),
        help="in place of SET: what got better and worse between two runs kept by --save",
    )
    options.add_json(parser)
    parser.set_defaults(run=run, mends=True)


def run(args: argparse.Namespace, app: App) -> int:
    """Ingest what is missing, ask every question, print the figures."""
    if args.set is None:
        raise InvalidInputError("Give either a folder of questions or --compare and two files.")
    if args.save and not args.save.absolute().parent.is_dir():
        raise InvalidInputError(f"The folder of {args.save} does not exist.")
    folder = args.set.resolve()
    questions = read_questions(folder)[: args.limit]
    kb = args.kb or folder.name
    ingest(app, kb, folder)
    workspace = app.workspace()
    base_id = workspace.knowledge_bases.named(kb).id
    results = results_of(workspace, base_id, questions)
    if args.save:
        save(results, args.save)
    figures: dict[str, Any] = {"set": folder.name, "kb": kb, **measure(results)}
    if args.answers:
        figures.update(_answer(workspace, base_id, questions, args.model))
    if not args.json:
        _print(figures)
    # The last line is for programs, whatever stands above it.
    output.as_json(figures)
    return 0


def _print(figures: dict[str, Any]) -> None:
    intervals = figures["ci"]
    for name, value in figures.items():
        shown = f"{value:.4f}" if isinstance(value, float) else str(value)
        if intervals.get(name):
            shown += "   {:.4f} to {:.4f}".format(*intervals[name])
        if not isinstance(value, dict):
            output.line(f"{name:<20} {shown}")
    for stage, ms in figures["latency_ms_by_stage"].items():
        output.line(f"{stage + ', ms':<20} p50 {ms['p50']:.1f}, p95 {ms['p95']:.1f}")


def ingest(app: App, kb: str, folder: Path) -> None:
    """Add what is not ready yet, and say what failed."""
    ready = _ready_names(app.workspace(), kb)
    missing = [source for source in _sources(folder) if source.name not in ready]
    for told in add_all(app, kb, missing):
        if told["status"] == "failed":
            output.error(str(told["error"]))


def _sources(folder: Path) -> list[Source]:
    for place in (folder / "corpus.jsonl", folder / "docs"):
        if place.exists():
            return list(sources_of(place))
    raise InvalidInputError(f"{folder} has neither corpus.jsonl nor docs.", subject=str(folder))


def _ready_names(workspace: Workspace, kb: str) -> set[str]:
    try:
        base = workspace.knowledge_bases.named(kb)
    except NotFoundError:
        return set()
    listed = workspace.documents.listed(base.id)
    return {one.document.name for one in listed if one.document.state is DocumentState.READY}


def results_of(
    workspace: Workspace, base_id: KnowledgeBaseId, questions: list[Question]
) -> list[Result]:
    """What each question comes to."""
    # The first search loads the model and the index, which is not the search's own time.
    if questions:
        ask.rank(workspace, base_id, questions[0], 1)
    asked = ask_all(
        questions,
        lambda question, k: ask.rank(workspace, base_id, question, k),
        workspace.answers.judged,
    )
    with output.progress() as bar:
        return list(bar.track(asked, total=len(questions), description="Asking"))


def _answer(
    workspace: Workspace, base_id: KnowledgeBaseId, questions: list[Question], model: str | None
) -> dict[str, Any]:
    """Shares of answers refused, and of citations by how they are borne out."""
    answers = [ask.answered(workspace, base_id, question, model) for question in questions]
    citations = [citation for answer in answers for citation in answer.citations]
    given = [answer for answer in answers if not answer.refused]
    return {
        "answers": len(answers),
        "answers_refused": sum(answer.refused for answer in answers),
        "citations_per_answer": fmean(len(a.citations) for a in given) if given else None,
        "supported_rate": (
            fmean(c.support == "supported" for c in citations) if citations else None
        ),
    }
