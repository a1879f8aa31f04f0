"""What was reached, and what was to be looked at, while a client was away for longer than the server replays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coursewire.namespaces.analytics import contract as analytics

if TYPE_CHECKING:
    from coursewire.client.analytics_commands import AnalyticsCommands

MOST: Final = 1_000
"""Of each kind; what was reached before those is not told. Read by a hundred."""


async def missed_milestones(
    client: AnalyticsCommands, course: str | None, since: str
) -> list[analytics.Milestone]:
    """Return what was reached after a time and was not heard of, the oldest first; without a course: one's own."""
    known, missed = client.known, list[analytics.Milestone]()
    cursor: str | None = None
    while True:
        page = await client.run(
            analytics.ListMilestones, analytics.MilestonePage, course_id=course, cursor=cursor, limit=100
        )
        missed += [one for one in page.items if one.reached_at > since and not known.has_heard(one)]
        if course is not None and cursor is None:
            known.milestones_read(page.items)
        cursor = page.next_cursor
        if cursor is None or page.items[-1].reached_at <= since or len(missed) >= MOST:
            break
    missed.reverse()
    for one in missed:
        known.take(one)
    return missed


async def missed_alerts(
    client: AnalyticsCommands, course: str, since: str, now: str
) -> tuple[list[analytics.Alert], list[analytics.Alert]]:
    """Return alerts that were raised after a time and hold, the oldest first, and those that hold no more."""
    known, held = client.known, dict[str, analytics.Alert]()
    async for alert in client.alerts(course):
        held[alert.id] = alert
        if len(held) == MOST:
            break
    raised = [one for one in held.values() if known.take(one) and one.raised_at > since]
    gone = [one for one in known.alerts if one.course_id == course and one.id not in held]
    cleared = [one.model_copy(update={"cleared_at": now}) for one in gone] if len(held) < MOST else []
    for one in cleared:
        known.take(one)
    return raised[::-1], cleared[::-1]
