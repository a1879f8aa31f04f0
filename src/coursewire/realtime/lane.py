"""The commands of one namespace session, in order: they run and are acknowledged as they were sent (CMD1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import Future

    from coursewire.realtime.contract import Mode

REFUSALS = 16_384
"""Commands that a full lane may still have to refuse; the caller closes the connection beyond it.

No client gets there. The socket is not read while one of them waits, and what was read before that is one piece: of a
WebSocket 256 KiB, in which a command takes 18 bytes or more, of polling a request of at most 10,000 packets. A refusal
is a number and a name that all share, some 100 bytes: together they are less than one outbox may hold (FAN3).
"""

Refusal = tuple[str, int | None]
"""The name of a command and its ack id, if it has one."""


@dataclass(slots=True)
class _Job:
    mode: Mode | None
    start: Callable[[], Future[Any]]
    finish: Callable[[Future[Any]], None]
    future: Future[Any] | None = None


@dataclass(slots=True)
class _Refused:
    say: Callable[[list[Refusal]], None]
    refusals: list[Refusal]


class Lane:
    """Runs jobs in order. Neighbours of the same mode overlap (writes then share a transaction); others wait.

    A job without a mode runs alone.

    Bounded: `limit` jobs may wait or run. `submit` returns False beyond it, and the caller hands in a refusal, which
    costs next to nothing and has its turn as well. From `limit / 2` on `crowded` is true, and the caller stops reading
    the socket until it is false again: below `limit / 4`, and all refusals said.
    """

    __slots__ = ("_limit", "_on_relief", "_refusals", "_running", "_waiting", "crowded")

    def __init__(self, limit: int, on_relief: Callable[[], None]) -> None:
        self._limit = limit
        self._on_relief = on_relief
        # Lists, not deques: an empty deque takes 600 bytes, and hardly ever does anything wait here.
        self._waiting: list[_Job | _Refused] = []
        self._running: list[_Job] = []
        self._refusals = 0
        self.crowded = False

    def __len__(self) -> int:
        """How many jobs wait or run; refusals that follow each other count as one."""
        return len(self._waiting) + len(self._running)

    def submit(
        self, mode: Mode | None, start: Callable[[], Future[Any]], finish: Callable[[Future[Any]], None]
    ) -> bool:
        """Queue a job; `finish` gets its done future, in the order of submission."""
        if len(self) >= self._limit:
            return False
        self._waiting.append(_Job(mode, start, finish))
        if len(self) >= self._limit // 2:
            self.crowded = True
        self._advance()
        return True

    def refuse(self, refusal: Refusal, say: Callable[[list[Refusal]], None]) -> bool:
        """Queue a refusal behind everything else, in a lane that is full; False when too many wait.

        `say` gets it when all before it are finished, together with those that follow it.
        """
        if self._refusals >= REFUSALS:
            return False
        self._refusals += 1
        last = self._waiting[-1] if self._waiting else None
        if isinstance(last, _Refused):
            last.refusals.append(refusal)
        else:
            self._waiting.append(_Refused(say, [refusal]))
        return True

    def clear(self) -> None:
        """Forget what waits, when the session ends. What runs ends by itself, unheard (LOG3 makes its repeat safe)."""
        self._waiting.clear()
        self._running.clear()
        self._refusals = 0
        if self.crowded:
            self.crowded = False
            self._on_relief()

    def _advance(self) -> None:
        while self._waiting:
            job = self._waiting[0]
            if isinstance(job, _Refused):
                if self._running:
                    return
                self._waiting.pop(0)
                self._refusals -= len(job.refusals)
                job.say(job.refusals)
                continue
            if self._running and (job.mode is None or self._running[-1].mode is not job.mode):
                return
            self._waiting.pop(0)
            self._running.append(job)
            job.future = job.start()
            job.future.add_done_callback(self._settle)

    def _settle(self, done: Future[Any]) -> None:
        if not done.cancelled():
            done.exception()  # seen, also where `clear` has left nobody to hear of it
        while self._running and (future := self._running[0].future) is not None and future.done():
            self._running.pop(0).finish(future)
        self._advance()
        if self.crowded and len(self) < self._limit // 4 and not self._refusals:
            self.crowded = False
            self._on_relief()
