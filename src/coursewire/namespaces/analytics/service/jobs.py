"""Jobs: what their workers report, and who wants them to end."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from coursewire.errors import Conflict, NotFound
from coursewire.identity import membership
from coursewire.namespaces.analytics import store
from coursewire.namespaces.analytics.contract import (
    JobCancelled,
    JobFinished,
    JobProgressed,
    JobReply,
    JobResumed,
    JobStalled,
)
from coursewire.namespaces.analytics.rules import jobs as rules
from coursewire.namespaces.analytics.rules.access import is_staff
from coursewire.namespaces.analytics.rules.jobs import JobRecord
from coursewire.vocabulary import new_id

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.analytics.contract import CancelJob, JobBody, JobPatch
    from coursewire.namespaces.analytics.rules.jobs import Canceller
    from coursewire.realtime.transaction import Transaction

NO_SUCH_JOB: Final = "there is no such job"


def create_job(tx: Transaction, body: JobBody, by: str | None = None) -> JobReply:
    """Take new work. The same again returns the job that is there.

    by: the name of the token that announces it. A service is no person, and may own what the staff of a course see.
    Raises NotFound for a course or an owner that is unknown, Conflict for an id that other work has.
    """
    digest = _digest(body)
    if body.id is not None and (before := store.job_digest(tx, body.id)) is not None:
        if before != digest:
            raise Conflict("other work has this id already", field="id")
        return _reply(tx, load(tx, body.id))
    is_services = body.owner_id == by and body.course_id is not None
    if not is_services and membership.user(tx, body.owner_id) is None:
        # Whoever names nobody owns it by the name of their token, which may be that of no person.
        raise NotFound(
            f"there is no user {body.owner_id!r}: a roster or a token has to name them first. Name another, or a "
            "course whose staff is to see the job",
            field="owner_id",
        )
    if body.course_id is not None:
        _check_course(tx, body.course_id)
    job = JobRecord(
        id=body.id or new_id(),
        kind=body.kind,
        title=body.title,
        course_id=body.course_id,
        owner_id=body.owner_id,
        state="queued",
        total=body.total,
        heartbeat_at=tx.now,
        created_at=tx.now,
    )
    store.insert_job(tx, job, digest)
    tell(tx, None, job)
    return _reply(tx, job)


def report_job(tx: Transaction, job_id: str, patch: JobPatch) -> JobReply:
    """Take a worker's report, and tell it whether somebody wants the job to end.

    Raises NotFound; Invalid for progress that falls; Conflict, with the job, for a report about an end that stands.
    """
    before = load(tx, job_id)
    after = rules.reported(before, patch, tx.now)
    if after is not before:
        store.save_job(tx, before, after)
        if not rules.says_nothing_new(before, after):
            tell(tx, before, after)
    return _reply(tx, after)


def cancel_job(tx: Transaction, caller: Caller, command: CancelJob) -> JobCancelled:
    """Ask for a job's end. Raises NotFound to whom it is no business of, Conflict for one that has ended."""
    before = load(tx, command.job_id)
    after = rules.called_off(before, stand(tx, caller, before), tx.now)
    if after is not before:
        store.save_job(tx, before, after)
        tell(tx, before, after)
    tx.subject = after.id
    return JobCancelled(job=rules.shown(after))


def load(tx: Transaction, job_id: str) -> JobRecord:
    """Return a job. Raises NotFound."""
    job = store.load_job(tx, job_id)
    if job is None:
        raise NotFound(NO_SUCH_JOB, field="job_id")
    return job


def stand(tx: Transaction, caller: Caller, job: JobRecord, *, field: str = "job_id") -> Canceller:
    """Return how somebody stands to a job. Raises NotFound to all others: that it exists is not theirs to know."""
    if caller.user_id == job.owner_id:
        return "owner"
    if job.course_id is not None and is_staff(tx.roles_in(caller, job.course_id)):
        return "staff"
    raise NotFound(NO_SUCH_JOB, field=field)


def tell(tx: Transaction, before: JobRecord | None, after: JobRecord) -> None:
    """Say how a job is now: its newest value on each of its channels, and its end, logged, before that.

    The newest value says the end as well, so that nothing older stands for it, neither here nor with whoever comes
    next. Nobody is named as the actor: an end is the worker's, and who wanted it stands in the job.
    """
    job = rules.shown(after)
    channels = [f"job:{after.id}", f"user:{after.owner_id}"]
    if after.course_id is not None:
        channels.append(f"course:{after.course_id}")
    if after.has_ended:
        finished = JobFinished(job)
        tx.append_each([(channel, finished) for channel in channels], actor=None)
    progressed = JobProgressed(job)
    for channel in channels:
        tx.publish_latest(channel, progressed)
    if after.state == "stalled":
        tx.tell(JobStalled(job))
    elif before is not None and before.state == "stalled" and not after.has_ended:
        tx.tell(JobResumed(job))


def _reply(tx: Transaction, job: JobRecord) -> JobReply:
    tx.subject = job.id
    return JobReply(job=rules.shown(job), cancel_requested=job.cancelled_by is not None)


def _check_course(tx: Transaction, course_id: str) -> None:
    if not store.existing_courses(tx, [course_id]):
        raise NotFound("there is no such course", field="course_id")


def _digest(body: JobBody) -> str:
    return hashlib.blake2b(body.model_dump_json().encode(), digest_size=16).hexdigest()
