"""When something may be sent: digests at a local hour, quiet hours. Pure functions of a moment and a time zone.

Local times that a change of the clock skips are taken as an hour later, those that it repeats as the first of the two:
a digest comes once every day, whatever the clocks do.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Rhythm = Literal["daily", "weekly"]

EVERY_DAY: Final = frozenset(range(7))


def zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name. Raises ValueError for one that there is not."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}: it is one like Europe/Berlin") from None


def next_digest(after: int, local: ZoneInfo, *, rhythm: Rhythm, hour: int, weekday: int = 0) -> int:
    """Return when the next digest is due: the first local `hour` later than `after`; weekly on `weekday` (0: Monday).

    Moments are milliseconds since 1970.
    """
    day = _local(after, local).date()
    while True:
        moment = _moment(day, time(hour), local)
        if moment > after and (rhythm == "daily" or day.weekday() == weekday):
            return moment
        day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When somebody does not want to be disturbed, in local time. From 22:00 to 07:00 spans midnight."""

    start: time
    end: time
    """The first minute that is not quiet. The same as `start` means the whole day."""
    local: ZoneInfo
    days: Collection[int] = EVERY_DAY
    """Days on which a quiet time begins, 0 for Monday."""


def after_quiet(now: int, quiet: QuietHours | None) -> int:
    """Return `now`, or the end of the quiet time that it is in; of several that touch each other, of the last.

    Somebody who is quiet on all days for the whole day gets what is due after a week: bounded, not never.
    """
    moment = now
    if quiet is None:
        return moment
    for _ in range(len(EVERY_DAY)):
        end = _end_of_quiet(moment, quiet)
        if end is None:
            break
        moment = end
    return moment


def _end_of_quiet(now: int, quiet: QuietHours) -> int | None:
    today = _local(now, quiet.local).date()
    for day in (today - timedelta(days=1), today):
        if day.weekday() not in quiet.days:
            continue
        until = day + timedelta(days=1) if quiet.end <= quiet.start else day
        start, end = _moment(day, quiet.start, quiet.local), _moment(until, quiet.end, quiet.local)
        if start <= now < end:
            return end
    return None


def _local(moment: int, local: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(moment / 1000, local)


def _moment(day: date, at: time, local: ZoneInfo) -> int:
    """Return a local time as milliseconds since 1970."""
    wanted = datetime.combine(day, at, local)
    # With fold=0 a skipped time is read by the offset before the change: 02:30 becomes the 03:30 that follows.
    return round(wanted.astimezone(UTC).timestamp() * 1000)
