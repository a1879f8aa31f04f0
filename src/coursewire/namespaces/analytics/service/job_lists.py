"""Jobs as people see them: one, a page of them, and what comes with a channel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.analytics import store
from coursewire.namespaces.analytics.contract import JobPage, JobProgressed, OneJob
from coursewire.namespaces.analytics.rules import access
from coursewire.namespaces.analytics.rules.jobs import shown
from coursewire.namespaces.analytics.service.cursors import cursor, place
from coursewire.namespaces.analytics.service.jobs import load, stand
from coursewire.namespaces.analytics.store import Place

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.analytics.contract import ListJobs, ReadJob
    from coursewire.realtime.transaction import Transaction

WITH_A_SUBSCRIPTION: Final = 100
"""Jobs that go on, the newest, that come with the channel of a course or a person; `job.list` has all."""


def list_jobs(tx: Transaction, caller: Caller, command: ListJobs) -> JobPage:
    """Return a page of the caller's own jobs, or of those of a course, for its staff."""
    if command.course_id is not None:
        access.check_staff(tx.roles_in(caller, command.course_id))
    found = store.job_page(
        tx,
        owner_id=caller.user_id,
        course_id=command.course_id,
        state=command.state,
        after=place(command.cursor, "job.list"),
        most=command.limit + 1,
    )
    jobs = found[: command.limit]
    next_cursor = cursor(Place(jobs[-1].created_at, jobs[-1].id)) if len(found) > len(jobs) else None
    return JobPage(items=[shown(job) for job in jobs], next_cursor=next_cursor)


def read_job(tx: Transaction, caller: Caller, command: ReadJob) -> OneJob:
    """Return a job to its owner or the staff of its course. Raises NotFound to others."""
    job = load(tx, command.job_id)
    stand(tx, caller, job)
    return OneJob(job=shown(job))


def check_job_channel(tx: Transaction, caller: Caller, job_id: str) -> None:
    """Allow `job:<id>` to its owner and the staff of its course (SUB1)."""
    stand(tx, caller, load(tx, job_id), field="channel")


def latest_of_job(tx: Transaction, job_id: str) -> Iterable[JobProgressed]:
    """Return the job as it is."""
    return [JobProgressed(shown(load(tx, job_id)))]


def active_of_course(tx: Transaction, course_id: str) -> Iterable[JobProgressed]:
    """Return the jobs of a course that go on."""
    return [
        JobProgressed(shown(job)) for job in store.active_jobs_of_course(tx, course_id, WITH_A_SUBSCRIPTION)
    ]


def active_of_owner(tx: Transaction, user_id: str) -> Iterable[JobProgressed]:
    """Return the jobs of somebody that go on."""
    return [JobProgressed(shown(job)) for job in store.active_jobs_of_owner(tx, user_id, WITH_A_SUBSCRIPTION)]
