"""Exact search over the pages' texts.

The word index chooses the pages where it can; their text decides. Running heads and feet stand in
a page's text but in no passage: what begins in them is no place.
Not covered: a word that was cut in two because a passage had no other place to end.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select, text

from kb.adapters.exact_patterns import Deadline, Matcher, matcher
from kb.adapters.sql import fulltext
from kb.adapters.sql.documents import SqlDocuments
from kb.adapters.sql.errors import translated
from kb.adapters.sql.tables import pages, passages
from kb.adapters.sql.word_forms import any_form
from kb.domain.access import Scope
from kb.domain.documents import FINDABLE, PAGE_SEPARATOR, DocumentId, PassageId
from kb.domain.exact import Exact, Place, Places

BEFORE, AFTER = 70, 130
"""Characters of the line round a place that stand before it and after its beginning."""

LONGEST_MARK = 400

_SPACES = re.compile(r"\s+")


class SqlPlaceIndex:
    """Finds places in the records; a search ends after `seconds`."""

    def __init__(self, engine: Engine, seconds: float = 20.0) -> None:
        self._engine = engine
        self._seconds = seconds

    def find(self, query: Exact, scope: Scope, *, first: int = 0, most: int = 50) -> Places:
        """Count all places, in order of document and page, and list `most` from `first` on.

        One page's text is in memory at a time. Raises InvalidInputError for a bad pattern.
        """
        finding = _Finding(
            matcher=matcher(query),
            deadline=Deadline(monotonic() + self._seconds),
            listed=range(first, first + most),
        )
        with translated(), self._engine.begin() as connection:
            return finding.over(connection, scope)


@dataclass(slots=True, kw_only=True)
class _Finding:
    """One search on its way through the pages."""

    matcher: Matcher
    deadline: Deadline
    listed: range
    found: list[Place] = field(default_factory=list)
    count: int = 0
    documents: int = 0
    holding: DocumentId | None = None

    def over(self, connection: Connection, scope: Scope) -> Places:
        """Look at every page that may hold a place."""
        complete = True
        of: _Passages | None = None
        try:
            for page in _pages(connection, scope, self.matcher.tokens):
                if of is None or of.document_id != page.id:
                    of = _Passages(connection, DocumentId(page.id))
                self._count(page, of)
        except (TimeoutError, MemoryError):
            complete = False
        return Places(
            listed=tuple(self.found),
            count=self.count,
            documents=self.documents,
            complete=complete,
        )

    def _count(self, page: Row[Any], of: "_Passages") -> None:
        for start, end in self.matcher.spans(page.text, self.deadline):
            if of.holding(page.number, start) is None:
                continue
            if self.count in self.listed:
                self.found.append(of.place(page.number, page.text, start, end))
            self.count += 1
            if self.holding != of.document_id:
                self.holding = of.document_id
                self.documents += 1


class _Passages:
    """Where the passages of one document stand on its pages; asked for at the first match."""

    def __init__(self, connection: Connection, document_id: DocumentId) -> None:
        self._connection = connection
        self.document_id = document_id

    def holding(self, page: int, at: int) -> Row[Any] | None:
        """The passage that holds this character of the page."""
        place = self._page_starts.get(page, 0) + at
        index = bisect_right(self._starts, place) - 1
        row = self._rows[index] if index >= 0 else None
        return row if row is not None and place < row.end else None

    def place(self, page: int, page_text: str, start: int, end: int) -> Place:
        """The place of a page's characters start..end."""
        passage = self.holding(page, start)
        if passage is None:
            raise ValueError("not in a passage")
        before = self._page_starts.get(page, 0)
        begin, stop = passage.start - before, max(passage.end - before, end)
        first, last = line_round(page_text, start, end)
        line, mark = as_shown(page_text, (first, last), (start, end))
        return Place(
            document=SqlDocuments(self._connection).get(self.document_id),
            page=page,
            passage_id=PassageId(passage.id),
            heading_path=tuple(json.loads(passage.heading_path)),
            start=before + start,
            end=before + end,
            passage_text=page_text[begin:stop],
            quote=page_text[max(first, begin) : min(last, stop)].strip(),
            text=line,
            mark=mark,
        )

    @cached_property
    def _rows(self) -> list[Row[Any]]:
        return list(
            self._connection.execute(
                select(passages.c.id, passages.c.start, passages.c.end, passages.c.heading_path)
                .where(passages.c.document_id == self.document_id)
                .order_by(passages.c.ordinal)
            )
        )

    @cached_property
    def _starts(self) -> list[int]:
        return [row.start for row in self._rows]

    @cached_property
    def _page_starts(self) -> dict[int, int]:
        """Where each page begins in the document's text."""
        lengths = self._connection.execute(
            select(pages.c.number, func.length(pages.c.text))
            .where(pages.c.document_id == self.document_id)
            .order_by(pages.c.number)
        )
        starts, position = {}, 0
        for number, length in lengths:
            starts[number] = position
            position += length + len(PAGE_SEPARATOR)
        return starts


def _pages(connection: Connection, scope: Scope, tokens: tuple[str, ...]) -> Iterator[Row[Any]]:
    """Document id, number and text of each page to look at, streamed in order."""
    values: dict[str, object] = {"base": scope.knowledge_base_id, "states": json.dumps(FINDABLE)}
    within = ""
    if scope.document_ids is not None:
        within = "AND d.id IN (SELECT value FROM json_each(:documents)) "
        values["documents"] = json.dumps(sorted(scope.document_ids))
    if tokens and fulltext.exists(connection, scope.knowledge_base_id):
        table = fulltext.table_name(scope.knowledge_base_id)
        within += f"AND (p.document_id, p.number) IN ({_holding(table, len(tokens))}) "
        spoken = fulltext.languages(connection, scope.knowledge_base_id)
        values |= {f"token{n}": any_form(token, spoken) for n, token in enumerate(tokens)}
    # The order is that of the indexes, so that nothing has to be sorted: rows come at once.
    yield from connection.execute(
        text(
            "SELECT d.id, p.number, p.text FROM documents AS d "  # noqa: S608
            "CROSS JOIN pages AS p ON p.document_id = d.id "
            "WHERE d.knowledge_base_id = :base "
            f"AND d.state IN (SELECT value FROM json_each(:states)) {within}"
            "ORDER BY d.name, d.rowid, p.number"
        ),
        values,
    )


def _holding(table: str, count: int) -> str:
    """The pages on which each of the tokens stands in some passage."""
    return " INTERSECT ".join(
        f"SELECT q.document_id, q.page_first FROM {table} AS f "  # noqa: S608
        f"JOIN passages AS q ON q.seq = f.rowid WHERE {table} MATCH :token{n}"
        for n in range(count)
    )


def line_round(text: str, start: int, end: int) -> tuple[int, int]:
    """The span of whole words round characters start..end, or round the first of them."""
    first, last = max(0, start - BEFORE), min(len(text), max(_shown(start, end), start + AFTER))
    if first and (space := _SPACES.search(text, first, start)):
        first = space.end()
    if last < len(text):
        spaces = list(_SPACES.finditer(text, _shown(start, end), last))
        last = spaces[-1].start() if spaces else last
    return first, last


def as_shown(
    text: str, line: tuple[int, int], place: tuple[int, int]
) -> tuple[str, tuple[int, int]]:
    """The span `line` as one line, and where in it the place is."""
    (first, last), (start, end) = line, (place[0], _shown(*place))
    lead = ("…" if first else "") + _one_line(text[first:start]).lstrip()
    said = _one_line(text[start:end])
    rest = _one_line(text[end:last]).rstrip() + ("…" if last < len(text) else "")
    return lead + said + rest, (len(lead), len(lead) + len(said))


def _shown(start: int, end: int) -> int:
    return min(end, start + LONGEST_MARK)


def _one_line(stretch: str) -> str:
    return _SPACES.sub(" ", stretch)
