"""The answering chain: retrieve, write, cite, as LangChain runnables that stream events."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.prompt_values import PromptValue
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import Runnable, RunnableGenerator

from kb.answering.budget import pack
from kb.answering.citations import cite
from kb.answering.prompts import EVIDENCE, NOT_FOUND, SYSTEM, shown_passages
from kb.answering.quotes import quote
from kb.domain.conversations import (
    QUOTES,
    Answer,
    AnswerEvent,
    Citation,
    Finished,
    Retrieved,
    Token,
)
from kb.domain.retrieval import Query, Ranking, Turn
from kb.ports import ChatModel, Embedder
from kb.retrieval.evidence import enough
from kb.retrieval.retriever import HybridRetriever

PASSAGES = 8
"""How many passages an answer may rest on."""

NOTHING_SEARCHED = "There is nothing to search yet: no document is ready."
NOT_ENOUGH = "Your documents do not seem to answer this. The closest passages are shown."
MODEL_FOUND_NOTHING = "The model found no answer in the passages. They are shown."
NO_SENTENCE = "No sentence of the passages could be quoted. They are shown."

PROMPT = ChatPromptTemplate.from_messages(
    [("system", SYSTEM), MessagesPlaceholder("history"), ("human", EVIDENCE)]
).partial(not_found=NOT_FOUND)

ROLES = {"system": "system", "human": "user", "ai": "assistant"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweringChain:
    """Answers questions over a retriever, by a language model or by quotes."""

    retriever: HybridRetriever
    embedder: Embedder

    def answer(self, query: Query, model: ChatModel | None) -> Iterator[AnswerEvent]:
        """Retrieved, then Token after Token, then Finished. Without a model: quotes.

        Closing the iterator ends the generation. Raises ModelError, EmbeddingSpaceError.
        """
        run = _Run(retriever=self.retriever, embedder=self.embedder, model=model)
        yield from run.chain().stream(query)


@dataclass(slots=True, kw_only=True)
class _Run:
    """One question on its way through the stages."""

    retriever: HybridRetriever
    embedder: Embedder
    model: ChatModel | None
    elapsed: dict[str, float] = field(default_factory=dict)
    begun: float = field(default_factory=perf_counter)

    def chain(self) -> Runnable[Query, AnswerEvent]:
        """Each stage passes on what it does not change."""
        return (
            RunnableGenerator(self._retrieve)
            | RunnableGenerator(self._write)
            | RunnableGenerator(self._cite)
        )

    def _retrieve(self, queries: Iterator[Query]) -> Iterator[AnswerEvent]:
        for query in queries:
            ranking = self.retriever.rank(query, PASSAGES)
            self.elapsed.update(ranking.elapsed_ms)
            yield Retrieved(ranking=ranking)

    def _write(self, events: Iterator[AnswerEvent]) -> Iterator[AnswerEvent]:
        for event in events:
            yield event
            if not isinstance(event, Retrieved):
                continue
            if reason := _refusal(event.ranking):
                yield self._finished(refused=True, reason=reason)
                continue
            for piece in self._writer(event.ranking):
                self.elapsed.setdefault("first_token", self._since())
                yield Token(text=piece)

    def _cite(self, events: Iterator[AnswerEvent]) -> Iterator[AnswerEvent]:
        ranking: Ranking | None = None
        text = ""
        for event in events:
            yield event
            if isinstance(event, Finished):
                return
            if isinstance(event, Retrieved):
                ranking = event.ranking
            else:
                text += event.text
        if ranking is not None:
            yield self._cited(text.strip(), ranking)

    def _writer(self, ranking: Ranking) -> Iterator[str]:
        if self.model is None:
            return quote(ranking.query.text, ranking.hits, self.embedder)
        hits, history = pack(
            ranking.query.text, ranking.hits, ranking.query.history, self.model.context_tokens
        )
        values = {
            "passages": shown_passages(hits),
            "question": ranking.query.text,
            "history": [_message(turn) for turn in history],
        }
        writing: Runnable[dict[str, Any], str] = PROMPT | RunnableGenerator(self._generate)
        return writing.stream(values)

    def _generate(self, prompts: Iterator[PromptValue]) -> Iterator[str]:
        if self.model is not None:
            for prompt in prompts:
                yield from self.model.stream(_said(prompt.to_messages()))

    def _cited(self, text: str, ranking: Ranking) -> Finished:
        if NOT_FOUND.rstrip(".").lower() in text.lower():
            return self._finished(text=text, refused=True, reason=MODEL_FOUND_NOTHING)
        if not text:
            return self._finished(refused=True, reason=NO_SENTENCE)
        clean, citations = cite(text, ranking.hits)
        return self._finished(text=clean, citations=citations)

    def _finished(
        self,
        *,
        text: str = "",
        citations: tuple[Citation, ...] = (),
        refused: bool = False,
        reason: str = "",
    ) -> Finished:
        return Finished(
            answer=Answer(
                text=text,
                citations=citations,
                refused=refused,
                reason=reason,
                model=self.model.name if self.model else QUOTES,
                prompt_tokens=self.model.prompt_tokens if self.model else None,
                elapsed_ms={**self.elapsed, "total": self._since()},
            )
        )

    def _since(self) -> float:
        return (perf_counter() - self.begun) * 1000


def _refusal(ranking: Ranking) -> str:
    if not ranking.hits:
        return NOTHING_SEARCHED
    return "" if enough(ranking.evidence) else NOT_ENOUGH


def _message(turn: Turn) -> tuple[str, str]:
    return ("ai" if turn.role == "assistant" else "human", turn.content)


def _said(messages: Sequence[BaseMessage]) -> list[tuple[str, str]]:
    return [(ROLES[message.type], str(message.content)) for message in messages]
