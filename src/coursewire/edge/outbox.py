"""What waits for a long-polling client until its next request, counted in bytes (FAN3).

A WebSocket needs none: there the buffer of the asyncio transport is the outbox, and its water marks are ours.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Final

from coursewire.wire.frames import Encoded

PACKETS_PER_POLL: Final = 16
"""python-engineio's client takes no more packets in one payload; the rest follows at once with the next poll."""


class Outbox:
    """Packets in order. It is full above `high` bytes; what happens then is its owner's decision."""

    __slots__ = ("_high", "_waiting", "size")

    def __init__(self, high: int) -> None:
        self._high = high
        self._waiting: deque[tuple[int, bytes]] = deque()
        self.size = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def full(self) -> bool:
        """Whether more than `high` bytes wait."""
        return self.size > self._high

    @property
    def drained(self) -> bool:
        """Whether a quarter of `high` or less waits: asyncio's default for the low mark."""
        return self.size <= self._high // 4

    def put(self, encoded: Encoded) -> None:
        """Append packets."""
        self._waiting.extend(encoded.messages)
        self.size += encoded.size

    def take(self, limit: int | None = None) -> Encoded:
        """Remove up to `limit` packets, or all, and return them as one."""
        taken = Encoded(messages=tuple(islice(self._waiting, limit)))
        for _ in taken.messages:
            self._waiting.popleft()
        self.size -= taken.size
        return taken
