"""What a course has reached, and what its staff should look at."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from annotated_types import Len
from pydantic import Field, field_validator, model_validator

from coursewire.namespaces.analytics.contract.values import Cursor, ObjectId
from coursewire.realtime.contract import Command, Delivery, Event, Result
from coursewire.vocabulary import CourseId, Id, Line, Model, Time, UserId

RuleKind = Literal["first_submission", "completions", "streak", "average_score", "all_submitted"]
"""`first_submission`, `completions` and `streak` are a learner's, the other two the class's."""

LONGEST_STREAK: Final = 366
"""Days: longer ones are not looked for."""


class MilestoneRule(Model):
    """What counts as a milestone. Reached exactly once, by each learner or by the class."""

    id: Id
    """Chosen by the LMS. A rule with the same id is the same rule: what was reached stays reached."""
    kind: RuleKind
    title: Line
    threshold: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)] | None = None
    """`completions`: how many things; `streak`: how many days in a row (UTC), at most 366; `average_score`: a share
    from 0 to 1. The other kinds take none."""
    object_id: ObjectId | None = None
    """Only this thing; `all_submitted` needs one, `streak` takes none, and `completions` one with a threshold of 1."""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> MilestoneRule:
        if self.kind in {"completions", "streak", "average_score"} and self.threshold is None:
            raise ValueError(f"{self.kind} needs a threshold")
        if self.kind == "average_score" and self.threshold is not None and self.threshold > 1:
            raise ValueError("the threshold of average_score is a share, at most 1")
        if self.kind == "all_submitted" and self.object_id is None:
            raise ValueError("all_submitted needs an object_id")
        self._can_be_reached()
        return self

    def _can_be_reached(self) -> None:
        if self.kind in {"first_submission", "all_submitted"} and self.threshold is not None:
            raise ValueError(f"{self.kind} takes no threshold")
        if self.kind == "streak" and self.object_id is not None:
            raise ValueError("streak takes no object_id: a day counts whatever is done on it")
        if self.kind == "streak" and self.threshold is not None and self.threshold > LONGEST_STREAK:
            raise ValueError(f"the threshold of streak is at most {LONGEST_STREAK} days")
        if self.kind == "completions" and self.object_id is not None and self.threshold != 1:
            raise ValueError("completions of one object_id have the threshold 1: it is completed once")


class RulesBody(Model):
    """All rules of a course: those that are not in it end."""

    rules: Annotated[list[MilestoneRule], Len(0, 50)]

    @field_validator("rules")
    @classmethod
    def _each_once(cls, rules: list[MilestoneRule]) -> list[MilestoneRule]:
        ids = [rule.id for rule in rules]
        if len(set(ids)) != len(ids):
            raise ValueError("each rule has an id of its own")
        return rules


class MilestoneBody(Model):
    """One that was reached elsewhere."""

    id: Id | None = None
    """Stored once: the same again changes nothing."""
    course_id: CourseId
    user_id: UserId | None = None
    """None: the whole class."""
    kind: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    title: Line
    value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    threshold: Annotated[float, Field(allow_inf_nan=False)] | None = None


class Milestone(Model):
    """Something reached."""

    id: Id
    course_id: CourseId
    user_id: UserId | None = None
    """None: the whole class."""
    user_name: str | None = None
    kind: str
    title: str
    value: float | None = None
    threshold: float | None = None
    reached_at: Time


class MilestonePage(Result):
    """Milestones, the newest first."""

    items: list[Milestone]
    next_cursor: Cursor | None = None


class ListMilestones(Command, name="milestone.list", returns=MilestonePage):
    """For staff all of the course; for others their own and the class's. Without a course: the caller's own."""

    course_id: CourseId | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class MilestoneReached(Event[Milestone], name="milestone.reached", delivery=Delivery.LOGGED, subject="id"):
    """On `course:<id>`; a learner's also on their `user:<id>`, the class's also on `cohort:<id>`."""


class OneMilestone(Model):
    """The milestone that was stored."""

    milestone: Milestone


class Rules(Model):
    """The rules of a course."""

    rules: list[MilestoneRule]


AlertKind = Literal["at_risk", "stalled_job"]


class Alert(Model):
    """Something that the staff of a course should look at."""

    id: Id
    course_id: CourseId
    user_id: UserId
    """Who is at risk, or whose job it is."""
    user_name: str | None = None
    kind: AlertKind
    reasons: list[str]
    job_id: Id | None = None
    raised_at: Time
    cleared_at: Time | None = None
    """Only of one that holds no more."""


class AlertPage(Result):
    """Alerts that still hold, the newest first."""

    items: list[Alert]
    next_cursor: Cursor | None = None


class ListAlerts(Command, name="alert.list", returns=AlertPage):
    """What the staff of a course should look at."""

    course_id: CourseId
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class AlertRaised(Event[Alert], name="alert.raised", delivery=Delivery.LOGGED, subject="user_id"):
    """On `course:<id>`, for its staff. Once for as long as it holds."""


class AlertCleared(Event[Alert], name="alert.cleared", delivery=Delivery.LOGGED, subject="user_id"):
    """On `course:<id>`, for its staff: one holds no more. The learner came back or left, the job moved or ended."""
