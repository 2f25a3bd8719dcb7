"""The versions of a document: which there are, what changed between them, and going back."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher

from kb.domain.access import Action
from kb.domain.documents import Document, DocumentId, DocumentState, Page
from kb.domain.errors import InvalidInputError
from kb.ports import Clock
from kb.records import Records
from kb.services.access import Access
from kb.services.indexes import Indexes
from kb.services.recording import bring_in, go_on, others_of_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a version changed against the one before it, counted in `unit`s."""

    unit: str
    added: int
    removed: int
    altered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionsService:
    """The versions of the documents in an actor's view."""

    access: Access
    records: Records
    indexes: Indexes
    clock: Clock
    wake_worker: Callable[[], None]

    def of(self, id: DocumentId) -> list[Document]:
        """All versions of the document, itself among them, the newest first."""
        document = self.access.require_document(Action.SEE, id)
        with self.records.reading() as view:
            versions = [document, *others_of_name(view, document)]
        return sorted(versions, key=lambda each: -each.version)

    def changes(self, id: DocumentId) -> Changes | None:
        """What this version changed; None where there is none before it."""
        document = self.access.require_document(Action.SEE, id)
        with self.records.reading() as view:
            before = [
                other
                for other in others_of_name(view, document)
                if other.version < document.version and other.passage_count
            ]
            if not before:
                return None
            older, newer = view.documents.pages(before[-1].id), view.documents.pages(id)
        return changes(older, newer, paged=document.page_count is not None)

    def restore(self, id: DocumentId) -> None:
        """Let a superseded version be found again, in place of the one that is found now."""
        self.access.require_document(Action.CHANGE, id)
        with self.records.writing() as records:
            document = records.documents.get(id)
            if document.state is not DocumentState.SUPERSEDED:
                raise InvalidInputError(
                    "Only an older version can be restored.", subject=document.name
                )
            base = records.knowledge_bases.get(document.knowledge_base_id)
            swap = bring_in(records, document)
            for come in swap.come:
                go_on(records, come, base.embedding_space_id, self.clock())
        self.wake_worker()
        self.indexes.swap(base, swap)


def changes(older: list[Page], newer: list[Page], *, paged: bool) -> Changes:
    """Pages, or paragraphs where there are none, that were added, removed and altered."""
    before, after = _parts(older, paged=paged), _parts(newer, paged=paged)
    added = removed = altered = 0
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for _, first, last, begin, end in matcher.get_opcodes():
        if before[first:last] == after[begin:end]:
            continue
        both = min(last - first, end - begin)
        altered += both
        removed += last - first - both
        added += end - begin - both
    return Changes(
        unit="page" if paged else "paragraph", added=added, removed=removed, altered=altered
    )


def _parts(pages: list[Page], *, paged: bool) -> list[str]:
    if paged:
        return [" ".join(page.text.split()) for page in pages]
    whole = "\n\n".join(page.text for page in pages)
    return [" ".join(part.split()) for part in whole.split("\n\n") if part.strip()]
