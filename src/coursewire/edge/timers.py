"""All deadlines of a server on one timer of the event loop, whatever the number of sessions."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Hashable
from typing import Any, Generic, Protocol, TypeVar

logger = logging.getLogger(__name__)

Item = TypeVar("Item", bound=Hashable)

# Deadlines up to this share of their delay ahead are handled together, so that 8,000 heartbeats wake the loop
# twenty times a second instead of 1,600 times.
_EARLY = 0.01
# More than this many at once would hold up everybody else; the rest follows after the loop had its turn.
_BATCH = 256
# A tick later than this says that the loop was busy: what a patient line waits for may have come, unread.
_LATE_S = 0.1


class Handle(Protocol):
    """A call that is planned."""

    def cancel(self) -> None:
        """Let it not happen."""


class Clock(Protocol):
    """What of an event loop is used here."""

    def time(self) -> float:
        """Return seconds since some moment."""

    def call_at(self, when: float, callback: Callable[..., object], *arguments: Any) -> Handle:
        """Plan a call."""

    def call_soon(self, callback: Callable[..., object], *arguments: Any) -> Handle:
        """Plan a call for the next turn."""


class Timers:
    """The lines of one server. The clock is the event loop on which they are first used, unless one is given."""

    __slots__ = ("_clock", "_handle", "_lines", "wake")

    def __init__(self, clock: Clock | None = None) -> None:
        self._lines: list[Line[Hashable]] = []
        self._clock = clock
        self._handle: Handle | None = None
        self.wake = math.inf
        """When the lines are looked at next."""

    def line(self, delay_s: float, due: Callable[[Item], None], *, patient: bool = False) -> Line[Item]:
        """Make a line whose items are due `delay_s` seconds after they were added.

        A patient line waits for something to arrive: when the loop itself was late, it looks once more after
        the sockets were read, so that a pause of the server does not cost its clients their sessions.
        """
        line = Line(self, delay_s, due, patient=patient)
        self._lines.append(line)  # type: ignore[arg-type]  # lines of different items in one list
        return line

    @property
    def clock(self) -> Clock:
        """The event loop, or what stands for it."""
        if self._clock is None:
            self._clock = asyncio.get_running_loop()
        return self._clock

    def wake_at(self, deadline: float) -> None:
        """Make sure that the lines are looked at by then."""
        if deadline < self.wake:
            if self._handle is not None:
                self._handle.cancel()
            self.wake = deadline
            self._handle = self.clock.call_at(deadline, self._tick)

    def close(self) -> None:
        """Forget all deadlines."""
        if self._handle is not None:
            self._handle.cancel()
        self._handle, self.wake = None, math.inf
        for line in self._lines:
            line.clear()

    def _tick(self) -> None:
        now = self.clock.time()
        late = now - self.wake > _LATE_S
        self._handle, self.wake = None, math.inf
        following = math.inf
        for line in self._lines:
            following = min(following, now + _LATE_S / 2 if late and line.patient else line.run(now))
        if following < math.inf:
            self.wake_at(following)


class Line(Generic[Item]):
    """Deadlines of one delay: who came first is due first, so a dict in insertion order is all it takes."""

    __slots__ = ("_deadlines", "_delay", "_due", "_timers", "patient")

    def __init__(self, timers: Timers, delay_s: float, due: Callable[[Item], None], *, patient: bool) -> None:
        self._timers = timers
        self._delay = delay_s
        self._due = due
        self._deadlines: dict[Item, float] = {}
        self.patient = patient

    def __contains__(self, item: Item) -> bool:
        return item in self._deadlines

    def __len__(self) -> int:
        return len(self._deadlines)

    def add(self, item: Item) -> None:
        """Let `item` be due after the delay of this line, counted from now."""
        timers, deadlines = self._timers, self._deadlines
        deadline = timers.clock.time() + self._delay
        if item in deadlines:
            del deadlines[item]
        deadlines[item] = deadline
        if deadline < timers.wake:
            timers.wake_at(deadline)

    def discard(self, item: Item) -> bool:
        """Take `item` out; return whether it was in."""
        return self._deadlines.pop(item, None) is not None

    def clear(self) -> None:
        """Take everything out."""
        self._deadlines.clear()

    def run(self, now: float) -> float:
        """Call back for what is due; return when to look again."""
        horizon = now + self._delay * _EARLY
        due: list[tuple[Item, float]] = []
        following = math.inf
        for item, deadline in self._deadlines.items():
            if deadline > horizon:
                following = deadline
                break
            if len(due) == _BATCH:
                following = now
                break
            due.append((item, deadline))
        for item, deadline in due:
            # One callback may have taken out or renewed another's item.
            if self._deadlines.get(item) == deadline:
                del self._deadlines[item]
                try:
                    self._due(item)
                except Exception:
                    logger.exception("a deadline's callback failed")
        return following
