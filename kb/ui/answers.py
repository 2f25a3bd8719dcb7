"""Draws the messages of a conversation."""

import re
from collections.abc import Callable, Collection, Sequence

from kb.domain.conversations import (
    QUOTES,
    REMOVED,
    Citation,
    Message,
    MessageState,
    Role,
    Support,
)
from kb.domain.documents import DocumentId
from kb.domain.retrieval import Hit
from kb.domain.words import counted
from kb.ui import markdown
from kb.ui.reading import Block, Run, block, read
from kb.ui.text import short, visible

UNCONNECTED = "No language model is connected: these are your documents' own sentences."
QUOTES_ONLY = "Quotes only: these are your documents' own sentences."
NO_SOURCE = "The model named no source for this answer, so nothing bears it out."
STOPPED = "Stopped here."

_MARK = re.compile(r"\s*\[(\d{1,3})\]")
_SIGNS = {Support.PARTIAL: markdown.PARTIAL, Support.UNSUPPORTED: markdown.UNSUPPORTED}


def draw(
    message: Message,
    current_ids: Collection[DocumentId],
    *,
    current: str,
    on_open: Callable[[str], None],
    models: bool,
    below: Sequence[Block] = (),
) -> None:
    """One message, and what stands below it; `models`: there is a language model to choose.

    A cited document that is not among the `current_ids` was replaced by another version.
    """
    made = [*blocks_of(message, current_ids, models=models), *below]
    read(made, f"message-{message.id}", on_open=on_open, current=current)


def blocks_of(
    message: Message, current_ids: Collection[DocumentId], *, models: bool
) -> list[Block]:
    """What a message shows: its text with citations, and notes about how it came to be."""
    if message.role is Role.USER:
        return [block("said", visible(message.content))]
    if message.refused:
        return [block("paragraph", visible(message.content))]
    told = answer_blocks(message, current_ids)
    sources = _sources(message, current_ids)
    return [*_before(message, models=models), *told, *_after(message), *_verdict(message), *sources]


def answer_blocks(message: Message, current_ids: Collection[DocumentId]) -> list[Block]:
    """The text of an answer with its citations, numbered as they appear."""
    text = _signed(message)
    if message.model != QUOTES:
        made = markdown.blocks(text)
    else:
        made = markdown.plain_blocks(text)
        for each in made:
            _as_heading(each)
    for each in made:
        each["runs"] = [_named(run, message, current_ids) for run in each["runs"]]
    return made


def growing(text: str, model: str) -> str:
    """Safe Markdown of an answer that is still being written."""
    numbers: dict[str, int] = {}

    def sign(match: re.Match[str]) -> str:
        number = numbers.setdefault(match[1], len(numbers) + 1)
        return chr(markdown.FIRST_CITATION + number)

    signed = _MARK.sub(sign, markdown.without_signs(text))
    made = markdown.plain_blocks(signed) if model == QUOTES else markdown.blocks(signed)
    if model == QUOTES:
        for each in made:
            _as_heading(each)
    return markdown.streamed(made)


def found_blocks(hits: Sequence[Hit]) -> list[Block]:
    """A first look at what was found: document, page, first words."""
    return [
        Block(
            kind="source",
            lead=str(hit.rank),
            label=place(hit.document.name, hit.page if hit.document.page_count else None),
            open=f"p.{hit.document.id}.{hit.passage.id}",
            runs=[Run(text=visible(short(hit.passage.text, 160)))],
        )
        for hit in hits
    ]


def draw_found(hits: Sequence[Hit], key: str, on_open: Callable[[str], None] | None = None) -> None:
    """The first look, drawn."""
    read(found_blocks(hits), key, on_open=on_open)


def place(name: str, page: int | None) -> str:
    """A document's name and page."""
    return visible(name) + (f", page {page}" if page else "")


def _before(message: Message, *, models: bool) -> list[Block]:
    if message.model == QUOTES and message.content:
        return [block("note", QUOTES_ONLY if models else UNCONNECTED)]
    return []


def _after(message: Message) -> list[Block]:
    if message.state is MessageState.STOPPED:
        return [block("note", STOPPED)]
    if message.error:
        return [block("note", visible(message.error))]
    return []


def _verdict(message: Message) -> list[Block]:
    """How many sentences are borne out, where a model wrote them."""
    if message.model == QUOTES or not message.content:
        return []
    count = len(message.claims)
    if not count:
        told = message.citations or message.state is not MessageState.COMPLETE
        return [] if told else [block("note", NO_SOURCE)]
    borne_out = sum(each.support is Support.SUPPORTED for each in message.claims)
    partly = sum(each.support is Support.PARTIAL for each in message.claims)
    verdict = f"{borne_out} of {counted(count, 'sentence')} supported by your documents"
    return [block("note", verdict + (f", {partly} partly." if partly else "."))]


def _sources(message: Message, current_ids: Collection[DocumentId]) -> list[Block]:
    """The cited passages, one line each, in the order of their numbers."""
    numbers, made = _numbers(message), {}
    for index, citation in enumerate(message.citations):
        number = numbers.get(citation.number)
        if number is not None and number not in made:
            made[number] = Block(
                kind="source",
                lead=str(number),
                label=_place(citation, current_ids),
                open=f"m.{message.id}.{index}",
                runs=[Run(text=visible(short(citation.quote, 160)))],
            )
    return [made[number] for number in sorted(made)]


def _signed(message: Message) -> str:
    """The text with signs in place of marks, and round sentences that are not borne out."""
    text = markdown.without_signs(message.content)
    cited: dict[int, list[tuple[int, Citation]]] = {}
    for index, citation in enumerate(message.citations):
        cited.setdefault(citation.claim.start, []).append((index, citation))
    claims = [each.claim for each in message.citations] + [each.claim for each in message.claims]
    spans = {claim.start: claim.end for claim in claims}
    verdicts = {each.claim.start: each.support for each in message.claims}
    for start in sorted(spans, reverse=True):
        end = spans[start]
        claim = _MARK.sub(_sign_of(cited.get(start, [])), text[start:end])
        if sign := _SIGNS.get(verdicts.get(start, Support.SUPPORTED)):
            claim = f"{sign}{claim}{markdown.ENDS}"
        text = text[:start] + claim + text[end:]
    return text


def _sign_of(cited: list[tuple[int, Citation]]) -> Callable[[re.Match[str]], str]:
    signs = {str(c.number): chr(markdown.FIRST_CITATION + index) for index, c in cited}
    return lambda match: signs.get(match[1], match[0])


def _named(run: Run, message: Message, current_ids: Collection[DocumentId]) -> Run:
    """A citation's index becomes its number, target and label."""
    if "number" not in run:
        return Run(text=run["text"], italic=True) if run["text"] == REMOVED else run
    index = run["number"]
    citation = message.citations[index]
    return Run(
        number=_numbers(message)[citation.number],
        open=f"m.{message.id}.{index}",
        label=_place(citation, current_ids),
    )


def _numbers(message: Message) -> dict[int, int]:
    """The stored numbers, which are ranks, to those shown, which count as they appear."""
    marks = [int(match[1]) for match in _MARK.finditer(message.content)]
    return {number: shown for shown, number in enumerate(dict.fromkeys(marks), 1)}


def _place(citation: Citation, current_ids: Collection[DocumentId]) -> str:
    where = place(citation.document_name, citation.page if citation.paged else None)
    if citation.document_id is None:
        return f"{where} (removed)"
    return where if citation.document_id in current_ids else f"From a replaced version of {where}"


def _as_heading(each: Block) -> None:
    """A line that only names the document whose sentences follow."""
    first = each["runs"][0].get("text", "") if each["runs"] else ""
    if len(each["runs"]) == 1 and first.endswith(":") and "\n" not in first:
        each["kind"] = "heading"
        each["runs"] = [Run(text=visible(first[:-1]))]
