"""Binds the sentences of an answer to the passages they cite, by code and never by the model."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from kb.answering.entailment import SecondOpinion
from kb.answering.prompts import NOT_FOUND
from kb.answering.support import Check, Grounds
from kb.domain.conversations import CheckedClaim, Citation, Claim, Support
from kb.domain.errors import ModelError
from kb.domain.retrieval import Hit
from kb.domain.sentences import statement_spans
from kb.domain.words import content_words
from kb.ports import Embedder

_MARK = r"(?<![^\S\n])[^\S\n]*\[(?P<numbers>\d{1,3}(?:\s*,\s*\d{1,3})*)\]"
"""Its look back keeps a run of spaces from being tried from each of them."""

_INLINE_CODE = r"(?P<code>`[^`\n]+`)"
MARK = re.compile(rf"{_INLINE_CODE}|{_MARK}")
_MARKS = re.compile(rf"{_INLINE_CODE}|(?:{_MARK})+")
_END = re.compile(r"(?:[.!?…]+[\"'”’»)\]*_`]*|[^\S\n]*\|)$")
"""Of a sentence, or of a table's row."""

_LIST_NUMBER = re.compile(r"^\(?\d{1,3}[.)](?:\s+|$)")
_DIGITS = re.compile(r"\d+")

_CODE = r"^[^\S\n]*(?P<fence>```(?=[^`\n]*$)|~~~)[\s\S]*?(?:^[^\S\n]*(?P=fence)[^\n]*$|\Z)"
_HEADING = (
    r"^[^\S\n]{0,3}(?:#{1,6}[^\S\n]+[^\n\[]*[^\n\[.!?]|\*\*[^*\n\[]*[^*\n\[.!?]\*\*:?[^\S\n]*)$"
)
_TABLE_HEAD = r"^[^\S\n]*\|[^\n]*\n[^\S\n]*\|[ \t:|-]*---[ \t:|-]*$"
_NO_PROSE = re.compile(rf"{_CODE}|{_HEADING}|{_TABLE_HEAD}", re.MULTILINE)
"""A line that is cited or ends with a full stop says something, however it is set off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """An answer's text with right marks only, its citations, and the verdict on each claim."""

    text: str
    citations: tuple[Citation, ...]
    claims: tuple[CheckedClaim, ...]


def find_claims(text: str) -> list[Claim]:
    """The sentences of an answer; a line that only introduces what follows is none.

    Marks that stand alone on a line belong to the sentence before them.
    """
    claims: list[Claim] = []
    for start, end in statement_spans(text):
        begin = start
        if claims and not without_marks(text[start:end]).strip():
            begin = claims.pop().start
        claims.append(Claim(text=text[begin:end], start=begin, end=end))
    return [claim for claim in claims if not claim.text.endswith(":")]


def without_marks(text: str) -> str:
    """The text with its citation marks taken out."""
    return MARK.sub(lambda match: match["code"] or "", text)


def valid_marks_only(text: str, numbers: Sequence[int]) -> str:
    """The text with each mark reduced to the numbers that exist, one mark a number."""

    def kept(match: re.Match[str]) -> str:
        if match["code"]:
            return match["code"]
        cited = [int(number) for number in _DIGITS.findall(match.group())]
        marks = "".join(f"[{number}]" for number in cited if number in numbers)
        begins_line = match.start() == 0 or text[match.start() - 1] == "\n"
        return marks if begins_line or not marks else f" {marks}"

    return _MARKS.sub(kept, text)


def cite(
    text: str,
    hits: Sequence[Hit],
    embedder: Embedder | None = None,
    *,
    no_claim: Collection[str] = (),
    opinion: SecondOpinion | None = None,
) -> Cited:
    """Bind an answer to the hits: right marks only, a citation for each claim and mark.

    A mark [n] means the hit of rank n; what page it is on is read from the passage. Where other
    passages bear a claim out than those it cites, they are cited; one that cites none gets the
    mark of the passage that does; a mark of a passage that says nothing of it goes. Code stays as
    it is, headings and sentences of `no_claim` claim nothing.
    Without an embedder, as while the answer is being written, each claim keeps its marks, words
    alone are compared, and claims without marks have no verdict. A second opinion is asked once,
    of all claims.
    Raises ModelMissingError, ModelCrashedError.
    """
    proof = _Proof(hits, embedder, no_claim, opinion)
    at = 0
    for match in _NO_PROSE.finditer(text):
        proof.add(text[at : match.start()])
        proof.keep(match.group())
        at = match.end()
    proof.add(text[at:])
    return proof.cited()


def grounds_of(hits: Sequence[Hit], embedder: Embedder | None) -> Grounds:
    """What sentences may rest on: the passages of the hits, with their titles and headings."""
    return Grounds(
        [hit.passage.text for hit in hits],
        embedder,
        contexts=[" ".join((hit.document.title, *hit.passage.heading_path)) for hit in hits],
        languages=[hit.document.language for hit in hits],
    )


def cited(
    text: str,
    hits: Sequence[Hit],
    embedder: Embedder | None,
    opinion: SecondOpinion | None = None,
) -> Cited:
    """The same for what a model wrote, by words alone where the embedding model has ended."""
    try:
        return cite(text, hits, embedder, no_claim={NOT_FOUND}, opinion=opinion)
    except ModelError:
        # What was said is there.
        return cite(text, hits)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """A claim, `said` without marks and list numbers, and what was found of it.

    `checks` are by the passages it cites, each with its mark's number; `found` by the others and
    them, the best first, where they were looked through.
    """

    text: str
    said: str
    checks: tuple[tuple[int, Check], ...]
    found: tuple[Check, ...] = ()

    @property
    def bare(self) -> str:
        """The claim without its marks."""
        return without_marks(self.text).strip()


class _Proof:
    """What the hits bear out, and the claims and other parts of a text in their order."""

    def __init__(
        self,
        hits: Sequence[Hit],
        embedder: Embedder | None,
        no_claim: Collection[str],
        opinion: SecondOpinion | None,
    ) -> None:
        self._hits = hits
        self._looks_further = embedder is not None
        self._no_claim = no_claim
        self._opinion = opinion if embedder else None
        self._place_of = {hit.rank: place for place, hit in enumerate(hits)}
        self._grounds = grounds_of(hits, embedder)
        self._parts: list[str | _Looked] = []

    def keep(self, text: str) -> None:
        """Write on what claims nothing."""
        self._parts.append(text)

    def add(self, prose: str) -> None:
        """Write on with the claims of a stretch of prose."""
        prose = valid_marks_only(prose, list(self._place_of))
        at = 0
        for claim in find_claims(prose):
            self.keep(prose[at : claim.start])
            self._parts.append(self._looked(claim.text))
            at = claim.end
        self.keep(prose[at:])

    def cited(self) -> Cited:
        """The whole."""
        text = ""
        citations: list[Citation] = []
        claims: list[CheckedClaim] = []
        for part in self._weighed():
            if isinstance(part, str):
                text += part
                continue
            marked, checks, verdict = self._judged(part)
            placed = Claim(text=marked, start=len(text), end=len(text) + len(marked))
            text += marked
            citations.extend(self._citation(number, placed, check) for number, check in checks)
            if verdict:
                claims.append(
                    CheckedClaim(
                        claim=placed, support=verdict.support, how=verdict.how, score=verdict.score
                    )
                )
        return Cited(text=text, citations=tuple(citations), claims=tuple(claims))

    def _looked(self, claim: str) -> _Looked:
        bare = without_marks(claim).strip()
        said = _LIST_NUMBER.sub("", bare)
        checks = tuple(
            (number, self._grounds.check(said, [self._place_of[number]]))
            for number in _numbers(claim)
        )
        wants = self._looks_further and self._says_something(bare, said)
        # A second opinion may find that what is cited does not bear it out after all.
        enough = any(map(_is_right, checks)) and not self._opinion
        found = tuple(self._grounds.checks(said)) if wants and not enough else ()
        return _Looked(text=claim, said=said, checks=checks, found=found)

    def _weighed(self) -> list[str | _Looked]:
        """The parts, their claims as the second opinion has them."""
        claims = [part for part in self._parts if isinstance(part, _Looked) and part.found]
        if not self._opinion or not claims:
            return self._parts
        asked = [(one.said, _by_passage(one)) for one in claims]
        weighed = iter(self._opinion.on(self._grounds, asked))
        return [
            _with(part, next(weighed)) if isinstance(part, _Looked) and part.found else part
            for part in self._parts
        ]

    def _judged(self, looked: _Looked) -> tuple[str, list[tuple[int, Check]], Check | None]:
        """The claim with its right marks, how far the passage of each bears it out, and the best.

        No best where the claim says nothing that could be borne out, or was not looked for.
        """
        checks = list(looked.checks)
        if not self._looks_further or (checks and all(map(_is_right, checks))):
            return looked.text, checks, _best(checks)
        told = [each for each in checks if each[1].support is not Support.UNSUPPORTED]
        if not any(map(_is_right, told)) and looked.found:
            anywhere = max(looked.found, key=lambda check: check.score)
            found = (self._hits[anywhere.passage].rank, anywhere)
            if _is_right(found):
                told = [*(each for each in told if each[0] != found[0]), found]
            return _marked(looked.text, looked.bare, told), told, _best([*told, found])
        return _marked(looked.text, looked.bare, told), told, _best(told)

    def _says_something(self, bare: str, said: str) -> bool:
        if bare in self._no_claim or bare.endswith("?"):
            return False
        return bool(content_words(said)) or any(character.isdigit() for character in said)

    def _citation(self, number: int, claim: Claim, check: Check) -> Citation:
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
            how=check.how,
            score=check.score,
        )


def _by_passage(looked: _Looked) -> list[Check]:
    """All checks of a claim, one a passage."""
    cited = (check for _, check in looked.checks)
    return list({check.passage: check for check in (*looked.found, *cited)}.values())


def _with(looked: _Looked, weighed: Sequence[Check]) -> _Looked:
    """The claim with its checks replaced by those of the same passages."""
    by_place = {check.passage: check for check in weighed}
    checks = tuple((number, by_place[check.passage]) for number, check in looked.checks)
    return replace(looked, checks=checks, found=tuple(weighed))


def _is_right(cited: tuple[int, Check]) -> bool:
    return cited[1].support is Support.SUPPORTED


def _best(cited: Sequence[tuple[int, Check]]) -> Check | None:
    return max((check for _, check in cited), key=lambda check: check.score, default=None)


def _marked(claim: str, bare: str, cited: Sequence[tuple[int, Check]]) -> str:
    """The claim with these marks and no others, before its full stop where they are new."""
    numbers = [number for number, _ in cited]
    if numbers == _numbers(claim):
        return claim
    if not numbers:
        return bare
    stop = _END.search(bare)
    end = stop.start() if stop else len(bare)
    return bare[:end] + " " + "".join(f"[{number}]" for number in numbers) + bare[end:]


def _numbers(text: str) -> list[int]:
    marked = [int(m["numbers"].split(",")[0]) for m in MARK.finditer(text) if m["numbers"]]
    return list(dict.fromkeys(marked))
