"""Summaries by a language model: notes on each section, and those joined until they fit.

A sentence of a note stands only where a passage bears it out, so that what a model invents in one
section is not told as a fact of the whole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from kb.answering.budget import ANSWER_TOKENS, estimated_tokens
from kb.answering.citations import cited, without_marks
from kb.answering.extracts import Extract
from kb.answering.prompts import JOIN_SYSTEM, join_prompt, section_prompt, shown_note
from kb.answering.sections import Section
from kb.answering.streams import hang_up, said_in
from kb.domain.conversations import Citation, Claim, Piece, Support
from kb.domain.documents import PassageId
from kb.domain.retrieval import Hit, Scores
from kb.ports import ChatModel, Embedder

NOTE_SENTENCES = 3
"""How many sentences a note has at most."""

NOTE_CHARACTERS = 900
"""How long a note may be; what a model says beyond it is left out."""

MOST_SECTION = 12_000
"""Characters of a section that a model reads at once, where its window has room for them."""

LETTERS_PER_TOKEN = 3
"""Of Latin script, low on purpose. Not covered: scripts whose letters are tokens of their own."""

PROMPT_TOKENS = 300
"""Room for what stands round passages and notes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A sentence without marks, and the passages that bear it out."""

    text: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a section or several of them say."""

    heading: str
    sentences: tuple[Noted, ...]

    @property
    def hits(self) -> list[Hit]:
        """Those of its sentences, each once."""
        return list({hit.passage.id: hit for one in self.sentences for hit in one.hits}.values())


def as_note(heading: str, section: Section, extracts: Sequence[Extract]) -> Note:
    """Sentences of a section as they stand."""
    hits = {hit.passage.id: hit for hit in hits_of(section)}
    told = [Noted(text=one.text, hits=(hits[one.passage.id],)) for one in extracts]
    return Note(heading=heading, sentences=tuple(told))


def hits_of(section: Section) -> list[Hit]:
    """Its passages, numbered from 1."""
    scores = Scores(dense=None, words=None, fused=1.0)
    return [
        Hit(passage=passage, document=section.document, rank=rank, scores=scores)
        for rank, passage in enumerate(section.passages, 1)
    ]


def renumbered(notes: Sequence[Note]) -> list[Hit]:
    """All hits of the notes, numbered from 1 as they come."""
    found = {hit.passage.id: hit for note in notes for hit in note.hits}
    return [replace(hit, rank=rank) for rank, hit in enumerate(found.values(), 1)]


@dataclass(slots=True, kw_only=True)
class NoteTaker:
    """Asks a model for notes on one request, and for one text of them."""

    model: ChatModel
    embedder: Embedder
    question: str
    stopped: bool = False
    pieces: Iterator[Piece] = field(default_factory=lambda: iter(()))

    @property
    def section_characters(self) -> int:
        """How much of a document the model reads at once."""
        return min(MOST_SECTION, self._room * LETTERS_PER_TOKEN)

    def note(self, heading: str, section: Section) -> Note:
        """What the model says of a section, as far as it is borne out. Raises ModelError."""
        hits = hits_of(section)
        prompt = section_prompt(heading, hits, self.question, NOTE_SENTENCES)
        return self._note(heading, said_in(self._said(prompt)).strip(), hits)

    def fits(self, notes: Sequence[Note]) -> bool:
        """Whether the model can read them at once."""
        return sum(map(_tokens, notes)) <= self._room

    def groups(self, notes: Sequence[Note]) -> list[list[Note]]:
        """The notes in runs that the model can read at once, of two at least."""
        groups: list[list[Note]] = []
        for note in notes:
            if groups and (len(groups[-1]) < 2 or self.fits([*groups[-1], note])):
                groups[-1].append(note)
            else:
                groups.append([note])
        return groups

    def joined(self, notes: Sequence[Note]) -> Note:
        """One note of several; their first sentences where the model makes nothing of them.

        Raises ModelError.
        """
        heading = _heading(notes)
        hits = renumbered(notes)
        said = said_in(self._said(self._join_prompt(notes, hits, NOTE_SENTENCES)))
        note = self._note(heading, said, hits)
        if note.sentences:
            return note
        first = [each.sentences[0] for each in notes if each.sentences]
        return Note(heading=heading, sentences=tuple(first[:NOTE_SENTENCES]))

    def text(self, notes: Sequence[Note], sentences: int) -> Iterator[Piece]:
        """One text of notes that fit, piece by piece. Raises ModelError.

        Its marks are the numbers that `renumbered` gives.
        """
        return self._said(self._join_prompt(notes, renumbered(notes), sentences))

    def stop(self) -> None:
        """End what the model is saying."""
        self.stopped = True
        hang_up(self.pieces)

    def _said(self, messages: Sequence[tuple[str, str]]) -> Iterator[Piece]:
        if not self.stopped:
            self.pieces = self.model.stream(messages)
            yield from self.pieces

    def _join_prompt(
        self, notes: Sequence[Note], hits: Sequence[Hit], sentences: int
    ) -> list[tuple[str, str]]:
        numbers = {hit.passage.id: hit.rank for hit in hits}
        shown = [shown_note(note.heading, _numbered(note, numbers)) for note in notes]
        return join_prompt(shown, self.question, sentences)

    def _note(self, heading: str, said: str, hits: Sequence[Hit]) -> Note:
        citations = cited(said, hits, self.embedder).citations
        return Note(heading=heading, sentences=_borne_out(citations, hits))

    @property
    def _room(self) -> int:
        """Tokens of passages or notes beside the rest of a prompt and the answer."""
        around = PROMPT_TOKENS + estimated_tokens(JOIN_SYSTEM) + estimated_tokens(self.question)
        answer = ANSWER_TOKENS + self.model.thinking_tokens
        return max(NOTE_CHARACTERS, self.model.context_tokens - answer - around)


def _borne_out(citations: Sequence[Citation], hits: Sequence[Hit]) -> tuple[Noted, ...]:
    """The first sentences that passages bear out, wholly or in part."""
    by_rank = {hit.rank: hit for hit in hits}
    told: dict[Claim, list[Hit]] = {}
    for citation in citations:
        if citation.support is not Support.UNSUPPORTED:
            told.setdefault(citation.claim, []).append(by_rank[citation.number])
    kept: dict[str, Noted] = {}
    room = NOTE_CHARACTERS
    for claim, found in told.items():
        text = without_marks(claim.text).strip()
        if text in kept:
            continue
        room -= len(text)
        if room < 0 or len(kept) == NOTE_SENTENCES:
            break
        kept[text] = Noted(text=text, hits=tuple(found))
    return tuple(kept.values())


def _heading(notes: Sequence[Note]) -> str:
    first, last = notes[0].heading, notes[-1].heading
    return first if first == last else f"{first} – {last}"


def _numbered(note: Note, numbers: dict[PassageId, int]) -> list[tuple[str, list[int]]]:
    return [(one.text, [numbers[hit.passage.id] for hit in one.hits]) for one in note.sentences]


def _tokens(note: Note) -> int:
    return estimated_tokens(note.heading + " ".join(one.text for one in note.sentences)) + 10 * len(
        note.sentences
    )
