"""Questions that count or compute over a table, understood without a model.

Each content word of the question must be accounted for: by what is computed, by a column, by a
cell, by a date, or by what the table is called. Else the question is none of these.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kb.answering.tables import Table, number_of
from kb.domain.stems import stems
from kb.domain.words import ENGLISH, STOP_WORDS, words

if TYPE_CHECKING:
    import pandas as pd

_OPERATIONS = (
    ("count", r"\bhow many\b|\b(?:the )?(?:number|count) of\b|^count\b"),
    ("sum", r"\b(?:the )?(?:sum|total)(?: of)?\b|\bhow much\b(?=.*\bin total\b)"),
    ("mean", r"\b(?:average|mean)\b"),
    ("max", r"\b(?:highest|largest|greatest|biggest|maximum|max)\b"),
    ("min", r"\b(?:lowest|smallest|least|minimum|min)\b(?! \d)"),
)
_TOLD = {
    "count": "Number of rows",
    "sum": "Sum of {column}",
    "mean": "Average of {column}",
    "max": "Highest {column}",
    "min": "Lowest {column}",
}
_MORE = re.compile(r"\b(?:more than|over|above|greater than|higher than)\s+(?P<value>[\d.,]*\d)")
_LESS = re.compile(r"\b(?:less than|under|below|fewer than|lower than)\s+(?P<value>[\d.,]*\d)")
_MONTHS = (
    "january february march april may june july august september october november december".split()
)
_MONTH = re.compile(rf"\b(?:in|for|during)\s+({'|'.join(_MONTHS)})\b(?:\s+((?:19|20)\d\d)\b)?")
_YEAR = re.compile(r"\b(?:in|for|during)\s+((?:19|20)\d\d)\b")
_ROWS = frozenset(stems(["row", "rows", "entry", "entries", "record", "records", "line"], ENGLISH))
_SAYING = frozenset("status value values column table sheet file in total equal equals".split())
_TELLING = frozenset(
    """
    not no nor or other before after until between under over above below more most few same own
    each only both against during through aren couldn d didn doesn don hadn hasn haven isn ll t
    wasn weren won wouldn
    """.split()
)
"""Stop-words that change what is computed; where one is left, the question is not understood."""

_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculation:
    """What is computed of which column of a table, and how that is told.

    `rows` are those that bear the result out, of all that were `used`.
    """

    table: Table
    operation: str
    column: str
    rows: tuple[int, ...]
    used: int
    conditions: tuple[str, ...]
    value: float

    @property
    def figure(self) -> str:
        """What was computed, and the result."""
        result = f"{round(self.value, 6):,.6f}".rstrip("0").rstrip(".")
        return f"{_TOLD[self.operation].format(column=self.column)}: {result}"

    @property
    def over(self) -> str:
        """The rows of which it was computed, in plain words."""
        where = f" where {' and '.join(self.conditions)}" if self.conditions else ""
        return f"{self.used:,} of {len(self.table.rows):,} rows{where}, in {self.table.place}"


def may_calculate(question: str) -> bool:
    """Whether the question has the form of one that counts or computes."""
    asked = question.lower()
    return len(asked) <= _LONGEST and any(re.search(form, asked) for _, form in _OPERATIONS)


def calculation(question: str, tables: Sequence[Table]) -> Calculation | None:
    """The one calculation that accounts for the whole question; None where none or several do."""
    found = [made for table in tables if table.rows for made in _calculations(question, table)]
    if len(found) > 1:
        named = [made for made in found if _names_table(question, made.table)]
        found = named or found
    return found[0] if len(found) == 1 else None


@dataclass(slots=True)
class _Reading:
    """What of a question is accounted for, and the rows that its conditions leave."""

    table: Table
    frame: "pd.DataFrame"
    left: str
    conditions: list[str] = field(default_factory=list)
    kept: "pd.Series | None" = None

    def keep(self, rows: "pd.Series", condition: str) -> None:
        self.kept = rows if self.kept is None else self.kept & rows
        self.conditions.append(condition)

    def take(self, match: re.Match[str]) -> None:
        self.left = f"{self.left[: match.start()]} {self.left[match.end() :]}"


def _calculations(question: str, table: Table) -> Iterator[Calculation]:
    asked = question.lower().strip(" ?.!")
    operations = [(name, match) for name, form in _OPERATIONS if (match := re.search(form, asked))]
    if len(operations) != 1:
        return
    operation, match = operations[0]
    reading = _Reading(table, table.frame(), asked)
    reading.take(match)
    filtered = list(_cells(reading))
    # Two cells of one column: of the one or of the other, or none has both.
    if len(set(filtered)) < len(filtered) or not _dates(reading):
        return
    columns = _columns(reading)
    compared = _compared(reading, columns)
    if compared is None or _unaccounted(reading):
        return
    wanted = [
        name
        for name in columns
        if name not in filtered and name not in compared and not _is_of_table(reading, name)
    ]
    made = _computed(reading, operation, wanted)
    if made is not None:
        yield made


def _computed(reading: _Reading, operation: str, wanted: list[str]) -> Calculation | None:
    """None where the column is not clear, or holds no numbers, or no row is left."""
    rows = reading.frame if reading.kept is None else reading.frame[reading.kept]
    column = wanted[0] if len(wanted) == 1 else ""
    if operation == "count":
        # "How many cities" means different ones: rows are those only where each is its own.
        unclear = wanted and not (column and rows[column].is_unique and rows[column].notna().all())
        value = float(len(rows))
    else:
        unclear = not column or rows[column].dtype != "float64"
        rows = rows if unclear else rows[rows[column].notna()]
        unclear = unclear or rows.empty
        value = 0.0 if unclear else float(getattr(rows[column], operation)())
    if unclear:
        return None
    used = len(rows)
    if operation in ("max", "min"):
        rows = rows[rows[column] == value]
    return Calculation(
        table=reading.table,
        operation=operation,
        column=column,
        rows=tuple(int(at) for at in rows.index),
        used=used,
        conditions=tuple(reading.conditions),
        value=value,
    )


def _cells(reading: _Reading) -> Iterator[str]:
    """The columns of which the question names a cell, longest cells first."""
    known: dict[str, set[str]] = {}
    for column in reading.frame.columns:
        if reading.frame[column].dtype == "object":
            for value in reading.frame[column].dropna().unique():
                known.setdefault(value.lower(), set()).add(column)
    for value in sorted(known, key=len, reverse=True):
        match = re.search(rf"(?<!\w){re.escape(value)}(?!\w)", reading.left)
        if match is None or not words(value) or set(words(value)) <= STOP_WORDS:
            continue
        of = [
            name for name in known[value] if len(known[value]) == 1 or name.lower() in reading.left
        ]
        if len(of) == 1:
            reading.take(match)
            same = reading.frame[of[0]].str.lower() == value
            reading.keep(same, f"{of[0]} is {reading.frame[of[0]][same].iloc[0]}")
            yield of[0]


def _dates(reading: _Reading) -> bool:
    """Keep the rows of a month or a year; False where it is not clear of which column."""
    match = _MONTH.search(reading.left) or _YEAR.search(reading.left)
    if match is None:
        return True
    dated = [c for c in reading.frame.columns if reading.frame[c].dtype.kind == "M"]
    if len(dated) != 1:
        return False
    (column,) = dated
    moments = reading.frame[column].dt
    if match.re is _YEAR:
        reading.keep(moments.year == int(match[1]), f"{column} is in {match[1]}")
    else:
        rows = moments.month == _MONTHS.index(match[1]) + 1
        if match[2]:
            rows &= moments.year == int(match[2])
        said = " ".join(part for part in (match[1].title(), match[2]) if part)
        reading.keep(rows, f"{column} is in {said}")
    reading.take(match)
    return True


def _columns(reading: _Reading) -> list[str]:
    """The columns that the question names, the longest names first, each taken out of it."""
    named = []
    for column in sorted(reading.frame.columns, key=len, reverse=True):
        wanted = set(_stems(column))
        asked = dict(zip(_stems(reading.left), words(reading.left), strict=True))
        if wanted and wanted <= asked.keys():
            named.append(column)
            for stem in wanted:
                reading.left = re.sub(rf"\b{re.escape(asked[stem])}\b", " ", reading.left)
    return named


def _compared(reading: _Reading, columns: Sequence[str]) -> set[str] | None:
    """The column that is compared with a number; None where it is not clear which."""
    numeric = [name for name in columns if reading.frame[name].dtype == "float64"]
    for form, sign in ((_MORE, "more"), (_LESS, "less")):
        match = form.search(reading.left)
        if match is None:
            continue
        limit = number_of(match["value"])
        if limit is None or len(numeric) != 1:
            return None
        cells = reading.frame[numeric[0]]
        rows = cells > limit if sign == "more" else cells < limit
        reading.keep(rows, f"{numeric[0]} is {sign} than {match['value']}")
        reading.take(match)
        return set(numeric)
    return set()


def _unaccounted(reading: _Reading) -> set[str]:
    """The content words of the question that nothing has told."""
    told = {*_stems(_called(reading.table)), *_ROWS}
    return {
        word
        for word, stem in zip(words(reading.left), _stems(reading.left), strict=True)
        if word in _TELLING or (word not in STOP_WORDS and word not in _SAYING and stem not in told)
    }


def _is_of_table(reading: _Reading, column: str) -> bool:
    """Whether a column of words is called as the table is, as `Ordered` in orders.xlsx."""
    told = {*_stems(_called(reading.table))}
    return reading.frame[column].dtype != "float64" and {*_stems(column)} <= told


def _names_table(question: str, table: Table) -> bool:
    return bool({*_stems(_called(table))} & {*_stems(question)} - {*_stems(" ".join(_SAYING))})


def _called(table: Table) -> str:
    stem = Path(table.document.name).stem.replace("_", " ")
    return f"{table.page.label} {stem} {table.document.title} {Path(table.document.name).suffix}"


def _stems(text: str) -> list[str]:
    return list(stems(words(text), ENGLISH))
