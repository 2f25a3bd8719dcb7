"""The answering chain: retrieve, write, cite, as LangChain runnables that stream events."""

import json
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from time import perf_counter
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.prompt_values import PromptValue
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import Runnable, RunnableGenerator

from kb.answering.budget import pack, passage_tokens
from kb.answering.citations import Cited, cited, without_marks
from kb.answering.coherence import coherence_of
from kb.answering.entailment import SecondOpinion
from kb.answering.figures import Figure, figure_of
from kb.answering.overviews import Overview, overview_of
from kb.answering.places import PlaceList
from kb.answering.prompts import EVIDENCE, NOT_FOUND, SYSTEM, shown_passages
from kb.answering.quotes import quote
from kb.answering.streams import events_of, hang_up, said_after
from kb.domain.coherence import NOTHING_COMPARED, Coherence
from kb.domain.conversations import (
    QUOTES,
    Answer,
    AnswerEvent,
    CheckedClaim,
    Citation,
    Finished,
    Piece,
    Retrieved,
    Sent,
    Thought,
    Token,
)
from kb.domain.exact import places_asked_for
from kb.domain.receipts import Receipt, UsedPassage
from kb.domain.retrieval import Hit, Judgement, Query, Ranking, Turn
from kb.ports import ChatModel, Embedder, PlaceIndex
from kb.retrieval.retriever import HybridRetriever

PASSAGES = 8
"""How many passages an answer may rest on."""

NOTHING_SEARCHED = "There is nothing to search yet: no document is ready."
NOT_ENOUGH = "Your documents do not seem to answer this. The closest passages are shown."
MODEL_FOUND_NOTHING = "The model found no answer in the passages. They are shown."
CUT = "The answer hit its length limit and ends here."
NO_SENTENCE = "No sentence of the passages could be quoted. They are shown."

PROMPT = ChatPromptTemplate.from_messages(
    [("system", SYSTEM), MessagesPlaceholder("history"), ("human", EVIDENCE)]
).partial(not_found=NOT_FOUND)

ROLES = {"system": "system", "human": "user", "ai": "assistant"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweringChain:
    """Answers questions over a retriever, by a language model or by quotes.

    `settings` are what is in force, for receipts.
    """

    retriever: HybridRetriever
    judge: Callable[[Ranking], Judgement]
    embedder: Embedder
    places: PlaceIndex
    settings: Callable[[], dict[str, str]] = dict
    opinion: SecondOpinion | None = None

    def answer(self, query: Query, model: ChatModel | None) -> "AnswerEvents":
        """Retrieved, then Thought and Token as they come, then Finished. Without a model: quotes.

        A question for every place that says something is answered by their list, one for a
        summary by reading everything, one that counts or computes over a table by its rows.
        Raises ModelError, EmbeddingSpaceError while it is read.
        """
        wanted = places_asked_for(query.text)
        if wanted:
            return AnswerEvents(PlaceList(places=self.places, wanted=wanted), query)
        if overview := overview_of(query, self.retriever, self.embedder, model, self.opinion):
            return AnswerEvents(overview, query)
        if figure := figure_of(query, self.retriever):
            return AnswerEvents(figure, query)
        # A second passage of the page that says most may hold the answer.
        retriever = self.retriever.model_copy(update={"page_once": False})
        run = _Run(
            retriever=retriever,
            judge=self.judge,
            embedder=self.embedder,
            model=model,
            opinion=self.opinion,
            receipt=Receipt(settings=self.settings()),
        )
        return AnswerEvents(run, query)


class AnswerEvents(Iterator[AnswerEvent]):
    """The events of one answer. `close` ends the generation from any thread, also while it waits.

    An answer that was closed has no Finished.
    """

    def __init__(self, run: "_Run | PlaceList | Overview | Figure", query: Query) -> None:
        self._run = run
        self._events = self._read(query)

    def __next__(self) -> AnswerEvent:
        return next(self._events)

    def close(self) -> None:
        """Stop; a thread that waits inside sees the end of the events."""
        self._run.stop()
        with suppress(ValueError):  # such a thread closes them itself
            self._events.close()

    def _read(self, query: Query) -> Generator[AnswerEvent]:
        # Held by a name: else it is closed, and read to its end, before `finally` is reached.
        events = self._run.events(query)
        try:
            for event in events:  # noqa: UP028 - closing must reach us first
                yield event
        finally:
            self._run.stop()


@dataclass(slots=True, kw_only=True)
class _Run:
    """One question on its way through the stages."""

    retriever: HybridRetriever
    judge: Callable[[Ranking], Judgement]
    embedder: Embedder
    model: ChatModel | None
    opinion: SecondOpinion | None = None
    query: Query | None = None
    shown: Sequence[Hit] = ()
    pieces: Iterator[Piece] | None = None
    receipt: Receipt = field(default_factory=Receipt)
    elapsed: dict[str, float] = field(default_factory=dict)
    begun: float = field(default_factory=perf_counter)
    stopped: bool = False

    def chain(self) -> Runnable[Query, AnswerEvent]:
        """Each stage passes on what it does not change."""
        return (
            RunnableGenerator(self._retrieve)
            | RunnableGenerator(self._write)
            | RunnableGenerator(self._cite)
        )

    def events(self, query: Query) -> Iterator[AnswerEvent]:
        """What the stages give."""
        return self.chain().stream(query)

    def stop(self) -> None:
        """End the generation. LangChain reads a closed stream to its end otherwise."""
        self.stopped = True
        hang_up(self.pieces)

    def _retrieve(self, queries: Iterator[Query]) -> Iterator[AnswerEvent]:
        for query in queries:
            self.query = query
            ranking = self.retriever.rank(query, PASSAGES)
            self.elapsed.update(ranking.elapsed_ms)
            yield Retrieved(ranking=ranking)

    def _write(self, events: Iterator[AnswerEvent]) -> Iterator[AnswerEvent]:
        for event in events:
            yield event
            if not isinstance(event, Retrieved):
                continue
            if reason := self._refusal(event.ranking):
                yield self._finished(refused=True, reason=reason)
                continue
            pieces = self._writer(event.ranking)
            if self.receipt.budget:
                yield Sent(receipt=self.receipt)
            for told in events_of(pieces):
                if isinstance(told, Token):
                    self.elapsed.setdefault("first_token", self._since())
                yield told

    def _cite(self, events: Iterator[AnswerEvent]) -> Iterator[AnswerEvent]:
        text = ""
        for event in events:
            yield event
            if isinstance(event, Finished):
                return
            if isinstance(event, Token | Thought):
                text = said_after(text, event)
        if not self.stopped:
            yield self._cited(text.strip())

    def _writer(self, ranking: Ranking) -> Iterator[Piece]:
        if self.model is None:
            self.shown = ranking.hits
            self.receipt = replace(self.receipt, passages=_used(ranking.hits, ranking.hits))
            return quote(ranking.query.text, self.shown, self.embedder)
        packed = pack(
            ranking.query.text,
            ranking.hits,
            ranking.query.history,
            self.model.context_tokens,
            thinking_tokens=self.model.thinking_tokens,
        )
        self.shown = packed.hits
        self.receipt = replace(
            self.receipt, passages=_used(ranking.hits, packed.hits), budget=packed.budget
        )
        values = {
            "passages": shown_passages(self.shown),
            "question": ranking.query.text,
            "history": [_message(turn) for turn in packed.turns],
        }
        writing: Runnable[dict[str, Any], Piece] = PROMPT | RunnableGenerator(self._generate)
        return writing.stream(values)

    def _generate(self, prompts: Iterator[PromptValue]) -> Iterator[Piece]:
        if self.model is not None:
            for prompt in prompts:
                messages = _said(prompt.to_messages())
                self.receipt = replace(self.receipt, prompt_sha256=_digest(messages))
                self.pieces = self.model.stream(messages)
                if not self.stopped:
                    yield from self.pieces

    def _cited(self, text: str) -> Finished:
        if not text:
            return self._finished(refused=True, reason=NO_SENTENCE)
        whole = cited(text, self.shown, self.embedder, self.opinion)
        if _says_nothing(whole):
            return self._finished(text=whole.text, refused=True, reason=MODEL_FOUND_NOTHING)
        cut = self.model is not None and self.model.finish_reason == "length"
        trouble = self.opinion.untold_trouble() if self.opinion else ""
        return self._finished(
            text=whole.text,
            citations=whole.citations,
            claims=whole.claims,
            coherence=self._coherence(whole),
            reason=" ".join(filter(None, (CUT if cut else "", trouble))),
        )

    def _coherence(self, whole: Cited) -> Coherence:
        begun = perf_counter()
        told = NOTHING_COMPARED
        if self.query:
            told = coherence_of(self.query, whole.citations, self.shown)
        self.elapsed["coherence"] = (perf_counter() - begun) * 1000
        return told

    def _finished(
        self,
        *,
        text: str = "",
        citations: tuple[Citation, ...] = (),
        claims: tuple[CheckedClaim, ...] = (),
        coherence: Coherence = NOTHING_COMPARED,
        refused: bool = False,
        reason: str = "",
    ) -> Finished:
        return Finished(
            answer=Answer(
                text=text,
                citations=citations,
                claims=claims,
                coherence=coherence,
                refused=refused,
                reason=reason,
                model=self.model.name if self.model else QUOTES,
                prompt_tokens=self.model.prompt_tokens if self.model else None,
                receipt=self.receipt,
                elapsed_ms={**self.elapsed, "total": self._since()},
            )
        )

    def _refusal(self, ranking: Ranking) -> str:
        if not ranking.hits:
            return NOTHING_SEARCHED
        begun = perf_counter()
        judgement = self.judge(ranking)
        self.elapsed["evidence"] = (perf_counter() - begun) * 1000
        self.receipt = replace(self.receipt, evidence=judgement.evidence)
        return "" if judgement.enough else NOT_ENOUGH

    def _since(self) -> float:
        return (perf_counter() - self.begun) * 1000


def _says_nothing(whole: Cited) -> bool:
    """Whether the model found no answer; one that is cited stands, whatever else is missing."""
    phrase = NOT_FOUND.rstrip(".").lower()
    told = any(phrase not in citation.claim.text.lower() for citation in whole.citations)
    return phrase in whole.text.lower() and not told


def _used(found: Sequence[Hit], sent: Sequence[Hit]) -> tuple[UsedPassage, ...]:
    return tuple(
        UsedPassage(
            passage_id=hit.passage.id,
            document_id=hit.document.id,
            document_name=hit.document.name,
            version=hit.document.version,
            page=hit.page,
            paged=hit.document.page_count is not None,
            rank=hit.rank,
            score=hit.scores.fused,
            tokens=passage_tokens(hit),
            sent=hit in sent,
        )
        for hit in found
    )


def _digest(messages: Sequence[tuple[str, str]]) -> str:
    return sha256(json.dumps(messages).encode()).hexdigest()


def _message(turn: Turn) -> tuple[str, str]:
    if turn.role != "assistant":
        return "human", turn.content
    # Its marks meant the passages of then.
    return "ai", without_marks(turn.content)


def _said(messages: Sequence[BaseMessage]) -> list[tuple[str, str]]:
    return [(ROLES[message.type], str(message.content)) for message in messages]
