"""Draws the messages of a conversation."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence

from kb.answering import markdown
from kb.answering.blocks import (
    MARK,
    QUOTES_ONLY,
    cited_blocks,
    ending,
    model_blocks,
    shown_numbers,
    verdict,
)
from kb.domain.coherence import Voice
from kb.domain.conversations import (
    QUOTES,
    REMOVED,
    Citation,
    Message,
    Role,
)
from kb.domain.documents import DocumentId
from kb.domain.retrieval import Hit
from kb.ui.markdown import streamed
from kb.ui.reading import Block, Run, block, read
from kb.ui.text import short, visible

UNCONNECTED = "No language model is connected: these are your documents' own sentences."


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
    return [*_before(message, models=models), *told, *_after(message), *sources]


def answer_blocks(message: Message, current_ids: Collection[DocumentId]) -> list[Block]:
    """The text of an answer with its citations, numbered as they appear."""
    made, numbers = cited_blocks(message), shown_numbers(message)
    for each in made:
        each["runs"] = [_named(run, message, numbers, current_ids) for run in each["runs"]]
        if each["kind"] == "heading" and message.model == QUOTES:  # a document's name
            each["runs"] = [Run(text=visible(run["text"])) for run in each["runs"]]
    return made


def growing(text: str, model: str) -> str:
    """Safe Markdown of an answer that is still being written."""
    numbers: dict[str, int] = {}

    def sign(match: re.Match[str]) -> str:
        number = numbers.setdefault(match[1], len(numbers) + 1)
        return chr(markdown.FIRST_CITATION + number)

    signed = MARK.sub(sign, markdown.without_signs(text))
    return streamed(model_blocks(signed, model))


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
    notes = [block("note", visible(note)) for note in (ending(message), verdict(message)) if note]
    return [*notes, *(_compared(line) for line in message.coherence.lines)]


def _compared(line: Sequence[str | Voice]) -> Block:
    """What documents say of each other; their names open where they say it."""
    return Block(
        kind="note",
        runs=[
            Run(text=visible(part))
            if isinstance(part, str)
            else Run(
                text=visible(part.document_name),
                open=f"p.{part.document_id}.{part.passage_id}",
                label=visible(part.document_name),
            )
            for part in line
        ],
    )


def _sources(message: Message, current_ids: Collection[DocumentId]) -> list[Block]:
    """The cited passages, one line each, in the order of their numbers."""
    numbers, made = shown_numbers(message), {}
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


def _named(
    run: Run, message: Message, numbers: Mapping[int, int], current_ids: Collection[DocumentId]
) -> Run:
    """A citation's index becomes its number, target and label."""
    if "number" not in run:
        return Run(text=run["text"], italic=True) if run["text"] == REMOVED else run
    index = run["number"]
    citation = message.citations[index]
    return Run(
        number=numbers[citation.number],
        open=f"m.{message.id}.{index}",
        label=_place(citation, current_ids),
    )


def _place(citation: Citation, current_ids: Collection[DocumentId]) -> str:
    where = place(citation.document_name, citation.page if citation.paged else None)
    if citation.document_id is None:
        return f"{where} (removed)"
    return where if citation.document_id in current_ids else f"From a replaced version of {where}"
