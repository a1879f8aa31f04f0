"""Who is at risk: enrolled for a week, not seen for a week, and not passing."""

from __future__ import annotations

from typing import Final, NamedTuple

from coursewire.namespaces.analytics.rules.metrics import PASSING
from coursewire.namespaces.analytics.rules.steps import DAY

FAR: Final = 2**53


class AtRisk(NamedTuple):
    """A learner at risk."""

    user_id: str
    name: str
    last_at: int | None
    """When they came last, in milliseconds since 1970."""
    average_score: float | None
    """The mean of their latest scores; None without one."""


def reasons(one: AtRisk, now: int) -> list[str]:
    """Say why, in words for the staff."""
    away = "has never come" if one.last_at is None else f"has not come for {(now - one.last_at) // DAY} days"
    if one.average_score is None:
        return [away, "has no score"]
    return [away, f"has {one.average_score:.0%} of the points, and {PASSING:.0%} would pass"]


def write_cursor(one: AtRisk) -> str:
    """Return where a list goes on behind somebody."""
    return f"{one.last_at or 0}:{one.user_id}"


def read_cursor(cursor: str) -> tuple[int, str]:
    """Return after whom a list goes on: when they came last, and their id. Raises ValueError."""
    last_at, colon, user_id = cursor.partition(":")
    if not colon or not last_at.isdecimal() or int(last_at) > FAR:
        raise ValueError(cursor)
    return int(last_at), user_id
