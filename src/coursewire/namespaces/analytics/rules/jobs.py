"""What a report, a wish to end, or silence makes of a job."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from coursewire.errors import Conflict, Invalid
from coursewire.namespaces.analytics.contract import Job
from coursewire.namespaces.analytics.rules import pace as paces
from coursewire.vocabulary import iso

if TYPE_CHECKING:
    from coursewire.namespaces.analytics.contract import JobPatch, JobState, Stage
    from coursewire.namespaces.analytics.rules.pace import Pace

ENDS: Final = frozenset({"succeeded", "failed", "cancelled"})

BEAT_SHOWN_MS: Final = 5_000
"""A heartbeat that brings no news is shown about this often: whoever watches sees that the worker lives."""

Canceller = Literal["owner", "staff"]


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as it is stored. Times are milliseconds since 1970."""

    id: str
    kind: str
    title: str
    course_id: str | None
    owner_id: str
    state: JobState
    heartbeat_at: int
    created_at: int
    stage: Stage | None = None
    done: int = 0
    total: int | None = None
    message: str = ""
    attempt: int = 1
    revision: int = 1
    cancelled_by: Canceller | None = None
    started_at: int | None = None
    finished_at: int | None = None
    result: dict[str, Any] | None = None
    error: str | None = None
    pace: Pace | None = None
    """Of the attempt; None before it has begun."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing follows but a new attempt."""
        return self.state in ENDS

    @property
    def was_called_off(self) -> bool:
        """Whether it ended because a person wanted that."""
        return self.state == "cancelled" and self.cancelled_by is not None


def shown(job: JobRecord) -> Job:
    """Return the job as it travels."""
    percent = eta = None
    if job.total is not None:
        percent = 100.0 if job.done == job.total else job.done * 1000 // job.total / 10
    if job.state == "running" and job.total is not None and job.pace is not None:
        eta = paces.eta_s(job.pace, job.total - job.done)
    return Job(
        id=job.id,
        kind=job.kind,
        title=job.title,
        course_id=job.course_id,
        owner_id=job.owner_id,
        state=job.state,
        stage=job.stage,
        done=job.done,
        total=job.total,
        percent=percent,
        message=job.message,
        eta_s=eta,
        attempt=job.attempt,
        revision=job.revision,
        cancel_requested=job.cancelled_by is not None,
        cancelled_by=job.cancelled_by,
        heartbeat_at=iso(job.heartbeat_at),
        created_at=iso(job.created_at),
        started_at=None if job.started_at is None else iso(job.started_at),
        finished_at=None if job.finished_at is None else iso(job.finished_at),
        result=job.result,
        error=job.error,
    )


def reported(job: JobRecord, patch: JobPatch, now: int) -> JobRecord:
    """Return the job after its worker's report; the very same when there is nothing to write.

    Raises Invalid for progress that falls, Conflict (with the job) for a report about an end that stands.
    """
    if job.has_ended and not _begins_anew(job, patch):
        return _still_ended(job, patch)
    if patch.state == "queued" and job.state in {"running", "stalled"} and job.cancelled_by is not None:
        return _ended(job, "cancelled", now)  # nobody works on it, and nobody wants it any more
    if job.has_ended or (patch.state == "queued" and job.state != "queued"):
        job = _anew(job)
    state = _state_after(job, patch)
    done = job.done if patch.done is None else patch.done
    total = job.total if patch.total is None else patch.total
    _check_amounts(job, patch, state, done, total)
    after = replace(
        job,
        state=state,
        done=done,
        total=total,
        stage=patch.stage or job.stage,
        message=job.message if patch.message is None else patch.message,
        heartbeat_at=now,
        revision=job.revision + 1,
    )
    if state != "queued":
        after = replace(
            after,
            pace=_pace_after(job, now, done),
            started_at=now if job.started_at is None else job.started_at,
        )
    if state in ENDS:
        after = replace(after, finished_at=now, result=patch.result, error=patch.error)
    elif patch.result is not None:
        raise Invalid("comes with the end of a job, not before", field="result")
    return after


def says_nothing_new(before: JobRecord, after: JobRecord) -> bool:
    """Whether a report brought a heartbeat only, and one was shown not long ago."""
    if before.heartbeat_at // BEAT_SHOWN_MS != after.heartbeat_at // BEAT_SHOWN_MS:
        return False
    same = replace(after, heartbeat_at=before.heartbeat_at, revision=before.revision, pace=before.pace)
    return same == before


def called_off(job: JobRecord, by: Canceller, now: int) -> JobRecord:
    """Return the job after somebody wants its end; the very same when that is known.

    Where a worker is at work, it hears of it; otherwise the job ends now. Raises Conflict (with the job) for one that
    has ended.
    """
    if job.has_ended:
        raise _conflict(f"the job has ended already: it is {job.state}", job, field="job_id")
    if job.state != "running":
        return _ended(replace(job, cancelled_by=by), "cancelled", now)
    if job.cancelled_by in {by, "owner"}:
        return job
    return replace(job, cancelled_by=by, revision=job.revision + 1)


def fallen_silent(job: JobRecord, now: int) -> JobRecord:
    """Return a running job whose heartbeats are missing: stalled, or ended where somebody wants that."""
    if job.cancelled_by is not None:
        return _ended(job, "cancelled", now)
    return replace(job, state="stalled", revision=job.revision + 1)


def given_up(job: JobRecord, now: int) -> JobRecord:
    """Return a job that nobody has worked on for too long, as failed, so that each comes to an end."""
    waited = _for_how_long(now - job.heartbeat_at)
    if job.state == "queued":
        error = f"no worker has begun it for {waited}"
    else:
        error = f"its worker has not been heard of for {waited}"
    return replace(_ended(job, "failed", now), error=error)


def _begins_anew(job: JobRecord, patch: JobPatch) -> bool:
    """Whether a report about a job that has ended begins a new attempt: `queued` always does.

    `running` does not where a person called it off: the task may be on its way to a worker, who is to hear of it.
    """
    return patch.state == "queued" or (patch.state == "running" and not job.was_called_off)


def _still_ended(job: JobRecord, patch: JobPatch) -> JobRecord:
    if job.was_called_off and patch.state in {None, "running", "cancelled"}:
        return job
    if (
        patch.state == job.state
        and patch.result in (None, job.result)
        and patch.error in (None, job.error)
        and patch.done in (None, job.done)
    ):
        return job  # the same report again
    raise _conflict(
        f"the job has ended: it is {job.state}. The state 'queued' or 'running' begins a new attempt",
        job,
        field="state",
    )


def _anew(job: JobRecord) -> JobRecord:
    return replace(
        job,
        state="queued",
        attempt=job.attempt + 1,
        done=0,
        stage=None,
        message="",
        cancelled_by=None,
        started_at=None,
        finished_at=None,
        result=None,
        error=None,
        pace=None,
    )


def _state_after(job: JobRecord, patch: JobPatch) -> JobState:
    if patch.state is not None:
        return patch.state
    if job.state == "stalled" or patch.stage is not None or patch.done:
        return "running"
    return job.state


def _check_amounts(job: JobRecord, patch: JobPatch, state: JobState, done: int, total: int | None) -> None:
    if done < job.done:
        raise Invalid(f"never falls within an attempt: {job.done} are done already", field="done")
    if done and state == "queued":
        raise Invalid("nothing is done of a job that is queued", field="done")
    if total is not None and total < done:
        if patch.total is not None:
            raise Invalid(f"must be at least what is done: {done}", field="total")
        raise Invalid(f"is more than the total of {total}: send a larger total with it", field="done")
    if patch.error is not None and state != "failed":
        raise Invalid("only a job that failed has an error: the state must be 'failed'", field="error")


def _pace_after(job: JobRecord, now: int, done: int) -> Pace:
    if job.pace is None:
        return paces.begun(now, done)
    if job.state == "stalled":
        return paces.skipped(job.pace, now, done)
    return paces.followed(job.pace, now, done)


def _ended(job: JobRecord, state: Literal["failed", "cancelled"], now: int) -> JobRecord:
    return replace(job, state=state, finished_at=now, revision=job.revision + 1)


def _conflict(message: str, job: JobRecord, *, field: str) -> Conflict:
    return Conflict(message, field=field, details={"job": shown(job).model_dump(exclude_none=True)})


def _for_how_long(milliseconds: int) -> str:
    hours = max(1, milliseconds // 3_600_000)
    if hours >= 48:  # noqa: PLR2004  # from two days on in days
        return f"{hours // 24} days"
    return f"{hours} hours" if hours > 1 else "an hour"
