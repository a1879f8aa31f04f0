"""The client of /notifications: an inbox, what arrives in it, and what one wishes to hear of."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from coursewire.client.inbox import Stream
from coursewire.client.namespace import Meta, NamespaceClient
from coursewire.client.outputs import Json
from coursewire.errors import CoursewireError, Invalid
from coursewire.namespaces.notifications import contract as notifications
from coursewire.vocabulary import iso

MOST_MISSED: Final = 1_000
"""Items that are fetched after a gap: the newest ones; older ones are a matter of `items`."""


@dataclass(frozen=True, slots=True)
class InboxGap:
    """More was missed than the server replays; what is shown of the inbox should be read again.

    New items are not lost: `items` has those that came to the top meanwhile (the newest 1,000), and the loops over
    `NotificationsClient.arriving` get them. Items that were only marked in between come with no event.
    """

    reason: str
    items: list[notifications.Notification]
    counts: notifications.Counts


class NotificationsClient(NamespaceClient):
    """One's own inbox.

    `async with NotificationsClient(url, token) as inbox: async for item in inbox.arriving(): ...`
    """

    namespace = "/notifications"
    events = notifications.EVENTS

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.counts: notifications.Counts | None = None
        """What waits, by the server's count; None before the first session."""
        self._streams: set[Stream[notifications.Notification]] = set()
        self._top = ""
        """The latest `moved_at` that was told; first the beginning of the session."""
        self._arrived: OrderedDict[tuple[str, str], None] = OrderedDict()
        """What arrived last, by id and `moved_at`: a replay after a gap may tell it again. Bound: MOST_MISSED, as
        many as a gap brings; when full the oldest are forgotten."""

    # Listening

    async def arriving(self, *, history: int = 0) -> AsyncGenerator[notifications.Notification]:
        """Yield the top `history` items of the inbox (100 at most), the oldest first, then each one that comes there.

        That is a new one, one whose group grew, and one that was put away and is back. A reconnect or a slow loop
        misses nothing.
        """
        stream = Stream[notifications.Notification]()
        self._streams.add(stream)
        try:
            await self.connected()
            # Listening before reading: what comes meanwhile is in the stream, and twice at worst.
            earlier = (await self.page(limit=history)).items if history else []
            for item in reversed(earlier):
                yield item
            known = {_arrival(item) for item in earlier}
            async for item in stream:
                if _arrival(item) not in known:
                    yield item
        finally:
            stream.close()
            self._streams.discard(stream)

    async def handle_event(self, event: str, value: Any, meta: Meta) -> None:
        """Note the counts, run the handlers, then feed the loops over what arrives."""
        if isinstance(value, notifications.Counts):
            self.counts = value
        await super().handle_event(event, value, meta)
        if isinstance(value, notifications.Notification) and self._has_arrived(event, value):
            await self._feed_streams([value])

    def session_ready(self, data: Json) -> None:
        """Note who one is; a gap before the first item is filled from now on."""
        super().session_ready(data)
        if self.session is not None and not self._top:
            self._top = self.session.server_time

    async def load_snapshot(self, channel: str, reason: str, position: Json) -> Json:
        """Read the items that the log no longer has, and pass them on as an `InboxGap`."""
        if not channel.startswith("user:"):
            return position
        top = self._top
        page = await self.page(since=top, limit=100)
        missed, first = list(page.items), page
        while page.next_cursor is not None and len(missed) < MOST_MISSED:
            page = await self.page(since=top, cursor=page.next_cursor, limit=100)
            missed += page.items
        arrived = [item for item in reversed(missed) if _arrival(item) not in self._arrived]
        self.counts = first.counts
        await self._feed_streams(arrived)
        await super().handle_event("gap", InboxGap(reason, arrived, first.counts), Meta(channel=channel))
        return first.position.model_dump()

    def _has_arrived(self, event: str, item: notifications.Notification) -> bool:
        """Return whether an item has just come to the top. One that was only marked keeps its `moved_at`."""
        if item.archived_at is not None or item.snoozed_until is not None or _arrival(item) in self._arrived:
            return False
        # A node whose clock is behind makes new items below the top.
        return event == notifications.NotificationCreated.event or item.moved_at >= self._top

    async def _feed_streams(self, items: Sequence[notifications.Notification]) -> None:
        for item in items:
            self._top = max(self._top, item.moved_at)
            self._arrived[_arrival(item)] = None
            if len(self._arrived) > MOST_MISSED:
                self._arrived.popitem(last=False)
            for stream in tuple(self._streams):
                await stream.put(item)

    async def channel_gone(self, channel: str, error: CoursewireError) -> None:
        """End the loops when the inbox is taken away."""
        await super().channel_gone(channel, error)
        for stream in self._streams:
            stream.close(error)

    async def close(self) -> None:
        """Disconnect for good, and end the loops."""
        await super().close()
        for stream in self._streams:
            stream.close()

    # Reading

    async def page(
        self,
        *,
        state: notifications.NotificationState | None = None,
        category: Sequence[notifications.Category] = (),
        priority: Sequence[notifications.Priority] = (),
        course_id: str | None = None,
        since: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> notifications.NotificationPage:
        """Read a page of the inbox, the item that moved last first, with the counts; 100 at most.

        Filters narrow it: a state, categories, priorities, a course, and `since` when (ISO 8601, UTC) it moved.
        """
        return await self.run(
            notifications.ListNotifications,
            notifications.NotificationPage,
            filter=_filter(state, category, priority, course_id, since),
            cursor=cursor,
            limit=limit,
        )

    async def items(
        self,
        *,
        state: notifications.NotificationState | None = None,
        category: Sequence[notifications.Category] = (),
        priority: Sequence[notifications.Priority] = (),
        course_id: str | None = None,
        since: str | None = None,
    ) -> AsyncGenerator[notifications.Notification]:
        """Yield all items that fit the filters, the one that moved last first, fetching a page of 100 when needed."""
        cursor: str | None = None
        while True:
            page = await self.page(
                state=state,
                category=category,
                priority=priority,
                course_id=course_id,
                since=since,
                cursor=cursor,
                limit=100,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    # Marking

    async def mark(
        self, ids: Sequence[str], mark: notifications.Mark, *, key: str | None = None
    ) -> notifications.Marked:
        """Mark items (100 at most) `seen`, `read`, `unread` or `archived`. While offline it waits, and runs once."""
        return await self._mark({"ids": list(ids)}, mark, key)

    async def mark_all(
        self,
        mark: notifications.Mark,
        *,
        state: notifications.NotificationState | None = None,
        category: Sequence[notifications.Category] = (),
        priority: Sequence[notifications.Priority] = (),
        course_id: str | None = None,
        since: str | None = None,
        key: str | None = None,
    ) -> notifications.Marked:
        """Mark all items that fit the filters by then; what arrives later is not meant."""
        return await self._mark({"filter": _filter(state, category, priority, course_id, since)}, mark, key)

    async def _mark(
        self, which: Mapping[str, Any], mark: notifications.Mark, key: str | None
    ) -> notifications.Marked:
        # `as` is a word of Python.
        fields = {**which, "as": mark, "key": key}
        return await self.run(notifications.MarkNotifications, notifications.Marked, **fields)

    async def snooze(
        self, notification_id: str, until: datetime | str, *, key: str | None = None
    ) -> notifications.Notification:
        """Put an item away until a time within a year: a datetime with a zone, or ISO 8601 in UTC."""
        if isinstance(until, datetime):
            if until.tzinfo is None:
                raise Invalid("until: give a datetime with a time zone", field="until")
            until = iso(round(until.timestamp() * 1000))
        answer = await self.run(
            notifications.SnoozeNotification,
            notifications.Snoozed,
            key=key,
            id=notification_id,
            until=until,
        )
        return answer.notification

    # Wishes

    async def preferences(self) -> notifications.Preferences:
        """Return what one wishes to hear of, and how."""
        return (await self.run(notifications.ReadPreferences, notifications.OnePreferences)).preferences

    async def update_preferences(
        self,
        *,
        categories: Mapping[notifications.Category, notifications.DeliveryChoices] | None = None,
        courses: Mapping[str, notifications.CourseLevel] | None = None,
        least_priority: notifications.Priority | None = None,
        quiet_hours: notifications.QuietHours | None = None,
        no_quiet_hours: bool = False,
        key: str | None = None,
    ) -> notifications.Preferences:
        """Change some; what is left out stays. Raises Invalid for a mandatory category that is to be `off`."""
        answer = await self.run(
            notifications.UpdatePreferences,
            notifications.PreferencesUpdated,
            key=key,
            categories=None if categories is None else dict(categories),
            courses=None if courses is None else dict(courses),
            least_priority=least_priority,
            quiet_hours="off" if no_quiet_hours else quiet_hours,
        )
        return answer.preferences


def _arrival(item: notifications.Notification) -> tuple[str, str]:
    return item.id, item.moved_at


def _filter(
    state: notifications.NotificationState | None,
    category: Sequence[notifications.Category],
    priority: Sequence[notifications.Priority],
    course_id: str | None,
    since: str | None,
) -> dict[str, Any]:
    given = {
        "state": state,
        "category": list(category),
        "priority": list(priority),
        "course_id": course_id,
        "since": since,
    }
    return {name: value for name, value in given.items() if value}
