"""AI jobs: what is said and heard of long work, and how its worker reports over HTTP."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, Literal

from annotated_types import Len
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from coursewire.namespaces.analytics.contract.values import Cursor
from coursewire.realtime.contract import Command, Delivery, Event, Mode, Once, Result
from coursewire.vocabulary import Clean, CourseId, Id, Key, Line, Model, Time, UserId

JobId = Id
JobState = Literal["queued", "running", "succeeded", "failed", "cancelled", "stalled"]
"""`stalled`: no heartbeat for too long; the next one sets it running again. The three before it are the end."""

Kind = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
"""What sort of work it is, for grouping: `essay-grading`."""

Amount = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""How many of whatever is counted."""

Message = Annotated[Clean, StringConstraints(max_length=500)]

RESULT_BYTES: Final = 16_384
"""Of a result as JSON: it travels to everybody who watches, on three channels."""

RESULT_DEPTH: Final = 20
"""Objects and lists in each other; what is much deeper no serialiser takes."""


MOST_NUMBER: Final = 10**308
"""What is larger is infinite to most readers of JSON, and an error to ours: it could not even be erased."""


def _is_small_json(result: dict[str, Any]) -> dict[str, Any]:
    try:
        text = json.dumps(result, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except (ValueError, RecursionError):
        raise ValueError("must be JSON: no NaN, no Infinity, no lone surrogate") from None
    level: list[Any] = [result]
    for _ in range(RESULT_DEPTH):
        if any(isinstance(value, int) and abs(value) > MOST_NUMBER for value in level):
            raise ValueError("must have no number beyond 1e308: write it as text")
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
    if level:
        raise ValueError(f"must be nested at most {RESULT_DEPTH} deep")
    if size > RESULT_BYTES:
        raise ValueError(
            f"must be at most {RESULT_BYTES} bytes of JSON: keep the rest elsewhere, and link to it"
        )
    return result


Outcome = Annotated[dict[str, Any], Len(0, 100), AfterValidator(_is_small_json)]
"""What came out, in short: at most 16 KiB of JSON."""


class Stage(Model):
    """The part of the work that goes on now."""

    label: Annotated[Line, StringConstraints(max_length=80)]
    index: Annotated[int, Field(ge=1, le=1_000)] | None = None
    """Counted from 1."""
    count: Annotated[int, Field(ge=1, le=1_000)] | None = None

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Stage:
        if self.index is not None and self.count is not None and self.index > self.count:
            raise ValueError("index must be at most count")
        return self


class Job(Model):
    """Long work, and how far it has got."""

    id: JobId
    kind: Kind
    title: str
    course_id: CourseId | None = None
    owner_id: UserId
    state: JobState
    stage: Stage | None = None
    done: Amount
    """Never less than before within an attempt."""
    total: Amount | None = None
    percent: float | None = None
    """0-100, one decimal; none where the total is not known. 100 only when all is done."""
    message: str = ""
    eta_s: float | None = None
    """Seconds still to go at the smoothed rate, as of `heartbeat_at`; none where that is not known yet."""
    attempt: int
    """1, and one more each time it begins anew."""
    revision: int
    """Grows with every change: of two reports about a job the higher one holds."""
    cancel_requested: bool = False
    cancelled_by: Literal["owner", "staff"] | None = None
    """Who asked for its end; none where nobody did, also when its worker cancelled it."""
    heartbeat_at: Time
    created_at: Time
    started_at: Time | None = None
    finished_at: Time | None = None
    result: dict[str, Any] | None = None
    error: str | None = None


# Commands


class JobPage(Result):
    """Jobs, the newest first."""

    items: list[Job]
    next_cursor: Cursor | None = None


class ListJobs(Command, name="job.list", returns=JobPage):
    """The caller's own jobs; with a course, those of the course for its staff."""

    course_id: CourseId | None = None
    state: JobState | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class OneJob(Result):
    """The job as it is."""

    job: Job


class ReadJob(Command, name="job.read", returns=OneJob):
    """One job: for its owner and the staff of its course."""

    job_id: JobId


class JobCancelled(Once):
    """The job after the command."""

    job: Job


class CancelJob(Command, name="job.cancel", mode=Mode.WRITE, returns=JobCancelled):
    """Ask for a job's end: one that is queued ends at once, a running one when its worker hears of it.

    For its owner and the staff of its course. Raises conflict for a job that has ended.
    """

    key: Key
    job_id: JobId


# Events, on `job:<id>`, on `course:<course>` for its staff and on `user:<owner>`: the same job in each.


class JobProgressed(Event[Job], name="job.progressed", delivery=Delivery.LATEST, per="id", rate=4):
    """A job has moved, or changed its state: the newest value of each is the job as it is, also at its end."""


class JobFinished(Event[Job], name="job.finished", delivery=Delivery.LOGGED, subject="id"):
    """A job has succeeded, failed or was cancelled: nothing follows, unless it begins a new attempt."""


# Over HTTP, by whoever does the work


class JobBody(Model):
    """New work."""

    id: JobId | None = None
    """Chosen by the LMS, such as a task's id; the same again returns the job that is there."""
    kind: Kind
    title: Line
    course_id: CourseId | None = None
    owner_id: UserId
    total: Amount | None = None


class JobPatch(Model):
    """What has changed; also an empty one is a heartbeat."""

    state: Literal["queued", "running", "succeeded", "failed", "cancelled"] | None = None
    """`running` after an end, or `queued`, begins a new attempt: `done` starts from 0 again.

    After a person called it off only `queued` does: the other reports are told `cancel_requested`.
    """
    done: Amount | None = None
    total: Amount | None = None
    stage: Stage | None = None
    message: Message | None = None
    result: Outcome | None = None
    """Together with an end."""
    error: Annotated[Clean, StringConstraints(max_length=2_000)] | None = None
    """Together with `failed`."""


class JobReply(Model):
    """The job, and whether somebody wants it to end."""

    job: Job
    cancel_requested: bool = False
