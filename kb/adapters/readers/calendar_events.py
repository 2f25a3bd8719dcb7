"""Calendars (.ics): each event, task and note with its times.

Source: RFC 5545.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from kb.adapters.readers.content_lines import Property, properties
from kb.adapters.readers.plain import decode
from kb.adapters.readers.text import MAX_TITLE, TextBuilder, one_line, tidy
from kb.domain.documents import ElementKind, ParsedDocument
from kb.domain.errors import DamagedFileError

ENTRIES = {"VEVENT": "Event", "VTODO": "Task", "VJOURNAL": "Note"}
LABELS = {
    "DTSTART": "Start",
    "DTEND": "End",
    "DUE": "Due",
    "COMPLETED": "Completed",
    "DURATION": "Duration",
    "RRULE": "Repeats",
    "LOCATION": "Location",
    "ORGANIZER": "Organizer",
    "ATTENDEE": "Attendee",
    "STATUS": "Status",
    "CATEGORIES": "Categories",
    "CONTACT": "Contact",
    "COMMENT": "Comment",
    "URL": "Link",
}
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?")


@dataclass(slots=True)
class _Entry:
    """An entry as it is read: its title, lines with labels, and its description."""

    kind: str
    title: str = ""
    lines: list[str] = field(default_factory=list)
    description: str = ""


def read(path: Path) -> ParsedDocument:
    """Each entry under its title, as one page."""
    builder = TextBuilder()
    inside: list[str] = []
    seen = False
    entry: _Entry | None = None
    for found in properties(decode(path.read_bytes())):
        if found.name == "BEGIN":
            seen = True
            inside.append(found.value.strip().upper())
            if inside[-1] in ENTRIES:
                entry = _Entry(kind=ENTRIES[inside[-1]])
        elif found.name == "END":
            ended = inside.pop() if inside else ""
            if entry and ended in ENTRIES:
                _add(builder, entry)
                entry = None
        elif found.name == "X-WR-CALNAME" and not builder.title:
            builder.title = one_line(found.text)
        elif entry and inside and inside[-1] in ENTRIES:  # an alarm inside an event is left out
            _take(entry, found)
    if not seen:
        raise DamagedFileError("The file is not a calendar.")
    return builder.document()


def _take(entry: _Entry, found: Property) -> None:
    if found.name == "SUMMARY":
        entry.title = one_line(found.text)
    elif found.name == "DESCRIPTION":
        entry.description = tidy(found.text)
    elif found.name in LABELS and (value := _told(found)):
        entry.lines.append(f"{LABELS[found.name]}: {value}")


def _told(found: Property) -> str:
    """A time with its zone, a person with name and address, else the text."""
    if moment := _MOMENT.fullmatch(found.value.strip()):
        return _moment(moment, found.parameters.get("TZID", ""))
    if found.name in ("ORGANIZER", "ATTENDEE"):
        address = re.sub("^mailto:", "", found.value.strip(), flags=re.I)
        name = found.parameters.get("CN", "")
        return one_line(f"{name} <{address}>" if name and name != address else address)
    if found.name == "RRULE":
        return one_line(found.value.removeprefix("FREQ=").replace(";", ", ").replace("=", " "))
    return one_line(found.text)


def _moment(found: re.Match[str], zone: str) -> str:
    year, month, day, hour, minute, second, utc = found.groups()
    told = f"{year}-{month}-{day}"
    if hour is None:
        return told
    told += f" {hour}:{minute}" + (f":{second}" if second != "00" else "")
    return told + (" UTC" if utc else f" ({zone})" if zone else "")


def _add(builder: TextBuilder, entry: _Entry) -> None:
    builder.add(ElementKind.TITLE, (entry.title or entry.kind)[:MAX_TITLE], level=1)
    builder.add(ElementKind.TABLE, "\n".join(entry.lines))
    builder.add(ElementKind.PARAGRAPH, entry.description)
