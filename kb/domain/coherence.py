"""What several documents say of what an answer says: where they agree, differ or are silent."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from kb.domain.documents import DocumentId, PassageId
from kb.domain.words import counted

LONGEST = 120
"""Characters of a sentence as it is shown here; it can be opened."""


class Relation(StrEnum):
    """How documents stand to each other in one statement."""

    AGREE = "agree"
    DIFFER = "differ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A document that says something of it, in a passage; `edition` tells how new it is.

    `says` is where it differs, such as 25 days, or the sentence on which documents agree.
    """

    document_id: DocumentId
    document_name: str
    passage_id: PassageId
    says: str = ""
    edition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What documents say of one statement, the newest first where it is `known` which that is."""

    relation: Relation
    voices: tuple[Voice, ...]
    known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Coherence:
    """The comparisons of an answer, and how many documents asked by name say nothing of it."""

    comparisons: tuple[Comparison, ...] = ()
    silent: int = 0

    def without(self, document_id: DocumentId) -> "Coherence":
        """Without the comparisons that a document takes part in."""
        kept = tuple(
            each
            for each in self.comparisons
            if all(voice.document_id != document_id for voice in each.voices)
        )
        return Coherence(comparisons=kept, silent=self.silent)

    @property
    def lines(self) -> list[list[str | Voice]]:
        """Sentences for people; a voice stands where its document's name is to be written."""
        told = [list(_told(comparison)) for comparison in self.comparisons]
        if self.silent:
            others = counted(self.silent, "other document")
            told.append([f"Nothing was found of it in {others} you asked."])
        return told

    @property
    def told(self) -> list[str]:
        """The same as plain text."""
        return [
            "".join(part if isinstance(part, str) else part.document_name for part in line)
            for line in self.lines
        ]


NOTHING_COMPARED = Coherence()


def _told(comparison: Comparison) -> Iterator[str | Voice]:
    if comparison.relation is Relation.AGREE:
        yield from _agreeing(comparison.voices)
        return
    for place, voice in enumerate(comparison.voices):
        if place:
            yield "; "
        yield voice
        newest = ["newest"] if comparison.known and not place else []
        noted = ", ".join([*newest, *filter(None, [voice.edition])])
        yield f" ({noted})" if noted else ""
        yield f" says {voice.says}"
    yield "." if comparison.known else ". Which is newer is not known."


def _agreeing(voices: tuple[Voice, ...]) -> Iterator[str | Voice]:
    for place, voice in enumerate(voices):
        if place:
            yield " and " if place == len(voices) - 1 else ", "
        yield voice
    yield f" say the same: {_quoted(voices[0].says)}"


def _quoted(sentence: str) -> str:
    said = sentence if len(sentence) <= LONGEST else sentence[:LONGEST].rsplit(" ", 1)[0] + "…"
    return f"“{said}”"
