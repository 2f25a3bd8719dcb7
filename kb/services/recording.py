"""What is recorded when a file is added, and how documents of one name give way to each other."""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kb.domain.conversations import without_document
from kb.domain.documents import (
    FINDABLE,
    UNFINISHED,
    Document,
    DocumentId,
    DocumentState,
    EmbeddingSpaceId,
    KnowledgeBaseId,
    PassageId,
)
from kb.domain.errors import InvalidInputError
from kb.domain.jobs import Job, JobId, JobKind, JobState, Progress
from kb.records import Transaction

LONGEST_NAME = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of an added file: a document to be read, or one that was there already."""

    document: Document
    duplicate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file that is kept, and what is known of it."""

    name: str
    sha256: str
    size_bytes: int
    media_type: str = ""
    parent_id: DocumentId | None = None
    source_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """What a change of versions leaves to be done: documents whose vectors come into the index,
    passages whose vectors go, contents that may be in use no more."""

    come: tuple[DocumentId, ...] = ()
    gone: tuple[PassageId, ...] = ()
    contents: frozenset[str] = frozenset()

    def __add__(self, other: "Swap") -> "Swap":
        return Swap(
            come=self.come + other.come,
            gone=self.gone + other.gone,
            contents=self.contents | other.contents,
        )


def record(
    records: Transaction, base_id: KnowledgeBaseId, file: StoredFile, now: datetime
) -> Added:
    """Record a stored file as a document, with the work it needs.

    The same content again gives the document that is there.
    """
    added = _recorded(records, base_id, file, now)
    document = added.document
    if file.parent_id and file.parent_id != document.id:
        records.documents.put_inside(file.parent_id, document.id)
    elif (document.parent_id or document.source_id) and not (file.parent_id or file.source_id):
        # What a person added stays when the mail or the folder it was in goes.
        records.documents.set_origin(document.id, parent_id=None, source_id=None)
    return added


def _recorded(
    records: Transaction, base_id: KnowledgeBaseId, file: StoredFile, now: datetime
) -> Added:
    alike = [
        document
        for document in records.documents.of_content(file.sha256)
        if document.knowledge_base_id == base_id and not _is_overtaken(records, document)
    ]
    for same in alike:
        if same.state in FINDABLE or _will_be_read_alike(same, file.name):
            return Added(document=same, duplicate=True)
    for same in alike:
        # Under another name it may well be readable: endings tell types.
        if same.name == file.name and same.state is not DocumentState.SUPERSEDED:
            requeue(records, same, now)
            return Added(document=records.documents.get(same.id), duplicate=False)
    before = records.documents.find(base_id, file.name)
    document = Document(
        id=DocumentId(uuid.uuid4().hex),
        knowledge_base_id=base_id,
        name=file.name,
        media_type=file.media_type,
        content_sha256=file.sha256,
        size_bytes=file.size_bytes,
        created_at=now,
        version=before.version + 1 if before else 1,
        parent_id=file.parent_id,
        source_id=file.source_id,
    )
    records.documents.add(document)
    records.jobs.add(new_job(JobKind.READ, document.id), now)
    return Added(document=document, duplicate=False)


def requeue(records: Transaction, document: Document, now: datetime) -> None:
    """Let a document be taken in anew."""
    records.documents.set_state(document.id, DocumentState.QUEUED)
    records.jobs.remove_of(document.id)
    records.jobs.add(new_job(JobKind.READ, document.id), now)


def new_job(kind: JobKind, id: DocumentId) -> Job:
    """New work on a document."""
    return Job(
        id=JobId(uuid.uuid4().hex),
        kind=kind,
        subject_id=id,
        state=JobState.QUEUED,
        attempt=0,
        progress=Progress(step="waiting"),
        lease_until=None,
    )


def others_of_name(records: Transaction, document: Document) -> list[Document]:
    """The other versions of a document."""
    return [
        other
        for other in records.documents.named(document.knowledge_base_id, document.name)
        if other.id != document.id
    ]


def bring_in(records: Transaction, document: Document, now: datetime | None = None) -> Swap:
    """Make a document the one of its name that is found; those before it are superseded.

    Where a newer version has come in meanwhile, it is superseded itself.
    """
    others = others_of_name(records, document)
    if now and any(o.state in FINDABLE and o.version > document.version for o in others):
        records.documents.set_state(document.id, DocumentState.SUPERSEDED, finished_at=now)
        return Swap()
    records.documents.set_state(document.id, DocumentState.READY, finished_at=now)
    swap = Swap(come=(document.id,))
    for other in others:
        if other.state in FINDABLE or other.version < document.version:
            swap += _retired(records, other)
    for child in _inside(records, document):
        if child.state is DocumentState.SUPERSEDED:
            swap += bring_in(records, child)
    return swap


def go_on(
    records: Transaction, id: DocumentId, space_id: EmbeddingSpaceId | None, now: datetime
) -> None:
    """Queue what was still to be done for a version when it was superseded."""
    if space_id and records.documents.unembedded(id, space_id):
        records.documents.set_state(id, DocumentState.SEARCHABLE)
        records.jobs.add(new_job(JobKind.EMBED, id), now)
    if records.documents.get(id).ledger.waiting:
        records.jobs.add(new_job(JobKind.OCR, id), now)


def _retired(records: Transaction, document: Document) -> Swap:
    """Let a version be found no more, with what came in nothing but it and those before it.

    One that was never ready has nothing that one could go back to.
    """
    if document.state is DocumentState.SUPERSEDED:
        return Swap()
    if document.finished_at is None or document.state not in FINDABLE:
        return remove_whole(records, document)
    records.documents.set_state(document.id, DocumentState.SUPERSEDED)
    records.jobs.remove_of(document.id)
    swap = Swap(gone=tuple(passage.id for passage in records.documents.passages_of(document.id)))
    for child in _inside(records, document):
        # One that has changed gives way to what it has become, once that is ready.
        if not _is_held(records, child) and not _is_overtaken(records, child):
            swap += _retired(records, child)
    return swap


def remove_whole(records: Transaction, document: Document) -> Swap:
    """Forget a document with the versions it had superseded and with what came in them alone."""
    versions = [document]
    others = others_of_name(records, document)
    if document.state is not DocumentState.SUPERSEDED and _all_superseded(others):
        # Nobody could find or remove them any more.
        versions += others
    swap = Swap()
    for version in versions:
        inside = records.documents.children(version.id)
        gone = _forgotten(records, version.id)
        swap += Swap(gone=tuple(gone), contents=frozenset({version.content_sha256}))
        for id in inside:
            swap += _taken_out(records, id)
    return swap


def _taken_out(records: Transaction, id: DocumentId) -> Swap:
    """Remove what came in a document that is gone, unless something else has it."""
    swap = Swap()
    for child in records.documents.many([id]).values():
        if not _is_held(records, child):
            swap += remove_whole(records, child)
        elif child.parent_id:
            left = [*records.documents.parents(id), None]
            records.documents.set_origin(id, parent_id=left[0], source_id=child.source_id)
    return swap


def _forgotten(records: Transaction, id: DocumentId) -> list[PassageId]:
    """Take a document out of the records, its text in past answers too; its passages' ids."""
    records.jobs.remove_of(id)
    for message in records.conversations.citing(id):
        records.conversations.save_message(without_document(message, id))
    records.receipts.forget(id)
    return records.documents.remove(id)


def _inside(records: Transaction, document: Document) -> Collection[Document]:
    return records.documents.many(records.documents.children(document.id)).values()


def _is_held(records: Transaction, child: Document) -> bool:
    """Whether it stays without the mail or archive that goes: a person added it, a watched
    folder has it, or it came in another one that is there still."""
    if child.parent_id is None or records.sources.holding(child.id):
        return True
    parents = records.documents.many(records.documents.parents(child.id)).values()
    return not _all_superseded(parents)


def _all_superseded(documents: Iterable[Document]) -> bool:
    return all(document.state is DocumentState.SUPERSEDED for document in documents)


def _is_overtaken(records: Transaction, document: Document) -> bool:
    """Whether a newer version is there, or on its way."""
    return any(
        other.version > document.version and other.state in (*UNFINISHED, DocumentState.READY)
        for other in others_of_name(records, document)
    )


def clean_name(name: str) -> str:
    """A document's name as it is kept: printable, no white space at its ends, bounded.

    Raises InvalidInputError where nothing is left.
    """
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name).strip()
    shown = shown.encode("utf-8", "replace").decode("utf-8")[-LONGEST_NAME:]
    if not shown:
        raise InvalidInputError("A document needs a name.")
    return shown


def _will_be_read_alike(queued: Document, name: str) -> bool:
    """Whether what becomes of a waiting document will become of its content under this name.

    Endings tell types, and an empty file is refused by its name.
    """
    if queued.state is not DocumentState.QUEUED:
        return False
    alike = Path(queued.name).suffix.lower() == Path(name).suffix.lower()
    return queued.name == name or (alike and queued.size_bytes > 0)
