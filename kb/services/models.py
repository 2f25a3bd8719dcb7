"""Which model writes the answers, and what there is to choose from."""

from collections.abc import Callable
from dataclasses import dataclass

from kb.domain.access import Action
from kb.domain.conversations import QUOTES
from kb.domain.documents import EmbeddingSpace, KnowledgeBaseId
from kb.domain.models import Pull, ServerStatus
from kb.domain.words import ENGLISH
from kb.ports import ChatModel, Embedder, EntailmentModel, ModelServer, Reranker, WordIndex
from kb.services.access import Access
from kb.services.pulls import Pulls


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsService:
    """Language models on the server, and the models that search.

    `reads_english_best` is what is known of the embedding model.
    """

    access: Access
    server: ModelServer
    pulls: Pulls
    embedder: Embedder
    reads_english_best: bool
    words: WordIndex
    reranker: Reranker | None
    entailment: EntailmentModel | None
    chosen: Callable[[], str]
    choose_model: Callable[[str], None]
    thinking: Callable[[], bool]
    choose_thinking: Callable[[bool], None]

    def status(self) -> ServerStatus:
        """What the model server has now. Never raises."""
        return self.server.status()

    def choices(self, status: ServerStatus) -> list[str]:
        """What can write answers: models that run on this machine, then quotes."""
        return [model.name for model in status.models if not model.remote] + [QUOTES]

    def current(self, status: ServerStatus) -> str:
        """The chosen model's name; the first installed one where none was chosen; else quotes."""
        chosen = self.chosen()
        if not chosen:
            return self.choices(status)[0]
        # A model of another server than Ollama may be named without that server.
        named = [model.name for model in status.models if model.short_name == chosen]
        return named[0] if named and chosen not in self.choices(status) else chosen

    def choose(self, name: str) -> None:
        """Let this model, or "quotes", write the answers from now on."""
        self.access.require_host()
        self.choose_model(name)

    def set_thinking(self, on: bool) -> None:
        """Let models think before they answer from now on, those that can."""
        self.access.require_host()
        self.choose_thinking(on)

    def chat_model(self, name: str | None = None) -> ChatModel | None:
        """The named or current model; None for quotes. Raises ModelError.

        Where none was named and the server is away, answers are made of quotes.
        """
        wanted = name or self.chosen() or self.current(self.status())
        return None if wanted == QUOTES else self.server.chat_model(wanted, thinks=self.thinking())

    def pull(self, name: str) -> None:
        """Begin to download a model into Ollama; it goes on when the page is left.

        Raises InvalidInputError for no name and while another download goes on, NotAllowedError.
        """
        self.access.require_host()
        self.pulls.start(name)

    def last_pull(self) -> Pull | None:
        """The download under way, or what became of the last one."""
        self.access.require_host()
        return self.pulls.last

    def cancel_pull(self) -> None:
        """Stop the download; what came of it stays with Ollama, and the next one goes on there."""
        self.access.require_host()
        self.pulls.cancel()

    def forget_pull(self) -> None:
        """Speak no more of a download that has ended."""
        self.access.require_host()
        self.pulls.forget()

    def delete(self, name: str) -> None:
        """Take a model off Ollama's disk; another writes the answers if it was the chosen one.

        Raises InvalidInputError, ModelError.
        """
        self.access.require_host()
        self.pulls.store.delete(name)
        if self.chosen() == name:
            self.choose_model("")

    def embedding_space(self) -> EmbeddingSpace:
        """The embedding model in use; waits for it to load. Raises ModelMissingError."""
        return self.embedder.space

    def wants_other_embedding_model(self, id: KnowledgeBaseId) -> bool:
        """Whether most documents are in languages that the embedding model reads less well.

        Raises NotFoundError.
        """
        base = self.access.require(Action.SEE, id)
        languages = self.words.languages(base.id)
        told = sum(count for language, count in languages.items() if language)
        return self.reads_english_best and 2 * languages.get(ENGLISH, 0) < told

    def reranking_model(self) -> str:
        """The name of the cross-encoder in use, nothing for none; waits for it to load.

        Raises ModelMissingError.
        """
        return self.reranker.name if self.reranker else ""

    def checking_model(self) -> str:
        """The name of the model that helps to check answers, nothing for none; waits for it.

        Raises ModelMissingError.
        """
        return self.entailment.name if self.entailment else ""
