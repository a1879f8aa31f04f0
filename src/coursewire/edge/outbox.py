"""What waits for a long-polling client until its next request, counted in bytes (FAN3).

A WebSocket needs none: there the buffer of the asyncio transport is the outbox, and its water marks are ours.
"""

from __future__ import annotations

from coursewire.wire.frames import Encoded, join


class Outbox:
    """Packets in order. It becomes full above `high` bytes; what happens then is its owner's decision."""

    __slots__ = ("_high", "_waiting", "size")

    def __init__(self, high: int) -> None:
        self._high = high
        self._waiting: list[Encoded] = []
        self.size = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def full(self) -> bool:
        """Whether more than `high` bytes wait."""
        return self.size > self._high

    def put(self, encoded: Encoded) -> None:
        """Append packets."""
        self._waiting.append(encoded)
        self.size += encoded.size

    def take(self) -> Encoded:
        """Remove everything and return it as one; must not be empty."""
        waiting, self._waiting, self.size = self._waiting, [], 0
        return join(waiting)
