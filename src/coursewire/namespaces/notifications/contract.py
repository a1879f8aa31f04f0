"""What /notifications says and hears."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from annotated_types import Len
from pydantic import Field, StringConstraints, model_validator

from coursewire.realtime.contract import Command, Delivery, Event, Mode, Once, Result
from coursewire.vocabulary import Clean, CourseId, Id, Key, Line, Model, Position, Role, Time, UserId

LOGGED, LATEST = Delivery.LOGGED, Delivery.LATEST

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


# Values


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


# Preferences

Frequency = Literal["off", "immediate", "daily", "weekly"]
Switch = Literal["off", "immediate"]
CourseLevel = Literal["all", "mentions", "muted"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""`22:30`."""


class Deliveries(Model):
    """How the notifications of one category reach a person."""

    in_app: Switch
    """The inbox. What is off here comes in no toast either."""
    toast: Switch
    email: Frequency
    push: Frequency


class QuietHours(Model):
    """When nothing interrupts: no toast, and what would be sent waits until the end. Urgent and mandatory ones pass."""

    start: ClockTime
    end: ClockTime
    """On the next day where it is not after `start`."""
    days: Annotated[list[Weekday], Len(1, 7)] = Field(default_factory=lambda: list(get_args(Weekday)))
    """The days on which they start."""
    time_zone: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    """By its IANA name: `Europe/Berlin`."""


class Preferences(Model):
    """What somebody wants to hear of, and how."""

    user_id: UserId
    categories: dict[Category, Deliveries]
    """All categories."""
    courses: dict[str, CourseLevel]
    """Courses that are not at `all`: `mentions` lets only what is meant for this person through, `muted` nothing.
    Urgent and mandatory ones pass."""
    least_priority: Priority
    """What is below comes to the inbox in silence: no toast, no email, no push."""
    quiet_hours: QuietHours | None = None
    mandatory: list[Category]
    """Categories that stay in the inbox whatever somebody wishes."""
    channels: list[Literal["email", "push"]]
    """What the server is set up to send besides; the choices for the others have no effect."""
    push_public_key: str | None = None
    """The `applicationServerKey` that a browser subscribes with before `push.subscribe`."""


class DeliveryChoices(Model):
    """Changes for one category: what is left out stays."""

    in_app: Switch | None = None
    toast: Switch | None = None
    email: Frequency | None = None
    push: Frequency | None = None


# Commands


class NotificationPage(Result):
    """Items, the one that moved last first; the counts, and the position that was read before them (SUB3)."""

    items: list[Notification]
    next_cursor: Cursor | None = None
    counts: Counts
    position: Position


class ListNotifications(Command, name="notification.list", returns=NotificationPage):
    """A page of the caller's inbox."""

    filter: Filter = Field(default_factory=Filter)
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class Marked(Once):
    """How many items have changed with the command, and what waits now."""

    marked: int
    more: bool = False
    """Whether there are still more, too many for one transaction: they follow soon, and with them the counts."""
    counts: Counts


class MarkNotifications(Command, name="notification.mark", mode=Mode.WRITE, returns=Marked):
    """Mark some items, by id or by filter. `read` implies seen; `unread` brings an item back into the inbox."""

    key: Key
    ids: Annotated[list[NotificationId], Len(1, 100)] | None = None
    filter: Filter | None = None
    """All that fit now; what arrives later is not meant."""
    as_: Mark = Field(alias="as")

    @model_validator(mode="after")
    def _ids_or_filter(self) -> MarkNotifications:
        if (self.ids is None) == (self.filter is None):
            raise ValueError("give ids or filter, and not both")
        return self


class Snoozed(Once):
    """The item after the command, and what waits now."""

    notification: Notification
    counts: Counts


class SnoozeNotification(Command, name="notification.snooze", mode=Mode.WRITE, returns=Snoozed):
    """Put an item away until a time of the next year; then it is at the top again, unread."""

    key: Key
    id: NotificationId
    until: Time


class OnePreferences(Result):
    """What the caller wants to hear of."""

    preferences: Preferences


class ReadPreferences(Command, name="preferences.read", returns=OnePreferences):
    """What the caller wants to hear of, and how."""


class PreferencesUpdated(Once):
    """The preferences after the command."""

    preferences: Preferences


class UpdatePreferences(Command, name="preferences.update", mode=Mode.WRITE, returns=PreferencesUpdated):
    """Change some preferences: what is left out stays. A mandatory category cannot be switched off in the inbox."""

    key: Key
    categories: dict[Category, DeliveryChoices] = Field(default_factory=dict)
    courses: Annotated[dict[CourseId, CourseLevel], Len(0, 500)] = Field(default_factory=dict)
    least_priority: Priority | None = None
    quiet_hours: QuietHours | Literal["off"] | None = None


class PushKeys(Model):
    """What a browser has made for one subscription: `keys` of its `PushSubscription.toJSON()`."""

    p256dh: Annotated[str, Len(1, 200)]
    auth: Annotated[str, Len(1, 100)]


class SubscribePush(Command, name="push.subscribe", mode=Mode.WRITE, returns=Once):
    """Send push messages to this browser, until it answers that it is gone."""

    key: Key
    endpoint: Annotated[str, Len(1, 2_048)]
    keys: PushKeys


class UnsubscribePush(Command, name="push.unsubscribe", mode=Mode.WRITE, returns=Once):
    """Send push messages to this browser no more."""

    key: Key
    endpoint: Annotated[str, Len(1, 2_048)]


COMMANDS: tuple[type[Command], ...] = (
    ListNotifications, MarkNotifications, SnoozeNotification, ReadPreferences, UpdatePreferences,
    SubscribePush, UnsubscribePush,
)  # fmt: skip


# Events, all on `user:<id>`


class NotificationCreated(
    Event[Notification], name="notification.created", delivery=LOGGED, subject="content_id"
):
    """A new item."""


class NotificationChanged(
    Event[Notification], name="notification.changed", delivery=LOGGED, subject="content_id"
):
    """An item is another now: this one. Where it belongs follows from it: put it there."""


class Sweep(Model):
    """Many items were marked alike."""

    filter: Filter
    mark: Mark
    before: Time
    """Only items that moved to the top then or earlier."""
    at: Time
    """What their `seen_at`, `read_at` or `archived_at` is now, where it was none."""


class NotificationsMarked(Event[Sweep], name="notifications.marked", delivery=LOGGED):
    """More than 100 items were marked at once: apply it to all that you hold.

    The 100 that moved last come as `notification.changed` before it.
    """


class CountsChanged(Event[Counts], name="counts.changed", delivery=LATEST, per="user_id", rate=2):
    """What waits in the inbox, by the server's count."""


class PreferencesChanged(Event[Preferences], name="preferences.changed", delivery=LATEST, per="user_id"):
    """Somebody's preferences, for their other tabs and devices."""


EVENTS: tuple[type[Event[Any]], ...] = (
    NotificationCreated, NotificationChanged, NotificationsMarked, CountsChanged, PreferencesChanged,
)  # fmt: skip


# Over HTTP, by the LMS


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
