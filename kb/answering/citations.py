"""Binds the sentences of an answer to the passages they cite, by code and never by the model."""

import re
from collections.abc import Sequence

from kb.answering.support import Check, Grounds
from kb.domain.conversations import Citation, Claim, Support
from kb.domain.retrieval import Hit
from kb.domain.sentences import sentence_spans
from kb.domain.words import content_words
from kb.ports import Embedder

MARK = re.compile(r"[^\S\n]*\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
_MARKS = re.compile(rf"(?:{MARK.pattern})+")
_FULL_STOP = re.compile(r"[.!?…]+[\"'”’»)\]*_`]*$")
_DIGITS = re.compile(r"\d+")

FEWEST_WORDS = 3
"""Content words of a claim that is looked for in passages it does not cite."""


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


def cite(
    text: str, hits: Sequence[Hit], embedder: Embedder | None = None
) -> tuple[str, tuple[Citation, ...]]:
    """The answer's text with right marks only, and a citation for each claim and mark.

    A mark [n] means the hit of rank n; what page it is on is read from the passage. Where other
    passages bear a claim out than those it cites, they are cited; one that cites none gets the
    mark of the passage that does. Without an embedder, as while the answer is being written, each
    claim keeps its marks and words alone are compared.
    Raises ModelMissingError, ModelCrashedError.
    """
    clean = valid_marks_only(text, [hit.rank for hit in hits])
    proof = _Proof(hits, embedder)
    written: list[str] = []
    citations: list[Citation] = []
    at = length = 0
    for claim in find_claims(clean):
        written.append(clean[at : claim.start])
        length += claim.start - at
        at = claim.end
        marked, checks = proof.of(claim.text)
        placed = Claim(text=marked, start=length, end=length + len(marked))
        citations.extend(proof.citation(number, placed, check) for number, check in checks)
        written.append(marked)
        length += len(marked)
    return "".join((*written, clean[at:])), tuple(citations)


class _Proof:
    """What the hits bear out."""

    def __init__(self, hits: Sequence[Hit], embedder: Embedder | None) -> None:
        self._hits = hits
        self._looks_further = embedder is not None
        self._place_of = {hit.rank: place for place, hit in enumerate(hits)}
        self._grounds = Grounds(
            [hit.passage.text for hit in hits],
            embedder,
            contexts=[" ".join((hit.document.title, *hit.passage.heading_path)) for hit in hits],
            languages=[hit.document.language for hit in hits],
        )

    def of(self, claim: str) -> tuple[str, list[tuple[int, Check]]]:
        """The claim with its right marks, and how far the passage of each bears it out."""
        bare = without_marks(claim).strip()
        cited = _numbers(claim)
        checks = [(number, self._grounds.check(bare, [self._place_of[number]])) for number in cited]
        right = [(number, check) for number, check in checks if _is_right(check)]
        if len(right) == len(checks) and checks:
            return claim, checks
        if not self._looks_further:
            return claim, checks
        if not right and len(content_words(bare)) >= FEWEST_WORDS:
            best = self._grounds.check(bare)
            right = [(self._hits[best.passage].rank, best)] if _is_right(best) else []
        if not right:
            return claim, checks
        # What bears it out in part may stay beside what does.
        kept = [each for each in checks if each[1].support is not Support.UNSUPPORTED]
        told = [*(each for each in kept if each not in right), *right]
        return _marked(bare, [number for number, _ in told]), told

    def citation(self, number: int, claim: Claim, check: Check) -> Citation:
        """Of the hit of this rank."""
        hit = self._hits[self._place_of[number]]
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


def _is_right(check: Check) -> bool:
    return check.support is Support.SUPPORTED


def _marked(bare: str, numbers: Sequence[int]) -> str:
    """The claim with these marks before its full stop."""
    stop = _FULL_STOP.search(bare)
    end = stop.start() if stop else len(bare)
    return bare[:end] + " " + "".join(f"[{number}]" for number in numbers) + bare[end:]


def _numbers(text: str) -> list[int]:
    marked = [int(match.group(1)) for match in MARK.finditer(text)]
    return list(dict.fromkeys(marked))
