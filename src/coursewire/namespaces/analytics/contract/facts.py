"""What the parts of /analytics tell each other and the other namespaces, in the transaction in which it happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from coursewire.namespaces.analytics.contract.jobs import Job


class Activity(NamedTuple):
    """Something that somebody did, as it is stored. Times are milliseconds since 1970."""

    id: str
    course_id: str
    user_id: str
    verb: str
    object_id: str
    object_type: str
    object_name: str | None
    progress: float | None
    score: float | None
    duration_ms: int
    at: int
    is_learner: bool
    """Whether the course counted them as a learner when it came: only those are in the metrics."""


@dataclass(frozen=True, slots=True)
class ActivityRecorded:
    """New activity, none of which was there before; of one course or of several."""

    activities: tuple[Activity, ...]


@dataclass(frozen=True, slots=True)
class JobStalled:
    """A job's heartbeats are missing. It goes on (JobResumed) or ends (JobFinished)."""

    job: Job


@dataclass(frozen=True, slots=True)
class JobResumed:
    """A job that had stalled goes on, or waits for a worker again."""

    job: Job
