"""Knowledge bases: list, make, rename, delete."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from kb.domain.access import Action
from kb.domain.documents import KnowledgeBase, KnowledgeBaseId
from kb.domain.errors import InvalidInputError, NotFoundError
from kb.ports import Clock
from kb.records import Records, Transaction
from kb.services.access import Access
from kb.services.indexes import Indexes

LONGEST_NAME = 80
FIRST_NAME = "My documents"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeBasesService:
    """The knowledge bases in an actor's view.

    `stop_answers` ends the writing of answers whose conversations are gone.
    """

    access: Access
    records: Records
    indexes: Indexes
    clock: Clock
    stop_answers: Callable[[], None]

    def all(self) -> list[KnowledgeBase]:
        """In the order they were made."""
        with self.records.reading() as view:
            return view.knowledge_bases.list_of(self.access.actor.id)

    def get(self, id: KnowledgeBaseId) -> KnowledgeBase:
        """Raises NotFoundError."""
        return self.access.require(Action.SEE, id)

    def named(self, name: str) -> KnowledgeBase:
        """Raises NotFoundError."""
        for base in self.all():
            if base.name == name:
                return base
        raise NotFoundError(
            f"There is no knowledge base called {name}.",
            advice="`python -m kb add PATH --kb NAME` makes one.",
        )

    def first(self) -> KnowledgeBase:
        """The oldest one, made now if there is none."""
        bases = self.all()
        if bases:
            return bases[0]
        try:
            return self.create(FIRST_NAME)
        except InvalidInputError:
            # Another page has made it meanwhile.
            return self.named(FIRST_NAME)

    def create(self, name: str) -> KnowledgeBase:
        """Make an empty one. Raises InvalidInputError for a name that is empty or taken."""
        self.access.require_creator()
        with self.records.writing() as records:
            base = KnowledgeBase(
                id=KnowledgeBaseId(uuid.uuid4().hex),
                name=self._free_name(records, name),
                owner_id=self.access.actor.id,
                embedding_space_id=None,
                created_at=self.clock(),
            )
            records.knowledge_bases.add(base)
        return base

    def rename(self, id: KnowledgeBaseId, name: str) -> None:
        """Give another name. Raises InvalidInputError for a name that is empty or taken."""
        base = self.access.require(Action.MANAGE, id)
        if name.strip() != base.name:
            with self.records.writing() as records:
                records.knowledge_bases.rename(id, self._free_name(records, name))

    def delete(self, id: KnowledgeBaseId) -> None:
        """Remove it with its documents, files and conversations."""
        self.access.require(Action.MANAGE, id)
        with self.records.writing() as records:
            base = records.knowledge_bases.get(id)
            documents = records.documents.of(id)
            for document in documents:
                records.jobs.remove_of(document.id)
            records.knowledge_bases.remove(id)
        self.stop_answers()
        # The files first: a damaged vector index is told of, and must not keep them.
        self.indexes.forget_files({document.content_sha256 for document in documents})
        if base.embedding_space_id:
            with self.indexes.lock:
                self.indexes.vectors.drop(id, base.embedding_space_id)

    def _free_name(self, records: Transaction, name: str) -> str:
        stripped = " ".join(name.split())
        if not stripped:
            raise InvalidInputError("A knowledge base needs a name.")
        if len(stripped) > LONGEST_NAME:
            raise InvalidInputError(f"A name can have at most {LONGEST_NAME} characters.")
        bases = records.knowledge_bases.list_of(self.access.actor.id)
        if any(base.name == stripped for base in bases):
            raise InvalidInputError(f"There is already a knowledge base called {stripped}.")
        return stripped
