"""The lines that calendars and contacts are made of.

Source: RFC 5545, 3.1 (content lines, folding), RFC 6350, 3.3, and vCard 2.1.
"""

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE = re.compile(r"(?:[\w-]+\.)?([\w-]+)((?:;(?:[^\";:]|\"[^\"]*\")*)*):(.*)", re.DOTALL)
_PARAMETER = re.compile(r";([\w-]+)(?:=((?:[^\";]|\"[^\"]*\")*))?")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A name in capitals, its parameters by name in capitals, and its value as written."""

    name: str
    parameters: dict[str, str]
    value: str

    @property
    def text(self) -> str:
        """The value without its escapes."""
        return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], self.value)

    @property
    def parts(self) -> list[str]:
        """The fields of a value that has several, as an address."""
        fields = re.split(r"(?<!\\);", self.value)
        return [_ESCAPED.sub(r"\1", field).strip() for field in fields]


def properties(text: str) -> Iterator[Property]:
    """The properties of a calendar or of contacts; other lines are passed over."""
    for line in _unfolded(text):
        found = _LINE.fullmatch(line)
        if not found:
            continue
        parameters = {
            name.upper(): value.strip('"') for name, value in _PARAMETER.findall(found[2])
        }
        yield Property(
            name=found[1].upper(), parameters=parameters, value=_decoded(found[3], parameters)
        )


def _unfolded(text: str) -> Iterator[str]:
    """Lines put together again: the rest of one begins with a space, or its start ends in `=`."""
    pieces: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        soft = bool(pieces) and pieces[-1].endswith("=") and "QUOTED-PRINTABLE" in pieces[0].upper()
        if pieces and line[:1] in (" ", "\t"):
            pieces.append(line[1:])
        elif soft:
            pieces += ["\n", line]
        else:
            yield "".join(pieces)
            pieces = [line]
    yield "".join(pieces)


def _decoded(value: str, parameters: dict[str, str]) -> str:
    kinds = {value.upper() for value in (*parameters.values(), *parameters)}
    if "QUOTED-PRINTABLE" not in kinds:
        return value
    data = quopri.decodestring(value.encode("utf-8", "replace"))
    try:
        return data.decode(parameters.get("CHARSET", "utf-8"), "replace")
    except LookupError:
        return data.decode("utf-8", "replace")
