"""Numbers and dates as a spreadsheet shows them, but without thousands separators.

Source: ECMA-376 part 1, 18.8.30 and 18.8.31 (number formats).
"""

import re
from datetime import datetime, time, timedelta
from functools import lru_cache
from math import isfinite
from types import MappingProxyType

BUILT_IN = MappingProxyType(
    {0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%"}
    | {5: "$#,##0", 6: "$#,##0", 7: "$#,##0.00", 8: "$#,##0.00", 11: "0.00E+00", 49: "@"}
    | dict.fromkeys((14, 15, 16, 17, *range(27, 32), 36, *range(50, 59)), "yyyy-mm-dd")
    | dict.fromkeys((18, 19, 20, 21, *range(32, 36), 45, 46, 47), "h:mm:ss")
    | {22: "yyyy-mm-dd h:mm", 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00"}
    | {41: "#,##0", 42: "$#,##0", 43: "#,##0.00", 44: "$#,##0.00"}
)
"""The codes of formats that files name by number only; of dates, what they tell."""

MAX_CODE = 1000
LAST_DAY = 2_958_466  # the year 9999 ends here
GENERAL_DIGITS = 11
EXACT_DIGITS = 15
MAX_INTEGER = 10**17

_LITERAL = re.compile(r'"[^"]*(?:"|$)|\\.|[_*].')
_CURRENCY = re.compile(r"\[\$([^\]\-]{1,5})(?:-[^\]]*)?\]|([$€£¥₹₽₩])")
_BRACKETS = re.compile(r"\[[^\]]*\]")
_ELAPSED = re.compile(r"\[[hms]+\]", re.I)
_NUMBER = re.compile(r"[0#?][0#?,]*(?:\.([0#?]*))?")


def shown(value: float, code: str, *, since_1904: bool = False) -> str:
    """A stored number as its cell's format shows it: a date, a percentage, rounded."""
    section = _section(code[:MAX_CODE], value)
    bare = _BRACKETS.sub("", _LITERAL.sub("", section))
    if re.search("[ymdhs]", bare, re.I) or _ELAPSED.search(section):
        return _moment(value, bare, elapsed=bool(_ELAPSED.search(section)), since_1904=since_1904)
    digits = _NUMBER.search(bare)
    if digits is None or re.search(r"[Ee/]|General", bare):
        return plain(value)
    if "%" in bare:
        return f"{_rounded(value * 100, digits[1])}%"
    if bare[digits.end() :].startswith(",") or digits[0].endswith(","):
        return plain(value)  # shown in thousands, whose unit only a person can tell
    currency = _CURRENCY.search(section)
    sign = (currency[1] or currency[2]).strip() if currency else ""
    return f"{sign}{' ' if sign.isalpha() else ''}{_rounded(value, digits[1])}"


def plain(value: float) -> str:
    """A number in as few digits as a cell without a format shows."""
    if not isfinite(value):
        return ""
    if value == int(value) and abs(value) < MAX_INTEGER:
        return str(int(value))
    return f"{value:.{GENERAL_DIGITS if abs(value) < 10**8 else EXACT_DIGITS}g}"


def told(value: object) -> str:
    """A value that a library has made of a cell; dates in ISO 8601."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return plain(value)
    if isinstance(value, timedelta):
        return _span(value.total_seconds())
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds") if value.time() else value.date().isoformat()
    if isinstance(value, time):
        return value.isoformat("seconds")
    return str(value)  # of a date, its ISO form


def _section(code: str, value: float) -> str:
    """A format has up to four parts: for positive, negative, zero and text."""
    parts = _sections(code)
    if value < 0 and len(parts) > 1:
        return parts[1]
    return parts[2] if value == 0 and len(parts) > 2 else parts[0]


@lru_cache(maxsize=1024)
def _sections(code: str) -> list[str]:
    parts, start = [], 0
    blanked = _LITERAL.sub(lambda literal: "x" * len(literal[0]), code)
    for mark in re.finditer(";", blanked):
        parts.append(code[start : mark.start()])
        start = mark.end()
    return [*parts, code[start:]]


def _rounded(value: float, decimals: str | None) -> str:
    return plain(round(value, min(len(decimals or ""), EXACT_DIGITS)))


def _moment(value: float, bare: str, *, elapsed: bool, since_1904: bool) -> str:
    """A day and time counted in days; days before March 1900 are one off in Excel's count."""
    if elapsed:
        return _span(value * 86_400)
    if not 0 <= value < LAST_DAY:
        return plain(value)
    first = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30)  # noqa: DTZ001
    if value < 60 and not since_1904:
        first += timedelta(days=1)
    moment = first + timedelta(seconds=round(value * 86_400))
    has_day = re.search("[yd]|mmm", bare, re.I)
    has_time = re.search("[hs]", bare, re.I)
    if has_day and has_time:
        return moment.isoformat(" ", "seconds")
    return moment.time().isoformat("seconds") if has_time else moment.date().isoformat()


def _span(seconds: float) -> str:
    whole = round(abs(seconds))
    sign = "-" if seconds < 0 else ""
    return f"{sign}{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
