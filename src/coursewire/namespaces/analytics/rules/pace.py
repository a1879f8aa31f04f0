"""How fast work goes, smoothed by time, and how long it will still take.

Each stretch between two reports has a rate: what was done in it, by its length. The smoothed rate is their mean, each
weighed by its length and by its age: a stretch that is TAU old counts 1/e of a fresh one. So it lies between the rates
of the slowest and the fastest, steady work has its own from the first stretch on, and time without progress slows it.
TAU grows with the time since the beginning, so that work which moves once an hour is not at rest in between.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

STRETCH_MS: Final = 250
"""Reports that come faster make one stretch: a burst says nothing about the time that its work took."""
KNOWN_AFTER_MS: Final = 3_000
KNOWN_AFTER_MOVES: Final = 2
"""Stretches with progress: one may be the start, a warm cache, or a batch."""
TAU_LEAST_S: Final = 20.0
TAU_SHARE: Final = 1 / 3
"""Of the time since the beginning."""
FARTHEST_S: Final = 30 * 86_400.0
"""Longer than that is no estimate."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What is remembered of an attempt's progress. Times are milliseconds since 1970."""

    since: int
    """When it began."""
    at: int
    """The end of the last stretch."""
    done: int
    """How much was done by then."""
    work: float = 0.0
    """What was done in all stretches, each weighed by its age."""
    time: float = 0.0
    """Their lengths in seconds, weighed in the same way."""
    moves: int = 0
    """Stretches with progress."""


def begun(now: int, done: int = 0) -> Pace:
    """Return the pace of an attempt that begins now."""
    return Pace(since=now, at=now, done=done)


def followed(pace: Pace, now: int, done: int) -> Pace:
    """Return the pace after a report; `done` is never less than before. A report too soon after another waits."""
    length = (now - pace.at) / 1000
    if now - pace.at < STRETCH_MS:
        return pace
    tau = max(TAU_LEAST_S, (now - pace.since) / 1000 * TAU_SHARE)
    old = math.exp(-length / tau)
    fresh = tau * (1 - old)
    moved = done - pace.done
    return Pace(
        since=pace.since,
        at=now,
        done=done,
        work=pace.work * old + moved / length * fresh,
        time=pace.time * old + fresh,
        moves=pace.moves + (moved > 0),
    )


def skipped(pace: Pace, now: int, done: int) -> Pace:
    """Return the pace without the time since the last stretch, in which nobody worked."""
    return replace(pace, at=now, done=done)


def rate(pace: Pace) -> float:
    """Return how much is done in a second; 0 where nothing was yet."""
    return pace.work / pace.time if pace.time > 0 else 0.0


def eta_s(pace: Pace, left: int) -> float | None:
    """Return the seconds that the rest will take, to a tenth; None while too little is known."""
    if pace.at - pace.since < KNOWN_AFTER_MS or pace.moves < KNOWN_AFTER_MOVES:
        return None
    speed = rate(pace)
    if speed * FARTHEST_S < left:
        return None
    return round(left / speed, 1)
