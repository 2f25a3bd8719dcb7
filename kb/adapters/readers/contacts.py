"""Contacts (.vcf): each person or firm with what is known of them.

Source: RFC 6350 (vCard 4), and versions 2.1 and 3.
"""

import re
from pathlib import Path

from kb.adapters.readers.content_lines import Property, properties
from kb.adapters.readers.plain import decode
from kb.adapters.readers.text import MAX_TITLE, TextBuilder, one_line
from kb.domain.documents import ElementKind, ParsedDocument
from kb.domain.errors import DamagedFileError

LABELS = {
    "NICKNAME": "Nickname",
    "ORG": "Organization",
    "TITLE": "Job title",
    "ROLE": "Role",
    "EMAIL": "Email",
    "TEL": "Phone",
    "ADR": "Address",
    "URL": "Website",
    "BDAY": "Birthday",
    "ANNIVERSARY": "Anniversary",
    "CATEGORIES": "Categories",
    "RELATED": "Related",
    "LANG": "Language",
    "NOTE": "Note",
}
SHOWN_TYPES = {"HOME": "home", "WORK": "work", "CELL": "mobile", "FAX": "fax", "PAGER": "pager"}
_DAY = re.compile(r"(\d{4})(\d\d)(\d\d)")


def read(path: Path) -> ParsedDocument:
    """Each contact under its name, as one page."""
    builder = TextBuilder()
    card: list[Property] | None = None
    seen = False
    for found in properties(decode(path.read_bytes())):
        mark = (found.name, found.value.strip().upper())
        if mark == ("BEGIN", "VCARD"):
            card, seen = [], True
        elif mark == ("END", "VCARD") and card is not None:
            _add(builder, card)
            card = None
        elif card is not None:
            card.append(found)
    if not seen:
        raise DamagedFileError("The file holds no contacts.")
    return builder.document()


def _add(builder: TextBuilder, card: list[Property]) -> None:
    name = _name(card)
    builder.add(ElementKind.TITLE, name[:MAX_TITLE], level=1)
    lines = [f"Name: {name}"]
    for found in card:
        if found.name in LABELS and (value := _value(found)):
            lines.append(f"{LABELS[found.name]}{_type(found)}: {value}")
    builder.add(ElementKind.TABLE, "\n".join(lines))


def _name(card: list[Property]) -> str:
    """The name as it is shown, else put together from its parts, else the firm's."""
    found = {one.name: one for one in reversed(card)}
    if "FN" in found and (name := one_line(found["FN"].text)):
        return name
    if "N" in found:
        family, given, middle, prefix, suffix = (*found["N"].parts, "", "", "", "", "")[:5]
        if name := one_line(" ".join((prefix, given, middle, family, suffix))):
            return name
    return _value(found["ORG"]) if "ORG" in found else "Contact"


def _value(found: Property) -> str:
    if found.name in ("ADR", "ORG"):
        return one_line(", ".join(filter(None, found.parts)))
    if found.name in ("BDAY", "ANNIVERSARY"):
        return one_line(_DAY.sub(r"\1-\2-\3", found.value))
    return re.sub("^(tel|mailto):", "", one_line(found.text), flags=re.I)


def _type(found: Property) -> str:
    """Whether a number or address is for home or work, where that is told."""
    given = [*found.parameters, *found.parameters.get("TYPE", "").split(",")]
    told = [SHOWN_TYPES[one.upper()] for one in given if one.upper() in SHOWN_TYPES]
    return f" ({', '.join(dict.fromkeys(told))})" if told else ""
