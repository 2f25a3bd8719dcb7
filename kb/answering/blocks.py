"""An answer as it is read: its blocks, its citations numbered as they appear, how it ended."""

import re
from collections.abc import Callable

from kb.answering import markdown
from kb.domain.blocks import Block, Run
from kb.domain.conversations import QUOTES, Citation, Message, MessageState, Support
from kb.domain.words import counted

QUOTES_ONLY = "Quotes only: these are your documents' own sentences."
NO_SOURCE = "The model named no source for this answer, so nothing bears it out."
STOPPED = "Stopped here."

MARK = re.compile(r"(?<!\s)\s*\[(\d{1,3})\]")

_SIGNS = {Support.PARTIAL: markdown.PARTIAL, Support.UNSUPPORTED: markdown.UNSUPPORTED}


def cited_blocks(message: Message) -> list[Block]:
    """The text of an answer; the number of a citation's run is its index in the message."""
    return model_blocks(_signed(message), message.model)


def model_blocks(signed: str, model: str) -> list[Block]:
    """The blocks of a text with signs: a model's Markdown, or quotes under their documents."""
    if model != QUOTES:
        return markdown.blocks(signed)
    made = markdown.plain_blocks(signed)
    for each in made:
        _as_heading(each)
    return made


def shown_numbers(message: Message) -> dict[int, int]:
    """The stored numbers, which are ranks, to those shown, which count as they appear."""
    cited = sorted(message.citations, key=lambda citation: citation.claim.start)
    in_order = dict.fromkeys(citation.number for citation in cited)
    return {number: shown for shown, number in enumerate(in_order, 1)}


def shown_text(message: Message) -> str:
    """The answer as it came, its marks with the numbers shown."""
    numbers = shown_numbers(message)

    def renumbered(match: re.Match[str]) -> str:
        return match[0].replace(match[1], str(numbers.get(int(match[1]), match[1])))

    return MARK.sub(renumbered, message.content)


def ending(message: Message) -> str:
    """What is said below an answer about how it ended; nothing where all went well."""
    if message.state is MessageState.STOPPED:
        return STOPPED
    return message.error


def verdict(message: Message) -> str:
    """How many sentences are borne out, where a model wrote them."""
    if message.model == QUOTES or not message.content:
        return ""
    count = len(message.claims)
    if not count:
        ended_well = message.state is MessageState.COMPLETE
        return NO_SOURCE if ended_well and not message.citations else ""
    borne_out = sum(each.support is Support.SUPPORTED for each in message.claims)
    partly = sum(each.support is Support.PARTIAL for each in message.claims)
    told = f"{borne_out} of {counted(count, 'sentence')} supported by your documents"
    return told + (f", {partly} partly." if partly else ".")


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
        claim = MARK.sub(_sign_of(cited.get(start, [])), text[start:end])
        if sign := _SIGNS.get(verdicts.get(start, Support.SUPPORTED)):
            claim = f"{sign}{claim}{markdown.ENDS}"
        text = text[:start] + claim + text[end:]
    return text


def _sign_of(cited: list[tuple[int, Citation]]) -> Callable[[re.Match[str]], str]:
    signs = {str(c.number): chr(markdown.FIRST_CITATION + index) for index, c in cited}
    return lambda match: signs.get(match[1], match[0])


def _as_heading(each: Block) -> None:
    """A line that only names the document whose sentences follow."""
    first = each["runs"][0].get("text", "") if each["runs"] else ""
    if len(each["runs"]) == 1 and first.endswith(":") and "\n" not in first:
        each["kind"] = "heading"
        each["runs"] = [Run(text=first[:-1])]
