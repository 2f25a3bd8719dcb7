"""`search` and `ask`: one question, or many from a file."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from kb.bootstrap import App
from kb.cli import options, output
from kb.domain.conversations import Answer, Citation, Finished
from kb.domain.documents import KnowledgeBaseId
from kb.domain.errors import InvalidInputError
from kb.domain.evaluation import Question
from kb.domain.exact import Place, Places
from kb.domain.retrieval import Hit, Judgement, Ranking
from kb.evaluation.questions import as_question, json_lines
from kb.services.workspace import Workspace

CLOSEST = 3
"""How many passages stand below an answer that was refused."""

PLACES_AT_A_TIME = 1000


def register(commands: Any, everywhere: argparse.ArgumentParser) -> None:
    """Describe the commands."""
    search = commands.add_parser("search", parents=[everywhere], help="find passages")
    _add_question(search)
    search.add_argument(
        "-k", type=options.count, default=10, help="how many passages (default: 10)"
    )
    kind = search.add_mutually_exclusive_group()
    kind.add_argument(
        "--exact",
        action="store_true",
        help='every place with these words, "phrases" and without -these',
    )
    kind.add_argument(
        "--regex", action="store_true", help="every place that this regular expression matches"
    )
    search.set_defaults(run=run_search, mends=True)
    ask = commands.add_parser("ask", parents=[everywhere], help="answer a question")
    _add_question(ask)
    ask.add_argument("--model", metavar="NAME", help="language model, or `quotes` for none")
    ask.set_defaults(run=run_ask, mends=True)


def _add_question(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("question", nargs="?", metavar="QUESTION")
    parser.add_argument(
        "--batch", type=Path, metavar="FILE.jsonl", help="one question a line, with id and question"
    )
    parser.add_argument(
        "--document",
        nargs="+",
        action="extend",
        metavar="NAME",
        help="search these documents only",
    )
    options.add_kb(parser)
    options.add_json(parser)


def run_search(args: argparse.Namespace, app: App) -> int:
    """Print the passages found, or every place."""
    if args.exact or args.regex:
        return _run_find(args, app)
    workspace = app.workspace()
    base_id = workspace.knowledge_bases.named(args.kb).id
    if args.batch:
        # Loads the model, so that the first question's time is that of its search.
        workspace.models.embedding_space()
        workspace.answers.search(base_id, "warm", k=1)
    for question in _questions(args):
        begun = perf_counter()
        ranking = rank(workspace, base_id, question, args.k)
        ms = (perf_counter() - begun) * 1000
        if args.batch:
            judgement = workspace.answers.judged(ranking)
            output.as_json(_batch_ranking(question, ranking, judgement, ms))
        else:
            _print_ranking(ranking, as_json=args.json)
    return 0


def _run_find(args: argparse.Namespace, app: App) -> int:
    """Print every place; 1 where the time ran out before all were found."""
    if args.batch or not args.question:
        raise InvalidInputError("Give one question; --batch is for passages by rank.")
    workspace = app.workspace()
    base_id = workspace.knowledge_bases.named(args.kb).id
    printed = 0
    while True:
        found = workspace.answers.find(
            base_id,
            args.question,
            regular=args.regex,
            first=printed,
            most=PLACES_AT_A_TIME,
            document_names=args.document,
        )
        for place in found.listed:
            _print_place(place, as_json=args.json)
        printed += len(found.listed)
        if printed >= found.count or not found.listed:
            break
    output.note(_counted(found))
    return 0 if found.complete else 1


def run_ask(args: argparse.Namespace, app: App) -> int:
    """Print the answer."""
    workspace = app.workspace()
    base_id = workspace.knowledge_bases.named(args.kb).id
    for question in _questions(args):
        answer = answered(workspace, base_id, question, args.model)
        told = _told_answer(answer)
        if args.batch:
            output.as_json({"id": question.id, **told})
        elif args.json:
            output.as_json(told)
        else:
            _print_answer(answer)
            if answer.refused:
                _print_ranking(rank(workspace, base_id, question, CLOSEST), as_json=False)
    return 0


def rank(workspace: Workspace, base_id: KnowledgeBaseId, question: Question, k: int) -> Ranking:
    """Search as the question says."""
    return workspace.answers.search(
        base_id,
        question.text,
        k=k,
        document_names=question.scope or None,
        history=question.history,
    )


def answered(
    workspace: Workspace, base_id: KnowledgeBaseId, question: Question, model: str | None
) -> Answer:
    """Answer as the question says."""
    events = workspace.answers.ask(
        base_id,
        question.text,
        model=model,
        document_names=question.scope or None,
        history=question.history,
    )
    return next(event.answer for event in events if isinstance(event, Finished))


def _questions(args: argparse.Namespace) -> Iterator[Question]:
    if bool(args.batch) == bool(args.question):
        raise InvalidInputError("Give either a question or --batch FILE.jsonl.")
    scope = args.document or []
    if args.question:
        yield as_question({"question": args.question, "scope": scope})
        return
    if not args.batch.is_file():
        raise InvalidInputError(f"{args.batch} does not exist.", subject=str(args.batch))
    for line in json_lines(args.batch):
        yield as_question({"scope": scope, **line})


def _batch_ranking(
    question: Question, ranking: Ranking, judgement: Judgement, ms: float
) -> dict[str, Any]:
    return {
        "id": question.id,
        "refused": not judgement.enough,
        "evidence_score": judgement.evidence,
        "ms": round(ms, 3),
        "results": [_told_hit(hit) for hit in ranking.hits],
    }


def _told_hit(hit: Hit) -> dict[str, Any]:
    passage, paged = hit.passage, hit.document.page_count is not None
    return {
        "rank": hit.rank,
        "score": round(hit.scores.fused, 6),
        "document": hit.document.name,
        "page": passage.page_first if paged else None,
        "pages": list(range(passage.page_first, passage.page_last + 1)) if paged else [],
        "heading": " > ".join(passage.heading_path),
        "start": passage.start,
        "end": passage.end,
        "text": passage.text,
    }


def _told_answer(answer: Answer) -> dict[str, Any]:
    return {
        "answer": answer.text,
        "refused": answer.refused,
        "reason": answer.reason or None,
        "citations": [
            {
                "n": citation.number,
                "document": citation.document_name,
                "page": citation.page if citation.paged else None,
                "text": citation.quote,
                "support": citation.support,
            }
            for citation in answer.citations
        ],
        "compared": answer.coherence.told,
        "timings": {stage: round(ms, 1) for stage, ms in answer.elapsed_ms.items()},
    }


def _print_ranking(ranking: Ranking, *, as_json: bool) -> None:
    for hit in ranking.hits:
        if as_json:
            output.as_json(_told_hit(hit))
        else:
            place = f", p. {hit.page}" if hit.document.page_count is not None else ""
            output.line(f"{hit.rank}. {hit.document.name}{place} ({hit.scores.fused:.2f})")
            output.line(f"   {' '.join(hit.passage.text.split())}\n")


def _print_place(place: Place, *, as_json: bool) -> None:
    page = place.page if place.document.page_count is not None else None
    if as_json:
        output.as_json(
            {
                "document": place.document.name,
                "page": page,
                "heading": " > ".join(place.heading_path),
                "start": place.start,
                "end": place.end,
                "text": place.text,
            }
        )
    else:
        where = f", p. {page}" if page else ""
        output.line(f"{place.document.name}{where}: {place.text}")


def _counted(found: Places) -> str:
    ended = "" if found.complete else " The time ran out, so there may be more."
    return f"{found.told}.{ended}"


def _print_answer(answer: Answer) -> None:
    output.line(answer.reason if answer.refused else answer.text)
    output.line()
    if answer.reason and not answer.refused:
        output.line(f"{answer.reason}\n")
    for told in answer.coherence.told:
        output.line(f"{told}\n")
    for number, citation in sorted(_first_of_each(answer.citations).items()):
        place = f", p. {citation.page}" if citation.paged else ""
        output.line(f"[{number}] {citation.document_name}{place}")


def _first_of_each(citations: tuple[Citation, ...]) -> dict[int, Citation]:
    first: dict[int, Citation] = {}
    for citation in citations:
        first.setdefault(citation.number, citation)
    return first
