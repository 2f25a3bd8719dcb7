"""Work that outlives a page: what it is, how far it is, and who holds it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

JobId = NewType("JobId", str)


class JobKind(StrEnum):
    """What a job does with a document, in the order of urgency."""

    READ = "read"
    EMBED = "embed"
    OCR = "ocr"


class JobState(StrEnum):
    """How far a job has come."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The step a job is at, and how much of it is done."""

    step: str
    done: int = 0
    total: int | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of work about one subject (a document's id).

    `attempt` counts from 1 at the first claim. Only the attempt that holds the lease
    may publish.
    """

    id: JobId
    kind: JobKind
    subject_id: str
    state: JobState
    attempt: int
    progress: Progress
    lease_until: datetime | None
    started_at: datetime | None = None
    error: str = ""
