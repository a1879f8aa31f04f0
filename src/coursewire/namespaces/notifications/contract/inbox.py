"""The inbox: listing, marking and snoozing, and what is told of it on `user:<id>`."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Len
from pydantic import Field, model_validator

from coursewire.namespaces.notifications.contract.values import (
    Counts,
    Cursor,
    Filter,
    Mark,
    Notification,
    NotificationId,
)
from coursewire.realtime.contract import Command, Delivery, Event, Mode, Once, Result
from coursewire.vocabulary import Key, Model, Position, Time


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


# Events


class NotificationCreated(
    Event[Notification], name="notification.created", delivery=Delivery.LOGGED, subject="content_id"
):
    """A new item."""


class NotificationChanged(
    Event[Notification], name="notification.changed", delivery=Delivery.LOGGED, subject="content_id"
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


class NotificationsMarked(Event[Sweep], name="notifications.marked", delivery=Delivery.LOGGED):
    """More than 100 items were marked at once: apply it to all that you hold.

    The 100 that moved last come as `notification.changed` before it.
    """


class CountsChanged(Event[Counts], name="counts.changed", delivery=Delivery.LATEST, per="user_id", rate=2):
    """What waits in the inbox, by the server's count."""
