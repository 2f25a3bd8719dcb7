"""Search and answers that are not part of a conversation."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kb.domain.access import Scope
from kb.domain.conversations import AnswerEvent
from kb.domain.documents import KnowledgeBaseId
from kb.domain.errors import InvalidInputError, NotFoundError
from kb.domain.exact import PatternQuery, Places, exact_query
from kb.domain.retrieval import ErrorRates, Judgement, Query, Ranking, Strictness, Turn
from kb.ports import PlaceIndex
from kb.records import Records
from kb.services.access import Access
from kb.services.models import ModelsService

if TYPE_CHECKING:
    from kb.answering.chain import AnsweringChain
    from kb.answering.support import Check

LONGEST_QUESTION = 32_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersService:
    """Asks the knowledge bases in an actor's view."""

    access: Access
    records: Records
    chain: Callable[[], "AnsweringChain"]
    places: Callable[[], PlaceIndex]
    models: ModelsService
    strictness: Callable[[], Strictness]
    choose_strictness: Callable[[Strictness], None]

    def set_strictness(self, strictness: Strictness) -> None:
        """Refuse as strictly as this from now on."""
        self.access.require_host()
        self.choose_strictness(strictness)

    def error_rates(self, strictness: Strictness) -> ErrorRates:
        """How often so strict a judge refuses, on the questions it was calibrated on."""
        from kb.retrieval.evidence import error_rates

        return error_rates(strictness)

    def search(
        self,
        base_id: KnowledgeBaseId,
        question: str,
        *,
        k: int = 10,
        document_names: Collection[str] | None = None,
        history: Sequence[Turn] = (),
    ) -> Ranking:
        """The k best passages, in the whole knowledge base or in the named documents."""
        scope = self._scope(base_id, document_names)
        query = Query(text=checked_question(question), scope=scope, history=tuple(history))
        return self.chain().retriever.rank(query, k)

    def judged(self, ranking: Ranking) -> Judgement:
        """Whether what was found is enough to answer from."""
        self.access.scope(ranking.query.scope.knowledge_base_id)
        return self.chain().judge(ranking)

    def checked(self, sentence: str, passages: Sequence[str]) -> "Check":
        """Whether one of the passages bears the sentence out, and how.

        Raises ModelMissingError, ModelCrashedError of the embedding model.
        """
        from kb.answering.support import Grounds

        grounds = Grounds(passages, self.chain().embedder)
        checks = grounds.checks(sentence)
        if opinion := self.chain().opinion:
            (checks,) = opinion.on(grounds, [(sentence, checks)])
        return max(checks, key=lambda check: check.score)

    def checking_trouble(self) -> str:
        """Why sentences were checked without the checking model, told once; else nothing."""
        opinion = self.chain().opinion
        return opinion.untold_trouble() if opinion else ""

    def find(
        self,
        base_id: KnowledgeBaseId,
        text: str,
        *,
        regular: bool = False,
        first: int = 0,
        most: int = 50,
        document_names: Collection[str] | None = None,
    ) -> Places:
        """Every place that holds the text's words and phrases, or matches it if `regular`.

        All are counted, `most` from `first` on are listed. Raises InvalidInputError.
        """
        scope = self._scope(base_id, document_names)
        checked = checked_question(text)
        query = PatternQuery(pattern=checked) if regular else exact_query(checked)
        return self.places().find(query, scope, first=first, most=most)

    def ask(
        self,
        base_id: KnowledgeBaseId,
        question: str,
        *,
        model: str | None = None,
        document_names: Collection[str] | None = None,
        history: Sequence[Turn] = (),
    ) -> Iterator[AnswerEvent]:
        """Answer by the named model, by the chosen one if None, or by "quotes"."""
        scope = self._scope(base_id, document_names)
        query = Query(text=checked_question(question), scope=scope, history=tuple(history))
        return self.chain().answer(query, self.models.chat_model(model))

    def _scope(self, base_id: KnowledgeBaseId, names: Collection[str] | None) -> Scope:
        whole = self.access.scope(base_id)
        if names is None:
            return whole
        with self.records.reading() as view:
            documents = view.documents.of(base_id)
        for missing in set(names) - {document.name for document in documents}:
            raise NotFoundError(f"There is no document called {missing}.", subject=missing)
        # A name can stand for a ready document and its next version.
        ids = [document.id for document in documents if document.name in names]
        return self.access.scope(base_id, ids)


def checked_question(question: str) -> str:
    """The question without surrounding white space. Raises InvalidInputError."""
    # Lone surrogates come from undecodable bytes on a command line; no store takes them.
    stripped = question.encode("utf-8", "replace").decode("utf-8").strip()
    if not stripped:
        raise InvalidInputError("The question is empty.")
    if len(stripped) > LONGEST_QUESTION:
        raise InvalidInputError(
            f"The question is longer than {LONGEST_QUESTION:,} characters.",
            advice="Add the text as a document and ask about it.",
        )
    return stripped
