"""Answers a question for every place that says something: a counted list, made without a model."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter

from kb.answering.prompts import unmarked, unmarked_line
from kb.domain.conversations import (
    Answer,
    AnswerEvent,
    Citation,
    Claim,
    Finished,
    How,
    Retrieved,
    Support,
    Token,
)
from kb.domain.documents import PassageId
from kb.domain.exact import ExactQuery, Place, Places
from kb.domain.retrieval import Query, Ranking
from kb.ports import PlaceIndex

LISTED = 50
"""How many places one answer lists; Search lists them all."""

NO_PLACE = "No page of your documents says {}."
THE_FIRST = "These are the first {listed:,}; Search lists them all."
NOT_ALL = "The search took too long and was ended, so there may be more."


@dataclass(slots=True, kw_only=True)
class PlaceList:
    """One question for places on its way to its answer."""

    places: PlaceIndex
    wanted: ExactQuery
    stopped: bool = False
    begun: float = field(default_factory=perf_counter)

    def events(self, query: Query) -> Iterator[AnswerEvent]:
        """Retrieved without passages, the list as one Token, Finished."""
        found = self.places.find(self.wanted, query.scope, most=LISTED)
        ms = (perf_counter() - self.begun) * 1000
        yield Retrieved(ranking=Ranking(query=query, hits=()))
        elapsed = {"places": ms, "total": ms}
        if not found.count:
            reason = NO_PLACE.format(told(self.wanted))
            if not found.complete:
                reason = f"{reason} {NOT_ALL}"
            yield Finished(answer=Answer(text="", refused=True, reason=reason, elapsed_ms=elapsed))
            return
        text, citations = written(self.wanted, found)
        if not self.stopped:
            yield Token(text=text)
        yield Finished(answer=Answer(text=text, citations=citations, elapsed_ms=elapsed))

    def stop(self) -> None:
        """Say no more."""
        self.stopped = True


def told(wanted: ExactQuery) -> str:
    """What is looked for, as one says it."""
    said = " and ".join(f"“{term}”" for term in wanted.wanted)
    without = " or ".join(f"“{term}”" for term in wanted.excluded)
    return unmarked(f"{said} without {without}" if without else said)


def written(wanted: ExactQuery, found: Places) -> tuple[str, tuple[Citation, ...]]:
    """The list under its documents' names, each place with the mark of its passage."""
    verb = "says" if found.count == 1 else "say"
    text = f"{found.told} {verb} {told(wanted)}."
    if found.count > len(found.listed):
        text += " " + THE_FIRST.format(listed=len(found.listed))
    if not found.complete:
        text += f" {NOT_ALL}"
    numbers: dict[PassageId, int] = {}
    citations: list[Citation] = []
    name = None
    for place in found.listed:
        if place.document.name != name:
            name = place.document.name
            text += f"\n\n{unmarked_line(name)}:\n"
        number = numbers.setdefault(place.passage_id, len(numbers) + 1)
        claim = f"{_line(place)} [{number}]"
        start = len(text) + len("\n- ")
        text += f"\n- {claim}"
        citations.append(_citation(place, number, Claim(text=claim, start=start, end=len(text))))
    return text, tuple(citations)


def _line(place: Place) -> str:
    line = unmarked(place.text)
    return f"p. {place.page}: {line}" if place.document.page_count is not None else line


def _citation(place: Place, number: int, claim: Claim) -> Citation:
    return Citation(
        number=number,
        claim=claim,
        passage_id=place.passage_id,
        document_id=place.document.id,
        document_name=place.document.name,
        page=place.page,
        paged=place.document.page_count is not None,
        quote=place.quote,
        text=place.passage_text,
        support=Support.SUPPORTED,
        how=How.QUOTED,
        score=1.0,
    )
