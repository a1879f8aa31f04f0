"""Removing the jobs of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coursewire.namespaces.analytics import store
from coursewire.namespaces.analytics.contract import Job, JobProgressed
from coursewire.vocabulary import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coursewire.namespaces.analytics.rules.jobs import JobRecord
    from coursewire.realtime.transaction import Transaction

NOBODY: Final = "erased"
"""Stands for the owner of a job that is no more."""


def erase_jobs(tx: Transaction, owner_id: str) -> Sequence[JobRecord]:
    """Delete the jobs of somebody, and let nothing that was said of them name them (LOG5); return what they were.

    A worker that still reports hears that there is no such job. Whoever watches sees it cancelled, without a title,
    also as the newest value, which a channel keeps for whoever comes next.
    """
    jobs = store.jobs_of_owner(tx, owner_id)
    store.erase_jobs(tx, owner_id)
    for job in jobs:
        gone = _emptied(job, tx.now)
        tx.redact(job.id, gone)
        tx.publish_latest(f"job:{job.id}", JobProgressed(gone))
        if job.course_id is not None:
            tx.publish_latest(f"course:{job.course_id}", JobProgressed(gone))
    return jobs


def _emptied(job: JobRecord, now: int) -> Job:
    return Job(
        id=job.id,
        kind=job.kind,
        title="",
        course_id=job.course_id,
        owner_id=NOBODY,
        state=job.state if job.has_ended else "cancelled",
        done=job.done,
        total=job.total,
        attempt=job.attempt,
        revision=job.revision + 1,
        heartbeat_at=iso(job.heartbeat_at),
        created_at=iso(job.created_at),
        finished_at=iso(job.finished_at or now),
    )
