"""Many listeners side by side: all that a fan-out touches of those who are up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coursewire.realtime.subscription import Subscription
    from coursewire.wire.frames import Encoded

MANY = 16
"""Listeners that are worth a list of their own."""


class Crowd:
    """The LIVE subscriptions of a channel with many, and the way to the kernel of each.

    Between two events a server of 500 sockets has lost from the processor's caches what it knows of them. To find
    each one's subscription, session, transport and socket, and to note its offset, took a tenth of all (ADR 0014).
    So nothing is read here but the ways, and offsets are noted when somebody leaves (`settle`).
    """

    __slots__ = ("_count", "_ways", "_written", "subscriptions")

    def __init__(self, subscriptions: list[Subscription]) -> None:
        self.subscriptions = subscriptions
        self._ways = [subscription.carrier.transport.plain for subscription in subscriptions]
        self._written = self._count = len(subscriptions)

    def add(self, subscription: Subscription) -> None:
        """Take in one that is at the channel's top. It gets nothing of a fan-out that is under way."""
        self.subscriptions.append(subscription)
        self._ways.append(subscription.carrier.transport.plain)

    def begin(self) -> int:
        """Begin a fan-out; return to how many."""
        self._written = 0
        self._count = len(self.subscriptions)
        return self._count

    def write(self, batch: Encoded, start: int, end: int) -> None:
        """Write to some of them."""
        end = min(end, self._count)
        frames = batch.ready or batch.frames
        size = len(frames)
        for index, way in enumerate(self._ways[start:end], start):
            try:
                sent = way(frames)
            except OSError:
                sent = 0
            if sent != size:
                self._write_on(index, batch, sent)
        self._written = end

    def _write_on(self, index: int, batch: Encoded, sent: int) -> None:
        """Write by the transport's own means what the kernel has not taken; it may have another way by now."""
        carrier = self.subscriptions[index].carrier
        carrier.transport.write(batch, sent)
        self._ways[index] = carrier.transport.plain

    def settle(self, top: int, base: int) -> Sequence[Subscription]:
        """Note how far each has come, and return them as the fan-out counts them.

        `top`: of whoever was written to; `base`: of whom a fan-out that is under way has not reached.
        """
        for subscription in self.subscriptions:
            subscription.offset = top
        for subscription in self.subscriptions[self._written : self._count]:
            subscription.offset = base
        return self.subscriptions[: self._count]
