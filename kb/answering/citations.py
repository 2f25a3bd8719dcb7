"""Binds the sentences of an answer to the passages they cite, by code and never by the model."""

import re
from collections.abc import Sequence

from kb.answering.support import check_support
from kb.domain.conversations import Citation, Claim
from kb.domain.retrieval import Hit
from kb.domain.sentences import sentence_spans

MARK = re.compile(r"[^\S\n]*\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
_MARKS = re.compile(rf"(?:{MARK.pattern})+")
_DIGITS = re.compile(r"\d+")


def find_claims(text: str) -> list[Claim]:
    """The sentences of an answer; a line that only introduces what follows is none.

    Marks that stand alone on a line belong to the sentence before them.
    """
    claims: list[Claim] = []
    for start, end in sentence_spans(text):
        begin = start
        if claims and not without_marks(text[start:end]).strip():
            begin = claims.pop().start
        claims.append(Claim(text=text[begin:end], start=begin, end=end))
    return [claim for claim in claims if not claim.text.endswith(":")]


def without_marks(text: str) -> str:
    """The text with its citation marks taken out."""
    return MARK.sub("", text)


def valid_marks_only(text: str, numbers: Sequence[int]) -> str:
    """The text with each mark reduced to the numbers that exist, one mark a number."""

    def kept(match: re.Match[str]) -> str:
        cited = [int(number) for number in _DIGITS.findall(match.group())]
        marks = "".join(f"[{number}]" for number in cited if number in numbers)
        begins_line = match.start() == 0 or text[match.start() - 1] == "\n"
        return marks if begins_line or not marks else f" {marks}"

    return _MARKS.sub(kept, text)


def cite(text: str, hits: Sequence[Hit]) -> tuple[str, tuple[Citation, ...]]:
    """The answer's text with only valid marks, and a citation for each claim and mark.

    A mark [n] means the hit of rank n; what page it is on is read from the passage.
    """
    by_number = {hit.rank: hit for hit in hits}
    clean = valid_marks_only(text, list(by_number))
    citations = []
    for claim in find_claims(clean):
        for number in _numbers(claim.text):
            citations.append(_citation(number, claim, by_number[number]))
    return clean, tuple(citations)


def _numbers(text: str) -> list[int]:
    marked = [int(match.group(1)) for match in MARK.finditer(text)]
    return list(dict.fromkeys(marked))


def _citation(number: int, claim: Claim, hit: Hit) -> Citation:
    check = check_support(without_marks(claim.text), hit.passage.text)
    return Citation(
        number=number,
        claim=claim,
        passage_id=hit.passage.id,
        document_id=hit.document.id,
        document_name=hit.document.name,
        # Passages do not cross pages, so each of their sentences is on their first one.
        page=hit.page,
        paged=hit.document.page_count is not None,
        quote=hit.passage.text[check.start : check.end],
        text=hit.passage.text,
        support=check.support,
        score=check.score,
    )
