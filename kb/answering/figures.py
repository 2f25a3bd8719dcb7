"""Answers a question that counts or computes over a table, with the rows that were used."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter

from kb.answering.calculations import Calculation, calculation, may_calculate
from kb.answering.material import findable
from kb.answering.prompts import unmarked_line
from kb.answering.tables import SHEETS, Row, passage_of, tables_of
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
from kb.domain.documents import Passage
from kb.domain.retrieval import Hit, Query, Ranking, Scores
from kb.retrieval.retriever import HybridRetriever

LISTED = 10
"""How many of the rows used an answer shows."""

MOST_PASSAGES = 20_000
"""Spreadsheets of more passages together are not looked through for a question."""


def figure_of(query: Query, retriever: HybridRetriever) -> "Figure | None":
    """The computed answer to a question; None where no table accounts for all of its words."""
    if not may_calculate(query.text):
        return None
    records = retriever.records
    sheets = [one for one in findable(records, query.scope) if one.media_type in SHEETS]
    if not sheets or sum(one.passage_count for one in sheets) > MOST_PASSAGES:
        return None
    with records.reading() as view:
        tables = [table for one in sheets for table in tables_of(one, view.documents.pages(one.id))]
        made = calculation(query.text, tables)
        if made is None:
            return None
        passages = view.documents.passages_of(made.table.document.id)
    rows = [made.table.rows[at] for at in made.rows[:LISTED]]
    held = [(row, passage) for row in rows if (passage := passage_of(row, passages))]
    return Figure(made=made, rows=held) if held or not made.rows else None


@dataclass(slots=True, kw_only=True)
class Figure:
    """A computed figure on its way to an answer: `rows` are shown, each with its passage."""

    made: Calculation
    rows: list[tuple[Row, Passage]]
    stopped: bool = False
    begun: float = field(default_factory=perf_counter)

    def events(self, query: Query) -> Iterator[AnswerEvent]:
        """What is cited as Retrieved, the text as one Token, Finished."""
        hits = self._hits()
        yield Retrieved(ranking=Ranking(query=query, hits=tuple(hits)))
        text, citations = self._written({hit.passage.id: hit for hit in hits})
        if not self.stopped:
            yield Token(text=text)
        elapsed = {"total": (perf_counter() - self.begun) * 1000}
        warnings = " ".join(self.made.table.document.warnings)
        yield Finished(
            answer=Answer(text=text, citations=citations, reason=warnings, elapsed_ms=elapsed)
        )

    def stop(self) -> None:
        """Say no more."""
        self.stopped = True

    def _hits(self) -> list[Hit]:
        document = self.made.table.document
        scores = Scores(dense=None, words=None, fused=1.0)
        distinct = {passage.id: passage for _, passage in self.rows}
        return [
            Hit(passage=passage, document=document, rank=rank, scores=scores)
            for rank, passage in enumerate(distinct.values(), 1)
        ]

    def _written(self, hits: dict[str, Hit]) -> tuple[str, tuple[Citation, ...]]:
        marks = "".join(f"[{hit.rank}]" for hit in hits.values())
        text = f"{unmarked_line(self.made.figure)} {marks}".strip()
        text += f"\n\nComputed over {unmarked_line(self.made.over)}{self._left_out()}."
        # The words of the computation are the table's own, too.
        whole = Claim(text=text, start=0, end=len(text))
        citations = [_citation(hit, whole, hit.passage.text) for hit in hits.values()]
        if self.rows:
            text += f"\n\n{self._lead()}:\n"
        for row, passage in self.rows:
            hit = hits[passage.id]
            said = f"{unmarked_line(row.text)} [{hit.rank}]"
            start = len(text) + len("\n- ")
            text += f"\n- {said}"
            claim = Claim(text=said, start=start, end=len(text))
            citations.append(_citation(hit, claim, row.text))
        return text, tuple(citations)

    def _left_out(self) -> str:
        count = self.made.table.totals
        return f"; without {count} that {'is' if count == 1 else 'are'} a total" if count else ""

    def _lead(self) -> str:
        used = len(self.made.rows)
        if used > len(self.rows):
            return f"The first {len(self.rows)} of the {used:,} rows"
        return "The rows" if used > 1 else "The row"


def _citation(hit: Hit, claim: Claim, quote: str) -> Citation:
    return Citation(
        number=hit.rank,
        claim=claim,
        passage_id=hit.passage.id,
        document_id=hit.document.id,
        document_name=hit.document.name,
        page=hit.page,
        paged=hit.document.page_count is not None,
        quote=quote,
        text=hit.passage.text,
        support=Support.SUPPORTED,
        how=How.QUOTED,
        score=1.0,
    )
