"""Figures of a course: live ones, series over time, who is at risk. Their definitions: docs/reference/metrics.md."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Len
from pydantic import Field

from coursewire.namespaces.analytics.contract.values import Bucket, Cursor, ObjectId, Window
from coursewire.realtime.contract import Command, Delivery, Event, Result
from coursewire.vocabulary import CourseId, Model, Time, UserId

Metric = Literal["events", "active_learners", "time_on_task_s", "completions", "submissions", "average_score"]
"""What a series can show."""


class ObjectMetrics(Model):
    """One thing of the course, within the window."""

    object_id: ObjectId
    type: str
    name: str | None = None
    events: int
    learners: int
    completed: int
    """How many learners completed it. For the cohort, 0 stands for fewer than 5."""
    average_score: float | None = None
    time_on_task_s: float


class Metrics(Model):
    """A course within a window, learners only."""

    course_id: CourseId
    window: Window
    scope: Literal["course", "cohort"]
    """`course` is for its staff. `cohort` is for everybody enrolled: nothing by which a learner could be known."""
    at: Time
    withheld: bool = False
    """The class has, in this window, fewer than 5 active learners: the other fields say nothing."""
    active_now: int
    """In the last 5 minutes, whatever the window. For the cohort, 0 stands for fewer than 5."""
    active_learners: int
    events_per_minute: float
    time_on_task_s: float
    completion_rate: float | None = None
    submission_rate: float | None = None
    average_score: float | None = None
    at_risk: int | None = None
    """Staff only."""
    per_object: Annotated[list[ObjectMetrics], Len(0, 20)]
    """The busiest first. For the cohort only what at least 5 learners worked on."""


class OwnMetrics(Model):
    """One learner within a window."""

    course_id: CourseId
    user_id: UserId
    window: Window
    at: Time
    events: int
    time_on_task_s: float
    completed: int
    submitted: int
    average_score: float | None = None


class MetricsRead(Result):
    """The figures that the caller may see."""

    metrics: Metrics | None = None
    """The course's for its staff, the cohort's for others; none while the cohort has under 5 active learners."""
    own: OwnMetrics | None = None
    """The caller's, who is a learner there."""


class ReadMetrics(Command, name="metrics.read", returns=MetricsRead):
    """The figures of a course now."""

    course_id: CourseId
    window: Window = "1h"


class Point(Model):
    """One bucket of a series."""

    at: Time
    """Its beginning."""
    value: float | None = None
    """None where there was nothing to average, or where too few were active for a cohort's value."""


class Series(Result):
    """A metric over time: a point for each bucket of the range, empty ones included."""

    metric: Metric
    bucket: Bucket
    scope: Literal["course", "cohort"]
    points: list[Point]


class ReadSeries(Command, name="metrics.series", returns=Series, cost=2):
    """A metric over time: whole buckets from the one of `from` to the one of `to`, at most 1,000."""

    course_id: CourseId
    metric: Metric
    bucket: Bucket
    """The class's comes in `1h` only. Hours that run, or that fewer than 5 learners made, have no value there."""
    from_: Time = Field(alias="from")
    to: Time


class LearnerAtRisk(Model):
    """Somebody enrolled who has not come for 7 days and is not passing."""

    user_id: UserId
    name: str
    last_visit_at: Time | None = None
    average_score: float | None = None
    reasons: list[str]


class RiskPage(Result):
    """Learners at risk, the one longest away first."""

    items: list[LearnerAtRisk]
    next_cursor: Cursor | None = None


class ListAtRisk(Command, name="risk.list", returns=RiskPage):
    """Who is at risk in a course: for its staff."""

    course_id: CourseId
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class MetricsUpdated(
    Event[Metrics], name="metrics.updated", delivery=Delivery.LATEST, per="window", rate=1, early=0.95
):
    """The figures of a course: on `course:<id>` for its staff, on `cohort:<id>` for everybody enrolled.

    The rate is a mean: one may come up to a second early, and the next ones later. Never more than one each second and
    the one at the beginning.
    """


class OwnMetricsUpdated(
    Event[OwnMetrics], name="own_metrics.updated", delivery=Delivery.LATEST, per="course_id", rate=1
):
    """A learner's own figures of the last day, on `user:<id>`."""
