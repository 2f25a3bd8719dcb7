"""Turns messages into a transcript: what is said in an export, in whichever format."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from kb.answering.blocks import QUOTES_ONLY, cited_blocks, ending, shown_numbers, verdict
from kb.domain.blocks import Block, Run, block
from kb.domain.conversations import (
    QUOTES,
    REMOVED,
    Citation,
    Conversation,
    Message,
    MessageState,
    Role,
)
from kb.domain.documents import DocumentId
from kb.domain.transcripts import CitedPlace, Entry, Transcript, shown

STREAMING = "This answer is still being written."

VERDICTS = {
    "partial": "only partly borne out by its source",
    "unsupported": "not borne out by its source",
}
"""What is said after a sentence, as on the page."""


def transcript(
    conversation: Conversation,
    base_name: str,
    messages: Sequence[Message],
    *,
    current_ids: Collection[DocumentId],
    now: datetime,
) -> Transcript:
    """These messages of the conversation, `now` being when they are exported.

    A cited document that is not among the `current_ids` was replaced by another version.
    """
    return Transcript(
        title=_one_line(conversation.title),
        exported_at=now,
        about=(f"Knowledge base: {_one_line(base_name)}", f"Exported {_told_time(now)}"),
        entries=tuple(_entry(message, current_ids) for message in messages),
    )


def _entry(message: Message, current_ids: Collection[DocumentId]) -> Entry:
    at = _told_time(message.created_at)
    if message.role is Role.USER:
        return Entry(heading=f"Question, {at}", blocks=(block("said", shown(message.content)),))
    heading = f"Answer, {at}"
    if message.refused:
        return Entry(heading=heading, blocks=(block("paragraph", shown(message.content)),))
    return Entry(
        heading=heading,
        blocks=tuple(_answer(message)),
        sources=tuple(_sources(message, current_ids)),
    )


def _answer(message: Message) -> Iterator[Block]:
    if message.model:
        writer = f"Written by {_one_line(message.model)}."
        yield block("note", QUOTES_ONLY if message.model == QUOTES else writer)
    numbers = shown_numbers(message)
    for each in cited_blocks(message):
        runs = [_numbered(run, message, numbers) for run in each["runs"]]
        yield Block(**{**each, "runs": list(_judged(runs))})
    if message.state is MessageState.STREAMING:
        yield block("note", STREAMING)
    for note in (ending(message), verdict(message), *message.coherence.told):
        if note:
            yield block("note", shown(note))


def _numbered(run: Run, message: Message, numbers: dict[int, int]) -> Run:
    """A citation's index becomes its number."""
    if "number" in run:
        return Run(number=numbers[message.citations[run["number"]].number])
    if run["text"] == REMOVED:
        return Run(text=REMOVED, italic=True)
    return Run(**{**run, "text": shown(run["text"])})


def _judged(runs: Sequence[Run]) -> Iterator[Run]:
    """The runs, with a verdict after each sentence that is not fully borne out and its marks."""
    support = ""
    for run in runs:
        if "number" not in run:
            if support and run.get("support", "") != support:
                yield Run(verdict=VERDICTS[support])
            support = run.get("support", "")
        yield run
    if support:
        yield Run(verdict=VERDICTS[support])


def _sources(message: Message, current_ids: Collection[DocumentId]) -> Iterator[CitedPlace]:
    """The cited passages in the order of their numbers, each with all that is quoted of it."""
    numbers = shown_numbers(message)
    cited: dict[int, list[Citation]] = {}
    for citation in message.citations:
        if citation.number in numbers:
            cited.setdefault(numbers[citation.number], []).append(citation)
    for number, citations in sorted(cited.items()):
        quotes = dict.fromkeys(_one_line(citation.quote) for citation in citations)
        yield CitedPlace(
            number=number,
            place=_place(citations[0], current_ids),
            quotes=tuple(quote for quote in quotes if quote),
        )


def _place(citation: Citation, current_ids: Collection[DocumentId]) -> str:
    page = f", page {citation.page}" if citation.paged else ""
    where = f"{_one_line(citation.document_name)}{page}"
    if citation.document_id is None:
        return f"{where} (removed)"
    return where if citation.document_id in current_ids else f"From a replaced version of {where}"


def _one_line(text: str) -> str:
    return shown(" ".join(text.split()))


def _told_time(at: datetime) -> str:
    return f"{at.day} {at:%B %Y, %H:%M} {at.tzname() or 'UTC'}"
