"""Answers that read documents whole, section by section: summaries, and all said of a subject."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from time import perf_counter

from kb.answering.citations import Cited, cited
from kb.answering.entailment import SecondOpinion
from kb.answering.material import Material, about, findable, names, whole
from kb.answering.notes import Note, NoteTaker, as_note, renumbered
from kb.answering.prompts import unmarked_line
from kb.answering.streams import events_of, said_after
from kb.domain.conversations import (
    QUOTES,
    Answer,
    AnswerEvent,
    Finished,
    Piece,
    Progressed,
    Retrieved,
    Support,
    Token,
)
from kb.domain.documents import Document
from kb.domain.retrieval import Query, Ranking
from kb.domain.summaries import Summary, documents_meant, summary_asked_for
from kb.domain.words import counted
from kb.ports import ChatModel, Embedder
from kb.retrieval.retriever import HybridRetriever

MOST_DOCUMENTS = 15
"""How many documents one answer summarises."""

JOINED_SENTENCES = 12
"""How many sentences a model makes of the notes, at most."""

WHICH = "Several documents may be meant: {names}. Ask again with the name of one of them."
TOO_MANY = (
    "There are {count}, and at most {most} are summarised at once. Ask about some of them, or "
    "name one: {names}."
)
NO_TEXT = "There is no text to summarise in {names}."
NOTHING_SAID = "Nothing about “{subject}” was found."
CUT = "The summary hit its length limit and ends here."


def overview_of(
    query: Query,
    retriever: HybridRetriever,
    embedder: Embedder,
    model: ChatModel | None,
    opinion: SecondOpinion | None = None,
) -> "Overview | None":
    """The reading that a question asks for; None for a question of another kind."""
    wanted = summary_asked_for(query.text)
    if wanted is None:
        return None
    meant = documents_meant(wanted, findable(retriever.records, query.scope))
    if not meant:
        return None
    taker = NoteTaker(model=model, embedder=embedder, question=query.text) if model else None
    return Overview(
        retriever=retriever,
        embedder=embedder,
        wanted=wanted,
        documents=meant,
        taker=taker,
        opinion=opinion,
    )


@dataclass(slots=True, kw_only=True)
class Overview:
    """One request on its way: documents to notes on their sections, and those to a text."""

    retriever: HybridRetriever
    embedder: Embedder
    wanted: Summary
    documents: Sequence[Document]
    taker: NoteTaker | None
    opinion: SecondOpinion | None = None
    stopped: bool = False
    begun: float = field(default_factory=perf_counter)
    elapsed: dict[str, float] = field(default_factory=dict)

    def events(self, query: Query) -> Iterator[AnswerEvent]:
        """Progressed for each section, then what is cited as Retrieved, then the text."""
        if question_back := self._question_back():
            yield from self._refused(query, question_back)
            return
        material = self._material(query)
        notes: list[Note] = []
        for done, section in enumerate(material.sections):
            yield Progressed(
                step=f"Reading {section.document.name}", done=done, total=len(material.sections)
            )
            if self.stopped:
                return
            notes.append(self._note(material, done))
        told = [note for note in notes if note.sentences]
        self._time("read")
        if not told:
            yield from self._refused(query, self._nothing(material))
        elif self.taker:
            yield from self._joined(query, self.taker, told, material.coverage)
        else:
            yield from self._told(query, told, [as_list(told)], material.coverage)

    def stop(self) -> None:
        """Read and say no more."""
        self.stopped = True
        if self.taker:
            self.taker.stop()

    def _question_back(self) -> str:
        """What has to be asked before anything is read."""
        count = len(self.documents)
        if self.wanted.subject or count == 1:
            return ""
        if not self.wanted.every:
            return WHICH.format(names=names(self.documents, "or"))
        if count <= MOST_DOCUMENTS:
            return ""
        return TOO_MANY.format(
            count=counted(count, "document"),
            most=MOST_DOCUMENTS,
            names=names(self.documents, "or"),
        )

    def _nothing(self, material: Material) -> str:
        if self.wanted.subject:
            said = NOTHING_SAID.format(subject=unmarked_line(self.wanted.subject))
            return f"{said} {material.coverage}"
        return NO_TEXT.format(names=names(self.documents, "or"))

    def _material(self, query: Query) -> Material:
        most = self.taker.section_characters if self.taker else None
        if self.wanted.subject:
            return about(self.retriever, query, self.wanted.subject, self.documents, most)
        return whole(self.retriever.records, query.scope, self.documents, most)

    def _note(self, material: Material, at: int) -> Note:
        """By the model where there is one; the most central sentences where that says nothing."""
        section = material.sections[at]
        heading = unmarked_line(material.heading(section))
        count = material.counts[at]
        if self.taker:
            note = self.taker.note(heading, section)
            if note.sentences or self.stopped:
                return note
            count = 1
        return as_note(heading, section, material.extractor.of(section, count))

    def _joined(
        self, query: Query, taker: NoteTaker, notes: list[Note], coverage: str
    ) -> Iterator[AnswerEvent]:
        """Notes that do not fit are joined, in rounds, until they do."""
        while not taker.fits(notes) and len(notes) > 1:
            groups = taker.groups(notes)
            notes = []
            for done, group in enumerate(groups):
                yield Progressed(step="Joining the notes", done=done, total=len(groups))
                if self.stopped:
                    return
                notes.append(taker.joined(group) if len(group) > 1 else group[0])
        pieces = taker.text(notes, JOINED_SENTENCES)
        yield from self._told(query, notes, pieces, coverage)

    def _told(
        self, query: Query, notes: Sequence[Note], pieces: Iterable[Piece], coverage: str
    ) -> Iterator[AnswerEvent]:
        hits = renumbered(notes)
        yield Retrieved(ranking=Ranking(query=query, hits=tuple(hits), elapsed_ms=self.elapsed))
        text = ""
        for told in events_of(pieces):
            if self.stopped:
                return
            if isinstance(told, Token):
                self.elapsed.setdefault("first_token", self._since())
            text = said_after(text, told)
            yield told
        if self.stopped:
            return
        whole = cited(text.strip(), hits, self.embedder, self.opinion)
        if not any(one.support is not Support.UNSUPPORTED for one in whole.citations):
            # The notes were borne out one by one; what the model made of them is not.
            whole = cited(as_list(notes).strip(), hits, self.embedder)
        trouble = self.opinion.untold_trouble() if self.opinion else ""
        yield self._finished(whole, reason=f"{self._cut()}{coverage} {trouble}".strip())

    def _refused(self, query: Query, reason: str) -> Iterator[AnswerEvent]:
        yield Retrieved(ranking=Ranking(query=query, hits=()))
        nothing = Cited(text="", citations=(), claims=())
        yield self._finished(nothing, refused=True, reason=reason)

    def _finished(self, whole: Cited, *, refused: bool = False, reason: str = "") -> Finished:
        model = self.taker.model if self.taker else None
        return Finished(
            answer=Answer(
                text=whole.text,
                citations=whole.citations,
                claims=whole.claims,
                refused=refused,
                reason=reason,
                model=model.name if model else QUOTES,
                prompt_tokens=model.prompt_tokens if model else None,
                elapsed_ms={**self.elapsed, "total": self._since()},
            )
        )

    def _cut(self) -> str:
        is_cut = self.taker and self.taker.model.finish_reason == "length"
        return f"{CUT} " if is_cut else ""

    def _time(self, stage: str) -> None:
        self.elapsed[stage] = self._since()

    def _since(self) -> float:
        return (perf_counter() - self.begun) * 1000


def as_list(notes: Sequence[Note]) -> str:
    """The notes under their headings, each sentence with the marks of its passages."""
    numbers = {hit.passage.id: hit.rank for hit in renumbered(notes)}
    text = ""
    for heading, group in groupby(notes, key=lambda note: note.heading):
        text += f"{heading}:\n\n"
        for one in (sentence for note in group for sentence in note.sentences):
            marks = "".join(f"[{numbers[hit.passage.id]}]" for hit in one.hits)
            text += f"{unmarked_line(one.text)} {marks}\n\n"
    return text
