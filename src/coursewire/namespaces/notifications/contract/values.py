"""What the parts share: what a notification is, how it stands, and which of them are meant."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Len
from pydantic import Field, StringConstraints

from coursewire.vocabulary import Clean, CourseId, Id, Line, Model, Time, UserId

NotificationId = Id
Category = Literal[
    "assignment",
    "grade",
    "announcement",
    "discussion",
    "message",
    "milestone",
    "analysis",
    "collaboration",
    "system",
]
Priority = Literal["low", "normal", "high", "urgent"]
NotificationState = Literal["unseen", "unread", "read", "archived", "snoozed"]
"""`unseen` is unread as well; the first three are in the inbox, the others out of it."""
Mark = Literal["seen", "read", "unread", "archived"]
Cursor = Annotated[str, Len(1, 512)]
"""Where a list goes on: only good for the command that gave it, with the same filter."""
Url = Annotated[Clean, StringConstraints(max_length=2_000, pattern=r"^(https?://[^\s/]|/($|[^/\\]))")]
"""`https://...`, `http://...`, or a path of the site that shows it: `/courses/cs101`."""


class Actor(Model):
    """The person behind a notification."""

    user_id: UserId
    name: Line
    avatar_url: str | None = None


class Action(Model):
    """Where a notification leads."""

    label: Annotated[Line, StringConstraints(max_length=80)]
    url: Url


class Notification(Model):
    """One item of an inbox."""

    id: NotificationId
    content_id: Id
    """What it says now: another one when its group grows, the same for all who were told the same."""
    category: Category
    priority: Priority
    title: str
    body: str
    """As it was written; empty where the title says it all."""
    html: str
    """The body as safe HTML."""
    course_id: CourseId | None = None
    actor: Actor | None = None
    action: Action | None = None
    group_key: str | None = None
    group_count: int
    """How many arrived under the `group_key` since the item was last read; 1 without one."""
    mandatory: bool
    """Whether it passes all preferences."""
    toast: bool
    """Whether this event may interrupt: decided for each event by the server, false in a list."""
    created_at: Time
    moved_at: Time
    """When it last came to the top: it arrived, its group grew, or it came back. Lists are by it, then by id."""
    expires_at: Time | None = None
    """Show it no longer then; no event tells."""
    seen_at: Time | None = None
    read_at: Time | None = None
    archived_at: Time | None = None
    snoozed_until: Time | None = None


class Counts(Model):
    """What waits in the inbox, by the server's count. Archived, snoozed and expired items are not in it."""

    user_id: UserId
    unread: int
    unseen: int
    by_category: dict[Category, int]
    """Unread ones; all categories."""
    by_priority: dict[Priority, int]
    """Unread ones; all priorities."""


class Filter(Model):
    """Which items are meant: all that fit every field given. Without a state it is the inbox."""

    state: NotificationState | None = None
    category: Annotated[list[Category], Len(0, 9)] = Field(default_factory=list)
    priority: Annotated[list[Priority], Len(0, 4)] = Field(default_factory=list)
    course_id: CourseId | None = None
    since: Time | None = None
    """Those that moved to the top then or later."""
    user_id: UserId | None = None
    """Whose inbox: there is none but the caller's own, and another's is refused."""
