"""The processes in which the models that search run, as the settings want them."""

import os

from kb.adapters.embedding import EmbeddingProcess
from kb.adapters.reranking import RerankingProcess
from kb.settings import Settings

LOWEST_PRIORITY = 10


def embedding_processes(settings: Settings, *, serving: bool) -> tuple[EmbeddingProcess, ...]:
    """The one for questions first, the one for documents last; a command has one for both."""
    model = settings.embedding_model
    threads = settings.embedding_threads or (_threads() if model else os.cpu_count() or 1)
    if not serving:
        return (EmbeddingProcess(model, threads=threads),)
    return (
        EmbeddingProcess(model, threads=1),
        EmbeddingProcess(model, threads=threads, niceness=LOWEST_PRIORITY),
    )


def reranking_process(settings: Settings) -> RerankingProcess | None:
    """That of the cross-encoder, if one is set."""
    if not settings.reranker:
        return None
    return RerankingProcess(settings.reranker, threads=_threads())


def _threads() -> int:
    """One fewer than cores: threads of a model wait for each other, longest on a busy core."""
    return max(1, (os.cpu_count() or 1) - 1)
