"""Where documents keep coming from: a folder that is watched, a section of a web site."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from kb.domain.documents import DocumentId, KnowledgeBaseId

SourceId = NewType("SourceId", str)


class SourceKind(StrEnum):
    """What a source is."""

    FOLDER = "folder"
    SITE = "site"


class SourceState(StrEnum):
    """Whether a source is looked at: a folder again and again, a site once."""

    ACTIVE = "active"
    DONE = "done"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A folder by its path, or a site by the address of its first page and how many links deep.

    `seen` counts the files or pages that it gave at the last look; `error` says why that look
    failed.
    """

    id: SourceId
    knowledge_base_id: KnowledgeBaseId
    kind: SourceKind
    address: str
    created_at: datetime
    depth: int = 0
    state: SourceState = SourceState.ACTIVE
    error: str = ""
    seen: int = 0
    looked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file of a watched folder as it was when it was last taken in."""

    name: str
    size_bytes: int
    modified_ns: int
    document_id: DocumentId | None
    error: str = ""
