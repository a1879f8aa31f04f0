"""Who listens to what on this node; one encoding, many sockets."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from coursewire.realtime.conflation import Conflater
from coursewire.realtime.crowd import MANY, Crowd
from coursewire.realtime.encoding import encode_logged
from coursewire.realtime.subscription import State
from coursewire.wire.frames import join

if TYPE_CHECKING:
    from coursewire.bus.port import LoggedEvent
    from coursewire.realtime.session import Session
    from coursewire.realtime.subscription import Subscription
    from coursewire.wire.frames import Encoded

SLICE = 500
"""Receivers that are written to before the event loop gets its turn again (FAN1)."""

RING_EVENTS = 256
RING_BYTES = 64 * 1024
"""What a channel keeps of the recent past, so that a small gap needs no database. The oldest go first.

It goes out in one write: more bytes than a page of a replay would overflow the outbox of a socket that drains."""

LATEST_VALUES = 1_000
"""Newest values that a channel keeps for whoever comes next. The longest unchanged go first: the database, where a
namespace keeps them, still has them."""

LATEST_BYTES = 256 * 1024
"""What their data may take together, for the same reason: all of them go out in one answer."""

QUEUED_EVENTS = 10_000
"""Logged events that wait for a running fan-out. Beyond it, all listeners turn lagging and read the log instead."""


class Latest(NamedTuple):
    """The newest value of a key."""

    event: str
    data: bytes
    encoded: Encoded | None
    """None for a value that was read from the database."""
    is_last: bool = False
    """Whether it is forgotten once it was sent: whoever comes then does not get it."""


class _Entry(NamedTuple):
    offset: int | None
    encoded: Encoded


class Channel:
    """One channel on one node: its subscriptions, and the order of what they get.

    Invariant: a LIVE subscription has been written every logged event up to `top`, once and in order; what waits in
    `_queue` comes after. So a subscription at `top` may become LIVE at any moment, also while a fan-out is running.
    """

    __slots__ = (
        "_base",
        "_conflaters",
        "_crowd",
        "_heard",
        "_latest_bytes",
        "_queue",
        "_queued_top",
        "_receivers",
        "_ring",
        "_ring_bytes",
        "_running",
        "_unkept",
        "ahead",
        "crowded",
        "epoch",
        "latest",
        "name",
        "namespace",
        "on_broken",
        "on_hole",
        "on_shed",
        "rewritten",
        "subscriptions",
        "top",
    )

    def __init__(
        self,
        namespace: str,
        name: str,
        on_hole: Callable[[Channel], None],
        on_broken: Callable[[Channel], None],
        on_shed: Callable[[Channel], None],
    ) -> None:
        self.namespace = namespace
        self.name = name
        self.on_hole = on_hole
        self.on_broken = on_broken
        """Called when nobody who listens can go on: another epoch, or a hole that the log cannot fill."""
        self.on_shed = on_shed
        self.epoch: str | None = None
        """None until the stream's position was read."""
        self.top = 0
        """The last logged event whose fan-out has begun."""
        self.subscriptions: dict[Session, Subscription] = {}
        self.ahead: list[Subscription] = []
        self.latest: OrderedDict[tuple[str, str], Latest] = OrderedDict()
        self.crowded = False
        """Whether so many listen that they are not told any more who comes and goes."""
        self._heard = 0
        self._queued_top = 0
        self._queue: list[_Entry] = []
        self._running = False
        self._receivers: Sequence[Subscription] = ()
        self._crowd: Crowd | None = None
        """All that are LIVE, since the last fan-out to many, until one of them is not any more."""
        self._base = 0
        self._ring: deque[_Entry] | None = None
        self._ring_bytes = 0
        self._unkept = 0
        self._latest_bytes = 0
        self.rewritten = 0
        """How often the past was rewritten: what was read before the last time must not be shown (LOG5)."""
        self._conflaters: dict[str, Conflater] | None = None

    # The stream's position

    def open(self, epoch: str, top: int) -> None:
        """Take over the stream's position as the log has it; what was heard before belongs to it or is a hole."""
        if self.epoch is not None:
            return
        self.epoch, self.top, self._queued_top = epoch, top, top
        if self._heard > top:
            self.on_hole(self)

    @property
    def missing_after(self) -> int | None:
        """The offset after which this node has heard of events that it does not have; None without a hole."""
        return self._queued_top if self._heard > self._queued_top else None

    def lacks(self, epoch: str, top: int) -> bool:
        """Whether a stream that stands here has events that this node has not got."""
        return epoch != self.epoch or top > self._queued_top

    def learn(self, epoch: str, top: int) -> None:
        """Take the log's word for where the stream stands: what is missing up to there is a hole (FAN2)."""
        if epoch != self.epoch:
            self.on_broken(self)
        elif top > self._queued_top:
            self._heard = max(self._heard, top)
            self.on_hole(self)

    # Who gets what is new

    def go_live(self, subscription: Subscription) -> None:
        """Let a subscription that has all up to `top` have what comes next."""
        if subscription.state is State.LIVE:
            return
        subscription.offset = self.top
        subscription.state = State.LIVE
        if self._crowd is not None:
            self._crowd.add(subscription)

    def leave_live(self, subscription: Subscription, state: State) -> None:
        """Let it have nothing more for now, or for ever; its offset says how far it has come."""
        if subscription.state is State.LIVE:
            self._disperse()
        subscription.state = state

    def _disperse(self) -> None:
        crowd, self._crowd = self._crowd, None
        if crowd is not None:
            receivers = crowd.settle(self.top, self._base)
            if self._running:
                self._receivers = receivers

    # Logged events

    def deliver(self, epoch: str, events: Sequence[LoggedEvent]) -> None:
        """Fan out committed events, in offset order; a hole is repaired from the log first (FAN2)."""
        if self.epoch is None:
            self._heard = max(self._heard, events[-1].offset)
            return
        if epoch != self.epoch:
            self.on_broken(self)
            return
        self._heard = max(self._heard, events[-1].offset)
        if events[0].offset > self._queued_top + 1:
            self.on_hole(self)
            return
        fresh = [event for event in events if event.offset > self._queued_top]
        if not fresh:
            return
        self._queued_top = fresh[-1].offset
        self._queue += [
            _Entry(event.offset, encode_logged(self.namespace, self.name, epoch, event)) for event in fresh
        ]
        if len(self._queue) > QUEUED_EVENTS:
            self._shed()
        self._pump()

    def _shed(self) -> None:
        """Let the log carry what waits: the fan-out cannot keep up."""
        for subscription in self.subscriptions.values():
            if subscription.state in (State.LIVE, State.AHEAD):
                self.leave_live(subscription, State.LAGGING)
        self.ahead.clear()
        self._queue.clear()
        self.top = self._queued_top
        self.forget_past()
        self.on_shed(self)

    # Events without an offset

    def publish(self, encoded: Encoded) -> None:
        """Fan out an event of class ephemeral: whoever cannot take it now never gets it.

        Nobody gets it while the fan-out cannot keep up with what is logged.
        """
        if len(self._queue) < QUEUED_EVENTS:
            self.publish_conflated(encoded)

    def publish_conflated(self, encoded: Encoded) -> None:
        """Fan out newest values. Their rate bounds how many can wait."""
        self._queue.append(_Entry(None, encoded))
        self._pump()

    def publish_latest(self, name: str, value: Latest, rate: float, early: float = 0.0) -> None:
        """Take the newest value of the key `name`; it, or a newer one, goes out within 1 / `rate` s."""
        event = value.event
        key = (event, name)
        self.drop_latest(key)
        self.latest[key] = value
        self._latest_bytes += len(value.data)
        while len(self.latest) > LATEST_VALUES or (
            self._latest_bytes > LATEST_BYTES and len(self.latest) > 1
        ):
            oldest = next(iter(self.latest))
            if self._conflaters and oldest[0] in self._conflaters:
                self._conflaters[oldest[0]].send(oldest)  # whoever listens gets it all the same
            self.drop_latest(oldest)
        if self._conflaters is None:
            self._conflaters = {}
        conflater = self._conflaters.get(event)
        if conflater is None:
            conflater = self._conflaters[event] = Conflater(self, rate, early)
        conflater.add(key)

    def forget_latest(self, event: str) -> None:
        """Forget the newest values of an event type: whoever comes next does not get them."""
        for key in [key for key in self.latest if key[0] == event]:
            self.drop_latest(key)

    def drop_latest(self, key: tuple[str, str]) -> None:
        """Forget the newest value of a key."""
        gone = self.latest.pop(key, None)
        self._latest_bytes -= len(gone.data) if gone else 0

    # The fan-out

    def _pump(self) -> None:
        if not self._running and self._queue:
            self._running = True
            self._next_batch()

    def _next_batch(self) -> None:
        entries, self._queue = self._queue, []
        self._base = self.top
        logged = [entry for entry in entries if entry.offset is not None]
        if logged:
            self.top = logged[-1].offset or self.top
            self._remember(logged)
        # Everything that waits goes out in one write per receiver.
        batch = entries[0].encoded if len(entries) == 1 else join([entry.encoded for entry in entries])
        crowd = self._crowd = self._crowd or self._gather()
        if crowd is None:
            self._receivers = list(self.subscriptions.values())
            count = len(self._receivers)
        else:
            count = crowd.begin()
        if self.ahead:
            self._serve_ahead(entries)
        self._write_slice(batch, crowd, 0, count)

    def _gather(self) -> Crowd | None:
        if len(self.subscriptions) < MANY:
            return None
        live = [
            subscription for subscription in self.subscriptions.values() if subscription.state is State.LIVE
        ]
        return Crowd(live) if len(live) >= MANY else None

    def _write_slice(self, batch: Encoded, crowd: Crowd | None, start: int, count: int) -> None:
        end = start + SLICE
        if crowd is not None and crowd is self._crowd:
            crowd.write(batch, start, end)
        else:
            top, base, live = self.top, self._base, State.LIVE
            for subscription in self._receivers[start:end]:
                # One that became LIVE while this batch was going out has replayed it: its offset is above the base.
                if subscription.state is live and subscription.offset <= base:
                    subscription.offset = top
                    subscription.carrier.transport.write(batch)
        if end < count:
            asyncio.get_running_loop().call_soon(self._write_slice, batch, crowd, end, count)
            return
        self._receivers = ()
        if self._queue:
            asyncio.get_running_loop().call_soon(self._next_batch)
        else:
            self._running = False

    def _serve_ahead(self, entries: Sequence[_Entry]) -> None:
        waiting, self.ahead = self.ahead, []
        for subscription in waiting:
            if subscription.state is not State.AHEAD:
                continue
            missing = [
                entry.encoded
                for entry in entries
                if entry.offset is None or entry.offset > subscription.offset
            ]
            if missing:
                subscription.socket.send(join(missing))
            if subscription.offset > self.top:
                self.ahead.append(subscription)
            else:
                # Not in this batch any more: its offset, now the top, is above the base.
                self.go_live(subscription)

    # The recent past

    def _remember(self, logged: Sequence[_Entry]) -> None:
        if self._ring is None:
            self._ring = deque()
        ring = self._ring
        for entry in logged:
            if (entry.offset or 0) > self._unkept:
                ring.append(entry)
                self._ring_bytes += entry.encoded.size
        while len(ring) > RING_EVENTS or self._ring_bytes > RING_BYTES:
            self._ring_bytes -= ring.popleft().encoded.size

    def recent(self, offset: int) -> Encoded | None:
        """Return what was logged after `offset`, up to `top`, if all of it is remembered; None if not."""
        if not self._ring or (self._ring[0].offset or 0) > offset + 1:
            return None
        return join([entry.encoded for entry in self._ring if (entry.offset or 0) > offset])

    def forget_past(self) -> None:
        """Forget the recent past: it was rewritten, or does not end at `top` any more (LOG5).

        What waits in the queue was encoded before: it goes out, and is not kept either.
        """
        self.rewritten += 1
        self._unkept = self._queued_top
        self._ring = None
        self._ring_bytes = 0

    def close(self) -> None:
        """End the timers, when nobody listens any more."""
        for conflater in (self._conflaters or {}).values():
            conflater.cancel()
