"""Events on their way to the handlers: in order, one at a time, bounded; a slow handler stops nobody else."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

logger = logging.getLogger("coursewire.client")

Job = Callable[[], Awaitable[None]]
T = TypeVar("T")


class Inbox:
    """Runs jobs one after the other.

    Bound: `limit` jobs. When `full`, the caller drops further events and names their channels to `missed`; once
    half of the jobs are done, `on_room(channels)` is called: what was dropped is replayed by the server.
    """

    def __init__(self, limit: int, on_room: Callable[[list[str]], None]) -> None:
        self._limit = limit
        self._on_room = on_room
        self._jobs: deque[Job] = deque()
        self._missed: dict[str, None] = {}
        self._filled = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    @property
    def full(self) -> bool:
        """Whether events must be dropped now."""
        return len(self._jobs) >= self._limit

    def put(self, job: Job) -> None:
        """Append a job. Who puts events asks `full` first; the few jobs about the session always fit."""
        self._jobs.append(job)
        self._filled.set()

    def missed(self, channel: str) -> None:
        """Note that an event of this channel was dropped."""
        self._missed[channel] = None

    async def close(self) -> None:
        """Stop after the job that runs; what waits is dropped. May be called by a job."""
        self._jobs.clear()
        if self._task is not asyncio.current_task():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._filled.wait()
            while self._jobs:
                try:
                    await self._jobs.popleft()()
                except Exception:
                    logger.exception("a handler failed")
                if self._missed and len(self._jobs) <= self._limit // 2:
                    channels, self._missed = list(self._missed), {}
                    self._on_room(channels)
            self._filled.clear()


class Stream(Generic[T]):
    """What one `async for` loop has not taken yet.

    Bound: `limit` items. When full, `put` waits, and with it the inbox: nothing is lost. A loop that is left
    closes its stream.
    """

    def __init__(self, limit: int = 100) -> None:
        self._limit = limit
        self._items: deque[T] = deque()
        self._changed = asyncio.Event()
        self._closed = False
        self._error: Exception | None = None

    async def put(self, item: T) -> None:
        """Append an item, as soon as there is room; after `close` it is dropped."""
        while len(self._items) >= self._limit and not self._closed:
            self._changed.clear()
            await self._changed.wait()
        if not self._closed:
            self._items.append(item)
            self._changed.set()

    def close(self, error: Exception | None = None) -> None:
        """End the loop after the items that are here; with `error` it ends by raising it."""
        self._closed, self._error = True, error
        self._changed.set()

    def __aiter__(self) -> Stream[T]:
        return self

    async def __anext__(self) -> T:
        """Take the next item; at the end raise the error of `close`, if any."""
        while not self._items:
            if self._closed:
                raise self._error or StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        item = self._items.popleft()
        self._changed.set()
        return item
