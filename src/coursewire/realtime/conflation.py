"""Newest values at a bounded rate: what changes faster than anybody looks is sent once per interval."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from coursewire.wire.frames import join

if TYPE_CHECKING:
    from coursewire.realtime.channels import Channel


class Conflater:
    """Sends the newest values of one event type of a channel, at most `rate` times a second.

    After quiet a value goes out at once; then the latest of each key once per interval, the final one always. With
    `early`, a rate is a mean: so large a part of an interval may values be ahead of it, all in all. Under 1 there are
    still never more than one per interval and the first.
    """

    __slots__ = ("_channel", "_dirty", "_early_s", "_interval", "_not_before", "_timer")

    def __init__(self, channel: Channel, rate: float, early: float = 0.0) -> None:
        self._channel = channel
        self._interval = 1 / rate
        self._early_s = early * self._interval
        self._dirty: dict[tuple[str, str], None] = {}
        self._not_before = 0.0
        self._timer: asyncio.Handle | None = None

    def add(self, key: tuple[str, str]) -> None:
        """Note that a key has a new value."""
        self._dirty[key] = None
        if self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() >= self._not_before:
            # At the end of this turn: what one commit says of several keys leaves together.
            self._timer = loop.call_soon(self._flush)
        else:
            self._timer = loop.call_at(self._not_before, self._flush)

    def send(self, key: tuple[str, str]) -> None:
        """Send what waits now, if this key does: its value is about to be forgotten."""
        if key in self._dirty:
            self.cancel()
            self._flush()

    def cancel(self) -> None:
        """Send nothing more."""
        if self._timer is not None:
            self._timer.cancel()

    def _flush(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        self._not_before = max(self._not_before, now - self._early_s) + self._interval
        dirty, self._dirty = self._dirty, {}
        latest = self._channel.latest
        values = []
        for key in dirty:
            value = latest.get(key)
            if value is not None and value.encoded is not None:
                values.append(value.encoded)
                if value.is_last:
                    self._channel.drop_latest(key)
        if values:
            self._channel.publish_conflated(join(values))
