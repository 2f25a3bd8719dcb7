"""Records of work, claimed by conditional updates so that one attempt holds a job at a time."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from kb.adapters.sql.batches import chunks, in_batches
from kb.adapters.sql.tables import jobs
from kb.domain.jobs import Job, JobId, JobKind, JobState, Progress

ACTIVE = (JobState.QUEUED, JobState.RUNNING)
OPEN = (*ACTIVE, JobState.PAUSED)


class SqlJobs:
    """Jobs over one connection. Times are compared as ISO text, so all are in UTC."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, job: Job, now: datetime) -> None:
        """Queue new work."""
        self._connection.execute(
            insert(jobs).values(
                id=job.id,
                kind=job.kind,
                subject_id=job.subject_id,
                state=job.state,
                attempt=job.attempt,
                lease_until=None,
                error=job.error,
                created_at=now.isoformat(),
                **_progress_values(job.progress),
            )
        )

    def of_subjects(self, ids: set[str]) -> dict[str, Job]:
        """The job of each subject that is at work or comes next."""
        rows = in_batches(
            self._connection,
            ids,
            lambda some: (
                select(jobs)
                .where(jobs.c.subject_id.in_(some), jobs.c.state.in_(OPEN))
                .order_by(jobs.c.state == JobState.RUNNING, jobs.c.created_at.desc())
            ),
        )
        return {row.subject_id: _job(row) for row in rows}

    def open_of(self, subject_id: str, kind: JobKind) -> bool:
        """Whether such work is queued, at work or paused."""
        return (
            self._connection.scalar(
                select(jobs.c.id).where(
                    jobs.c.subject_id == subject_id, jobs.c.kind == kind, jobs.c.state.in_(OPEN)
                )
            )
            is not None
        )

    def holds(self, job: Job) -> bool:
        """Whether the attempt still holds its lease."""
        found = select(jobs.c.id).where(_held_by(job))
        return self._connection.scalar(found) is not None

    def claim(self, kind: JobKind, now: datetime, lease_until: datetime) -> Job | None:
        """Take the oldest job of this kind that is queued or whose lease ran out."""
        free = or_(
            jobs.c.state == JobState.QUEUED,
            (jobs.c.state == JobState.RUNNING) & (jobs.c.lease_until < now.isoformat()),
        )
        oldest = (
            select(jobs.c.id)
            .where(jobs.c.kind == kind, free)
            .order_by(jobs.c.created_at, jobs.c.id)
            .limit(1)
        ).scalar_subquery()
        row = self._connection.execute(
            update(jobs)
            .where(jobs.c.id == oldest, free)
            .values(
                state=JobState.RUNNING,
                attempt=jobs.c.attempt + 1,
                started_at=func.coalesce(jobs.c.started_at, now.isoformat()),
                lease_until=lease_until.isoformat(),
            )
            .returning(jobs)
        ).one_or_none()
        return _job(row) if row else None

    def report(self, job: Job, progress: Progress, lease_until: datetime) -> bool:
        """Keep the lease and say how far it is; False if the attempt holds it no longer."""
        return self._change(job, lease_until=lease_until.isoformat(), **_progress_values(progress))

    def finish(self, job: Job) -> bool:
        """Mark done; False if the attempt holds the lease no longer."""
        return self._change(job, state=JobState.DONE, lease_until=None, error="")

    def fail(self, job: Job, error: str) -> bool:
        """Mark failed; False if the attempt holds the lease no longer."""
        return self._change(job, state=JobState.FAILED, lease_until=None, error=error)

    def release(self, job: Job) -> bool:
        """Let the job be claimed again, its attempts counted."""
        return self._change(job, state=JobState.QUEUED, lease_until=None)

    def give_back(self, job: Job) -> bool:
        """Let the job be claimed again as if this attempt had not been."""
        return self._change(job, state=JobState.QUEUED, lease_until=None, attempt=job.attempt - 1)

    def renew(self, job: Job) -> bool:
        """Let the job be claimed again as if for the first time."""
        return self._change(job, state=JobState.QUEUED, lease_until=None, attempt=0)

    def pause(self, subject_ids: set[str]) -> None:
        """Let nobody work on these subjects; an attempt that runs can then publish nothing."""
        for some in chunks(subject_ids):
            self._connection.execute(
                update(jobs)
                .where(jobs.c.subject_id.in_(some), jobs.c.state.in_(ACTIVE))
                .values(state=JobState.PAUSED, lease_until=None, started_at=None)
            )

    def resume(self, subject_ids: set[str]) -> None:
        """Let paused work be claimed again, as if it had not been begun."""
        for some in chunks(subject_ids):
            self._connection.execute(
                update(jobs)
                .where(jobs.c.subject_id.in_(some), jobs.c.state == JobState.PAUSED)
                .values(state=JobState.QUEUED, attempt=0)
            )

    def release_all(self) -> None:
        """Free every lease: called by a process that has just become the only one."""
        self._connection.execute(
            update(jobs)
            .where(jobs.c.state == JobState.RUNNING)
            .values(state=JobState.QUEUED, lease_until=None)
        )

    def remove_of(self, subject_id: str, kind: JobKind | None = None) -> None:
        """Forget a subject's jobs; an attempt that runs can then publish nothing."""
        of_kind = () if kind is None else (jobs.c.kind == kind,)
        self._connection.execute(delete(jobs).where(jobs.c.subject_id == subject_id, *of_kind))

    def _change(self, job: Job, **values: Any) -> bool:
        changed = self._connection.execute(update(jobs).where(_held_by(job)).values(**values))
        return changed.rowcount == 1


def _held_by(job: Job) -> ColumnElement[bool]:
    return and_(
        jobs.c.id == job.id, jobs.c.attempt == job.attempt, jobs.c.state == JobState.RUNNING
    )


def _progress_values(progress: Progress) -> dict[str, Any]:
    return {
        "step": progress.step,
        "done": progress.done,
        "total": progress.total,
        "unit": progress.unit,
    }


def _job(row: Row[Any]) -> Job:
    return Job(
        id=JobId(row.id),
        kind=JobKind(row.kind),
        subject_id=row.subject_id,
        state=JobState(row.state),
        attempt=row.attempt,
        progress=Progress(step=row.step, done=row.done, total=row.total, unit=row.unit),
        lease_until=_time(row.lease_until),
        started_at=_time(row.started_at),
        error=row.error,
    )


def _time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
