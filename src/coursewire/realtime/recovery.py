"""Catching up after a gap: replay, then live, with nothing between (SUB2, SUB3, SUB5)."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coursewire import log
from coursewire.bus.port import LoggedEvent
from coursewire.errors import CoursewireError
from coursewire.realtime.channels import Channel
from coursewire.realtime.encoding import encode_logged
from coursewire.wire.frames import Encoded, join

if TYPE_CHECKING:
    from coursewire.realtime.contract import Reason
    from coursewire.realtime.subscription import Subscription
    from coursewire.storage import Storage
    from coursewire.storage import Transaction as StorageTransaction

logger = logging.getLogger(__name__)

PAGE_BYTES = 64 * 1024
"""A replay is written in pages of about this size, so that a slow socket stops it between two of them."""

KEPT_REPLAYS = 64
KEEP_S = 2.0
"""Replays are kept so long for others who missed the same (a class that reconnects together). The oldest go first."""

REPAIR_EVENTS = 500
"""Events that one read of a repair takes from the log."""
REPAIR_AGAIN_S = 1.0
"""How long a repair waits when the log cannot be read: FAN2 allows for 5 s."""


@dataclass(slots=True)
class Replay:
    """What a stream has after an offset, ready to be written: pages and the offset that each ends at."""

    epoch: str
    offset: int
    reason: Reason | None
    pages: list[tuple[int, Encoded]]


class Recovery:
    """Reads the log for those who missed something. One per node."""

    def __init__(self, storage: Storage, replay_events: int = log.REPLAY_EVENTS) -> None:
        self._storage = storage
        self._replay_events = replay_events
        self._replays: OrderedDict[tuple[str, str, str, int], asyncio.Future[Replay]] = OrderedDict()
        self._repairs: dict[Channel, asyncio.Task[None]] = {}
        self.reads = 0
        """Replays read from the log so far."""

    async def catch_up(self, subscription: Subscription, epoch: str, offset: int) -> Reason | None:
        """Write to the subscription everything that this node's channel has after (epoch, offset).

        Its offset says how far it came: at or beyond the channel's top, or less because its socket is full. The
        subscription itself stays as it is; `Hub.start` makes it live. Returns the reason when the position cannot be
        resumed (SUB3); unless the subscription had got further than `offset`, nothing was written then.
        """
        channel = subscription.channel
        subscription.offset = offset
        if epoch != channel.epoch:
            return "epoch"
        while subscription.is_open and subscription.offset != channel.top:
            if subscription.offset < channel.top:
                recent = channel.recent(subscription.offset)
                if recent is not None:
                    subscription.offset = channel.top
                    subscription.socket.send(recent)
                    break
            rewritten = channel.rewritten
            replay = await self._read(channel, epoch, subscription.offset)
            if channel.rewritten != rewritten:
                continue
            if replay.reason is not None:
                # Never a part of it with a reason: who has got some goes on, and is closed if it stays so (SUB3).
                return replay.reason if subscription.offset == offset else None
            for end, page in replay.pages:
                if not subscription.is_open or subscription.socket.connection.full:
                    return None
                subscription.offset = end
                subscription.socket.send(page)
            if subscription.offset >= channel.top:
                break
        return None

    async def _read(self, channel: Channel, epoch: str, offset: int) -> Replay:
        """Read a replay, or share one that was just read: one read and one encoding per position (SUB5)."""
        key = (channel.namespace, channel.name, epoch, offset)
        future = self._replays.get(key)
        if future is None or (future.done() and not _is_of_use(future, channel)):
            future = self._replays[key] = asyncio.ensure_future(self._read_alone(channel, epoch, offset))
            asyncio.get_running_loop().call_later(KEEP_S, self._forget, key, future)
            while len(self._replays) > KEPT_REPLAYS:
                self._replays.popitem(last=False)
        return await asyncio.shield(future)

    async def _read_alone(self, channel: Channel, epoch: str, offset: int) -> Replay:
        self.reads += 1
        namespace, name, most = channel.namespace, channel.name, self._replay_events

        def work(tx: StorageTransaction) -> Replay:
            resumed = log.resume(tx, namespace, name, (epoch, offset), most)
            encoded = [
                (event.offset, encode_logged(namespace, name, resumed.epoch, LoggedEvent(*event)))
                for event in resumed.events
            ]
            return Replay(resumed.epoch, resumed.offset, resumed.reason, list(_paged(encoded)))

        return await self._storage.read(work)

    def _forget(self, key: tuple[str, str, str, int], future: asyncio.Future[Replay]) -> None:
        if self._replays.get(key) is future:
            del self._replays[key]

    def forget_past(self, namespace: str, names: frozenset[str]) -> None:
        """Forget the replays of channels whose log was rewritten (LOG5); without names those of all channels."""
        for key in [key for key in self._replays if key[0] == namespace and (not names or key[1] in names)]:
            del self._replays[key]

    def repair(self, channel: Channel) -> None:
        """Fill the hole that a channel has found in what the bus brought (FAN2)."""
        if channel not in self._repairs:
            task = asyncio.ensure_future(self._repair(channel))
            self._repairs[channel] = task
            task.add_done_callback(lambda _: self._repairs.pop(channel, None))

    async def _repair(self, channel: Channel) -> None:
        namespace, name = channel.namespace, channel.name

        def work(tx: StorageTransaction) -> tuple[log.Extent, list[log.Logged]]:
            extent = log.position(tx, namespace, name)
            return extent, log.read_after(tx, namespace, name, after, REPAIR_EVENTS)

        while channel.subscriptions and (missing := channel.missing_after) is not None:
            after = missing
            rewritten = channel.rewritten
            try:
                extent, events = await self._storage.read(work)
            except CoursewireError:
                logger.exception("a hole in %s of %s could not be read; it is tried again", name, namespace)
                await asyncio.sleep(REPAIR_AGAIN_S)
                continue
            if channel.rewritten != rewritten:
                continue
            if extent.epoch != channel.epoch or (extent.first > after + 1 and after == channel.missing_after):
                channel.on_broken(channel)
                return
            if not events:
                return  # what was heard of belongs to an epoch before this one
            channel.deliver(extent.epoch, [LoggedEvent(*event) for event in events])

    def close(self) -> None:
        """End what runs in the background."""
        for task in self._repairs.values():
            task.cancel()


def _is_of_use(future: asyncio.Future[Replay], channel: Channel) -> bool:
    """Whether a finished replay still brings one further: a failed one, or one of the past, does not."""
    if future.cancelled() or future.exception() is not None:
        return False
    replay = future.result()
    # What is missing after it must be remembered by the channel, or the same gap would be read again and again.
    return replay.reason is None and (
        replay.offset >= channel.top or channel.recent(replay.offset) is not None
    )


def _paged(events: list[tuple[int, Encoded]]) -> Iterator[tuple[int, Encoded]]:
    page: list[Encoded] = []
    size = 0
    for offset, encoded in events:
        page.append(encoded)
        size += encoded.size
        if size >= PAGE_BYTES or offset == events[-1][0]:
            yield offset, join(page)
            page, size = [], 0
