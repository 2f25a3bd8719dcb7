"""Which documents agree, differ or are silent on what an answer says; by code, in no model's words.

Documents are compared where they are editions of one, by their names, or where a sentence names
what it speaks of. Reports of different years or firms say different things of different times: they
never differ.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from kb.answering.statements import Difference, Kind, Statement, difference, is_same, statement
from kb.domain.coherence import Coherence, Comparison, Relation, Voice
from kb.domain.conversations import Citation, Support
from kb.domain.documents import Document, DocumentId
from kb.domain.editions import editions, is_newer, named_date, subject_words
from kb.domain.facts import MONTH, numbers
from kb.domain.names import name_words
from kb.domain.retrieval import Hit, Query
from kb.domain.sentences import statement_spans
from kb.domain.stems import stems
from kb.domain.words import content_words

MOST_COMPARISONS = 3
"""Lines below an answer."""

FEWEST_ASKED, MOST_ASKED = 2, 10
"""So many documents asked by name are told to be silent; of more, that would be noise."""

OF_THE_QUESTION = 0.5
"""Share of the question's words from which a passage is held to say something of it."""

_OF_A_PERIOD = re.compile(
    r"10-?[kq]|8-?k|20-?f|annual|reports?|quarter(?:ly)?|q[1-4]|[1-4]q|half|earnings|results?|"
    r"minutes|invoices?|statements?|fiscal|fy\w*|month(?:ly)?|week(?:ly)?|daily|newsletter|budget|"
    r"forecast|survey|statistics|journal|diary|log|receipt|payslip|proceedings"
)
_THEN = re.compile(
    r"\b(?:was|were|had|did|ended|ending|fiscal|quarter|during|as of|since|compared|increased|"
    r"decreased|(?:19|20)\d\d)\b",
    re.IGNORECASE,
)
_OWN = re.compile(r"\b(?:we|our|us|i|my|the (?:company|corporation|registrant))\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A statement of a document, in a passage."""

    hit: Hit
    statement: Statement


def said_by(hit: Hit, text: str) -> list[Said]:
    """The statements in a text of the hit's passage that can be compared."""
    told = (
        statement(text[start:end], hit.document.language) for start, end in statement_spans(text)
    )
    return [Said(hit=hit, statement=each) for each in told if each.is_telling]


def coherence_of(query: Query, citations: Sequence[Citation], hits: Sequence[Hit]) -> Coherence:
    """What the hits' documents say of what was cited, and how many of those asked say nothing."""
    found: list[Comparison] = []
    if len({hit.document.id for hit in hits}) > 1:
        every = [said for hit in hits for said in said_by(hit, hit.passage.text)]
        told = (each for said in _cited(citations, hits) for each in _comparisons(said, every))
        for comparison in told:
            if not any(_is_told(comparison, other) for other in found):
                found.append(comparison)
    found.sort(key=lambda each: each.relation is Relation.AGREE)
    return Coherence(
        comparisons=tuple(found[:MOST_COMPARISONS]), silent=_silent(query, citations, hits)
    )


def contradicts(one: Said, other: Said) -> bool:
    """Whether two documents say differently of the same."""
    return _differing(one, other) is not None


def newest_first(hits: Sequence[Hit]) -> tuple[list[tuple[Hit, str]], bool]:
    """Hits of different documents with how new those are, and whether it is known which is."""
    known = editions([hit.document for hit in hits])
    ordered = sorted(zip(hits, known, strict=True), key=lambda pair: pair[1].order, reverse=True)
    is_known = len(ordered) > 1 and all(
        is_newer(ordered[0][1], edition) for _, edition in ordered[1:]
    )
    return [(hit, edition.label) for hit, edition in ordered], is_known


def _cited(citations: Sequence[Citation], hits: Sequence[Hit]) -> Iterator[Said]:
    """What the citations that bear out their claims rest on."""
    by_passage = {hit.passage.id: hit for hit in hits}
    for citation in citations:
        hit = by_passage.get(citation.passage_id) if citation.passage_id else None
        if hit and citation.support is Support.SUPPORTED:
            yield from said_by(hit, citation.quote)


def _comparisons(said: Said, every: Sequence[Said]) -> Iterator[Comparison]:
    same = (
        other
        for other in every
        if _is_other(other, said)
        and is_same(said.statement, other.statement)
        and _may_agree(said, other)
    )
    agreeing = _one_a_document(chain([said], same))
    differing = _one_a_document(
        other for other in every if contradicts(said, other) and not _says_both(said, other, every)
    )
    if differing:
        against = (o for o in agreeing if any(contradicts(o, other) for other in differing))
        yield _differ(list(against), differing)
    if len(agreeing) > 1:
        yield Comparison(
            relation=Relation.AGREE,
            voices=tuple(_voice(each.hit, each.statement.text) for each in agreeing),
        )


def _differ(agreeing: Sequence[Said], differing: Sequence[Said]) -> Comparison:
    told: dict[DocumentId, str] = {}
    for other in differing:
        if apart := difference(agreeing[0].statement, other.statement):
            told.update({each.hit.document.id: apart.first for each in agreeing})
            told[other.hit.document.id] = apart.second
    ordered, known = newest_first([each.hit for each in (*agreeing, *differing)])
    return Comparison(
        relation=Relation.DIFFER,
        voices=tuple(_voice(hit, told[hit.document.id], label) for hit, label in ordered),
        known=known,
    )


def _differing(one: Said, other: Said) -> Kind | None:
    if not _is_other(one, other) or not _is_comparable(one, other):
        return None
    apart = difference(one.statement, other.statement)
    if apart is None:
        return None
    is_kin = _are_editions(one.hit.document, other.hit.document)
    named = one.statement.names & other.statement.names
    if not is_kin and (apart.kind is not Kind.FIGURE or not named or not _is_measure(apart)):
        return None
    return apart.kind


def _is_measure(apart: Difference) -> bool:
    """Whether figures have a unit or a fraction; others may number one thing and another."""
    return all(
        any(each.unit not in ("", MONTH) or each.value % 1 for each in numbers(told))
        for told in (apart.first, apart.second)
    )


def _is_comparable(one: Said, other: Said) -> bool:
    """Whether both speak of the same time, under the same heading."""
    documents = one.hit.document, other.hit.document
    if any(map(_is_of_a_period, documents)):
        return False
    years = {date.order[0] if date else None for date in map(named_date, documents)}
    if len(years) > 1 and _THEN.search(one.statement.text):
        return False
    if _OWN.search(one.statement.text) and not _are_editions(*documents):
        return False
    headings = [set(content_words(" ".join(s.hit.passage.heading_path[-1:]))) for s in (one, other)]
    return not all(headings) or not headings[0].isdisjoint(headings[1])


def _may_agree(one: Said, other: Said) -> bool:
    return not _OWN.search(one.statement.text) or _are_editions(
        one.hit.document, other.hit.document
    )


def _says_both(said: Said, other: Said, every: Sequence[Said]) -> bool:
    """Whether one of both documents says the one thing and the other: of two things, then."""
    return any(
        (_is_of(each, other) and is_same(each.statement, said.statement))
        or (_is_of(each, said) and is_same(each.statement, other.statement))
        for each in every
    )


def _are_editions(one: Document, other: Document) -> bool:
    words = subject_words(one)
    return bool(words) and words == subject_words(other)


def _is_of_a_period(document: Document) -> bool:
    words = name_words(document.name) | name_words(document.title)
    return any(_OF_A_PERIOD.fullmatch(word) for word in words)


def _is_of(one: Said, other: Said) -> bool:
    return one.hit.document.id == other.hit.document.id


def _is_other(one: Said, other: Said) -> bool:
    return not _is_of(one, other)


def _one_a_document(every: Iterator[Said]) -> list[Said]:
    first: dict[DocumentId, Said] = {}
    for said in every:
        first.setdefault(said.hit.document.id, said)
    return list(first.values())


def _voice(hit: Hit, says: str, edition: str = "") -> Voice:
    return Voice(
        document_id=hit.document.id,
        document_name=hit.document.name,
        passage_id=hit.passage.id,
        says=" ".join(says.split()),
        edition=edition,
    )


def _is_told(comparison: Comparison, other: Comparison) -> bool:
    """Whether another one says it already."""
    here, there = ({v.document_id for v in each.voices} for each in (comparison, other))
    if comparison.relation is Relation.AGREE:
        return here <= there
    return {(v.document_id, v.says) for v in comparison.voices} == {
        (v.document_id, v.says) for v in other.voices
    }


def _silent(query: Query, citations: Sequence[Citation], hits: Sequence[Hit]) -> int:
    asked = query.scope.document_ids
    if asked is None or not FEWEST_ASKED <= len(asked) <= MOST_ASKED or not citations:
        return 0
    wanted = set(stems(content_words(query.text), ""))
    speaking = {citation.document_id for citation in citations}
    for hit in hits:
        held = wanted & set(stems(content_words(hit.passage.text), ""))
        if len(held) >= OF_THE_QUESTION * len(wanted):
            speaking.add(hit.document.id)
    return len(asked - speaking)
