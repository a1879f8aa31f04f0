"""The steps of time that metrics count in: buckets, windows, what is kept how long, and what is made of what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from coursewire.namespaces.analytics.contract import Bucket, Window

SECOND: Final = 1_000
MINUTE: Final = 60_000
HOUR: Final = 3_600_000
DAY: Final = 86_400_000

STEPS: Final[dict[Bucket, int]] = {"10s": 10 * SECOND, "1m": MINUTE, "1h": HOUR, "1d": DAY}
"""Milliseconds of each, the finest first. Each is made of whole ones of the one before."""


class Extent(NamedTuple):
    """How far back a window looks: so many buckets of so many milliseconds, the one that runs included."""

    step: int
    length: int

    def start(self, now: int) -> int:
        """Return where the window begins at a time, in milliseconds since 1970."""
        return (now // self.step - self.length + 1) * self.step

    @property
    def minutes(self) -> float:
        """How long it is when its last bucket is full."""
        return self.step * self.length / MINUTE


WINDOWS: Final[dict[Window, Extent]] = {
    "5m": Extent(10 * SECOND, 30),
    "1h": Extent(MINUTE, 60),
    "1d": Extent(HOUR, 24),
    "7d": Extent(HOUR, 168),
}

KEPT: Final[dict[Bucket, int | None]] = {"10s": 2 * DAY, "1m": 14 * DAY, "1h": 366 * DAY, "1d": None}
"""How long rollups stay. Every 10 s of yesterday's lesson can still be looked at today, and its minutes until the next
one or the one after; hours for a year, so that one year's class can be laid over the next one's; days for ever: a row
for each learner and day of work."""

MARGIN: Final = 2 * HOUR
"""So much younger than its age of keeping must something be to be built upon: it must not go while that happens."""

REPORTED_AT_MOST_AGO: Final = 398 * DAY
"""What is older changes no rollup: some of its day's activity may have been trimmed (at 400 days), and a bucket that is
computed from a part would lose the rest."""


def mark_of(at: int, now: int) -> tuple[Bucket, int] | None:
    """Return the finest bucket that activity of this time makes out of date; None when it comes too late for any."""
    if at < now - REPORTED_AT_MOST_AGO:
        return None
    for bucket, step in STEPS.items():
        start = at // step * step
        if is_kept(bucket, start, now):
            return bucket, start
    return None


def is_kept(bucket: Bucket, start: int, now: int) -> bool:
    """Whether the bucket that begins here still has its rollups, and will for a while."""
    kept = KEPT[bucket]
    return kept is None or start > now - kept + MARGIN


def finer(bucket: Bucket, start: int, now: int) -> Bucket | None:
    """Return the step that a bucket is summed up from; None: from the activity itself."""
    position = list(STEPS).index(bucket)
    below = list(STEPS)[position - 1] if position else None
    return below if below is not None and is_kept(below, start, now) else None


def coarser(bucket: Bucket) -> Bucket | None:
    """Return the step that is summed up from this one."""
    position = list(STEPS).index(bucket) + 1
    return list(STEPS)[position] if position < len(STEPS) else None


class Cover(NamedTuple):
    """A stretch of time, `start` included and `end` not, whose sums stand at this step; None: in the activity."""

    bucket: Bucket | None
    start: int
    end: int


def out_of_date(marks: Iterable[tuple[Bucket, int]]) -> dict[Bucket, set[int]]:
    """Return the buckets of each step that a mark, of theirs or of a finer step within them, makes out of date."""
    stale: dict[Bucket, set[int]] = {bucket: set() for bucket in STEPS}
    for marked, start in marks:
        for bucket, step in STEPS.items():
            if step >= STEPS[marked]:
                stale[bucket].add(start // step * step)
    return stale


def cover(bucket: Bucket, start: int, end: int, stale: dict[Bucket, set[int]], now: int) -> list[Cover]:
    """Return where the sums of a stretch of whole buckets stand, in order: those out of date at a finer step."""
    return list(_joined(_covers(bucket, start, end, stale, now)))


def _covers(bucket: Bucket, start: int, end: int, stale: dict[Bucket, set[int]], now: int) -> Iterator[Cover]:
    step = STEPS[bucket]
    for at in range(start, end, step):
        if at not in stale[bucket]:
            yield Cover(bucket, at, at + step)
        elif (below := finer(bucket, at, now)) is None:
            yield Cover(None, at, at + step)
        else:
            yield from _covers(below, at, at + step, stale, now)


def _joined(covers: Iterable[Cover]) -> Iterator[Cover]:
    """Make one of neighbours of the same step."""
    last: Cover | None = None
    for one in covers:
        if last is not None and last.bucket == one.bucket and last.end == one.start:
            last = last._replace(end=one.end)
            continue
        if last is not None:
            yield last
        last = one
    if last is not None:
        yield last
