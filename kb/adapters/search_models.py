"""The processes in which the models that search and check run, as the settings want them."""

import os
from dataclasses import dataclass

from kb.adapters.embedding import EmbeddingProcess
from kb.adapters.entailment import EntailmentProcess
from kb.adapters.model_process import ModelProcess
from kb.adapters.reranking import RerankingProcess
from kb.settings import Settings

LOWEST_PRIORITY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProcesses:
    """Those that there are. `embedding` begins with the one for questions."""

    embedding: tuple[EmbeddingProcess, ...] = ()
    reranking: RerankingProcess | None = None
    checking: EntailmentProcess | None = None

    @property
    def for_answers(self) -> list[ModelProcess]:
        """Those that an answer waits for."""
        rest = (self.reranking, self.checking)
        return [*self.embedding[:1], *(process for process in rest if process)]

    @property
    def settled(self) -> bool:
        """Whether the models that an answer waits for are loaded, or known not to load."""
        return all(process.settled for process in self.for_answers)

    def rest(self) -> None:
        """End what only documents need."""
        for process in self.embedding[1:]:
            process.close()

    def close(self) -> None:
        """End all."""
        self.rest()
        for process in self.for_answers:
            process.close()


def model_processes(settings: Settings, *, serving: bool, embeds: bool) -> ModelProcesses:
    """Those that are set, and those that embed unless something else does."""
    threads = _threads()
    return ModelProcesses(
        embedding=_embedding(settings, serving=serving) if embeds else (),
        reranking=RerankingProcess(settings.reranker, threads=threads)
        if settings.reranker
        else None,
        checking=EntailmentProcess(settings.support_model, threads=threads)
        if settings.support_model
        else None,
    )


def _embedding(settings: Settings, *, serving: bool) -> tuple[EmbeddingProcess, ...]:
    """The one for questions first, the one for documents last; a command has one for both."""
    model = settings.embedding_model
    threads = settings.embedding_threads or (_threads() if model else os.cpu_count() or 1)
    if not serving:
        return (EmbeddingProcess(model, threads=threads),)
    return (
        EmbeddingProcess(model, threads=1),
        EmbeddingProcess(model, threads=threads, niceness=LOWEST_PRIORITY),
    )


def _threads() -> int:
    """One fewer than cores: threads of a model wait for each other, longest on a busy core."""
    return max(1, (os.cpu_count() or 1) - 1)
