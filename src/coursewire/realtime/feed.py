"""Waits for the next logged event of a channel, for those who ask over plain HTTP."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from coursewire import log
from coursewire.bus.port import BusMessage, Committed
from coursewire.errors import Overloaded

if TYPE_CHECKING:
    from coursewire.bus.port import Bus

WAITING = 1_000
"""Requests of this node that may wait at once; the next gets Overloaded, and may ask without `wait`."""

WAITING_EACH = 20
"""And of one person, who so keeps out nobody else; an LMS, which asks for many, may have all of them."""


class Feed:
    """Wakes whoever waits for a channel when something was committed in it. One per node."""

    def __init__(self, bus: Bus) -> None:
        self._waiting: dict[tuple[str, str], set[asyncio.Event]] = {}
        self._waiting_of: Counter[str] = Counter()
        self._closed = False
        self.waiting = 0
        """How many wait now."""
        bus.subscribe(self.hear)

    async def read(
        self,
        path: str,
        channel: str,
        wait_s: float,
        read: Callable[[], Awaitable[log.Resumed]],
        *,
        person: str | None = None,
    ) -> log.Resumed:
        """Return what `read` returns, after up to `wait_s` if at first it is that there is nothing new.

        Rights are asked by `read`, and so once more after the wait. When the bus loses a message, the events come at
        the end of the wait. Raises Overloaded, and what `read` raises.
        """
        if wait_s <= 0:
            return await read()
        if self.waiting >= WAITING or (person is not None and self._waiting_of[person] >= WAITING_EACH):
            raise Overloaded("too many requests wait for events: ask without `wait`", retry_after_ms=5_000)
        woken = asyncio.Event()
        # Before the first look: what is committed after it wakes us.
        self._waiting.setdefault((path, channel), set()).add(woken)
        self.waiting += 1
        if person is not None:
            self._waiting_of[person] += 1
        try:
            found = await read()
            if self._closed or found.events or not found.recovered:
                return found
            try:
                async with asyncio.timeout(wait_s):
                    await woken.wait()
            except TimeoutError:
                pass
            return await read()
        finally:
            self.waiting -= 1
            if person is not None:
                self._waiting_of[person] -= 1
                if not self._waiting_of[person]:
                    del self._waiting_of[person]
            others = self._waiting[path, channel]
            others.discard(woken)
            if not others:
                del self._waiting[path, channel]

    def hear(self, message: BusMessage) -> None:
        """Wake those who wait for what was committed."""
        if isinstance(message, Committed):
            for woken in self._waiting.get((message.namespace, message.channel), ()):
                woken.set()

    def close(self) -> None:
        """Let nobody wait any more: the server is stopping."""
        self._closed = True
        for some in self._waiting.values():
            for woken in some:
                woken.set()
