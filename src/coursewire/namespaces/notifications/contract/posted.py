"""What the LMS posts over HTTP: one notification for many people, and how far it has got."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Len
from pydantic import StringConstraints, model_validator

from coursewire.namespaces.notifications.contract.values import Action, Category, Priority
from coursewire.vocabulary import Clean, CourseId, Id, Line, Model, Role, Time, UserId


class Audience(Model):
    """Who is to have it: some users, a course (those with one of the roles, if any are named), or everyone."""

    users: Annotated[list[UserId], Len(1, 10_000)] | None = None
    course_id: CourseId | None = None
    roles: Annotated[list[Role], Len(1, 7)] | None = None
    everyone: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Audience:
        if sum(kind is not None for kind in (self.users, self.course_id, self.everyone)) != 1:
            raise ValueError("give one of users, course_id and everyone")
        if self.roles is not None and self.course_id is None:
            raise ValueError("roles are those in a course: give course_id")
        return self


class NotificationBody(Model):
    """One notification for many people; the request's `Idempotency-Key` makes it one, however often it is sent."""

    audience: Audience
    category: Category
    priority: Priority = "normal"
    title: Line
    body: Annotated[Clean, StringConstraints(max_length=8_000)] = ""
    """Markdown-lite, as in chat."""
    course_id: CourseId | None = None
    """What it is about; that of the audience where it is not given."""
    action: Action | None = None
    group_key: Line | None = None
    """Items of one key are one item: it moves up and counts."""
    dedupe_key: Line | None = None
    """Whoever has had one of this key gets no other, for the 90 days of `COURSEWIRE_DEDUPE_DAYS`."""
    expires_at: Time | None = None
    mandatory: bool = False


class DeliveryStarted(Model):
    """The notification is on its way."""

    delivery_id: Id
    recipients: int
    """As many as the audience has now."""


class DeliveryProgress(Model):
    """How far a notification has got."""

    delivery_id: Id
    state: Literal["running", "finished"]
    recipients: int
    reached: int
    """Those who were looked at: whoever has switched it off or had it already is reached as well."""
    created_at: Time
    finished_at: Time | None = None
