"""What somebody wants to hear of, and where: categories, courses, quiet hours, browsers."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from annotated_types import Len
from pydantic import Field, StringConstraints

from coursewire.namespaces.notifications.contract.values import Category, Priority
from coursewire.realtime.contract import Command, Delivery, Event, Mode, Once, Result
from coursewire.vocabulary import CourseId, Key, Model, UserId

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


class PreferencesChanged(
    Event[Preferences], name="preferences.changed", delivery=Delivery.LATEST, per="user_id"
):
    """Somebody's preferences, for their other tabs and devices."""
