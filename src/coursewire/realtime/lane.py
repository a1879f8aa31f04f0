"""The commands of one namespace session, in order: they run and are acknowledged as they were sent (CMD1)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import Future

    from coursewire.realtime.contract import Mode


@dataclass(slots=True)
class _Job:
    mode: Mode
    start: Callable[[], Future[Any]]
    finish: Callable[[Future[Any]], None]
    future: Future[Any] | None = None


class Lane:
    """Runs jobs in order. Neighbours of the same mode overlap (writes then share a transaction); others wait.

    Bounded: `limit` jobs may wait or run. `submit` returns False beyond it, and the caller answers `overloaded`;
    from `limit / 2` on `crowded` is true, and the caller stops reading the socket until it is false again.
    """

    __slots__ = ("_limit", "_on_relief", "_running", "_waiting", "crowded")

    def __init__(self, limit: int, on_relief: Callable[[], None]) -> None:
        self._limit = limit
        self._on_relief = on_relief
        self._waiting: deque[_Job] = deque()
        self._running: deque[_Job] = deque()
        self.crowded = False

    def __len__(self) -> int:
        return len(self._waiting) + len(self._running)

    def submit(
        self, mode: Mode, start: Callable[[], Future[Any]], finish: Callable[[Future[Any]], None]
    ) -> bool:
        """Queue a job; `finish` gets its done future, in the order of submission."""
        if len(self) >= self._limit:
            return False
        self._waiting.append(_Job(mode, start, finish))
        if len(self) >= self._limit // 2:
            self.crowded = True
        self._advance()
        return True

    def clear(self) -> None:
        """Forget what waits, when the session ends. What runs ends by itself, unheard (LOG3 makes its repeat safe)."""
        self._waiting.clear()
        self._running.clear()
        if self.crowded:
            self.crowded = False
            self._on_relief()

    def _advance(self) -> None:
        while self._waiting and (not self._running or self._running[-1].mode is self._waiting[0].mode):
            job = self._waiting.popleft()
            self._running.append(job)
            job.future = job.start()
            job.future.add_done_callback(self._settle)

    def _settle(self, done: Future[Any]) -> None:
        if not done.cancelled():
            done.exception()  # seen, also where `clear` has left nobody to hear of it
        while self._running and (future := self._running[0].future) is not None and future.done():
            self._running.popleft().finish(future)
        self._advance()
        if self.crowded and len(self) < self._limit // 4:
            self.crowded = False
            self._on_relief()
