"""Compares the open channels with the log, so that a lost last event is noticed though none follows it (FAN2)."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from coursewire import log

if TYPE_CHECKING:
    from coursewire.realtime.channels import Channel
    from coursewire.realtime.hub import Hub
    from coursewire.storage import Storage
    from coursewire.storage import Transaction as StorageTransaction

logger = logging.getLogger(__name__)

CHECK_EVERY_S = 4.0
"""From the beginning of one check to that of the next. With `UNDER_WAY_S` and the reads it keeps the 5 s of FAN2."""

UNDER_WAY_S = 0.5
"""What a reader sees may still be on its way over the bus: only who lacks it after this long has lost it."""

PAGE = 500
"""Channels that one read asks for, in about 1.5 ms of a reader; pages follow each other, so that others read between
them. What a check holds is bounded by the channels that are open."""


class Positions:
    """Notices by the log what the bus has lost. One per node.

    The log is asked, not the other nodes: one that died between commit and bus can tell nobody. Every open channel is
    asked about, because nothing else tells a quiet channel from one whose last event was lost; that is an index
    look-up for each, about 3 us, and nothing at all while nobody listens.
    """

    def __init__(self, hub: Hub, storage: Storage) -> None:
        self._hub = hub
        self._storage = storage
        self._task: asyncio.Task[None] | None = None
        self.found = 0
        """How often a channel lacked what the log had."""

    def start(self) -> None:
        """Check from now on."""
        self._task = asyncio.ensure_future(self._run())

    async def close(self) -> None:
        """Check no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            # After a slow check the next begins at once, and the ones it has swallowed are not made up for.
            due = max(due + CHECK_EVERY_S, loop.time())
            await asyncio.sleep(due - loop.time())
            try:
                await self.check()
            except Exception:
                logger.exception("the positions could not be compared with the log; it is tried again")

    async def check(self) -> None:
        """Compare once, and let the channels that are behind repair themselves. Raises what a read raises."""
        channels = [channel for channel in self._hub.channels if channel.epoch is not None]
        behind: list[tuple[Channel, log.Position]] = []
        for start in range(0, len(channels), PAGE):
            page = channels[start : start + PAGE]
            found = await self._read(page)
            behind += [
                (channel, position)
                for channel in page
                if (position := found.get((channel.namespace, channel.name))) and channel.lacks(*position)
            ]
        if not behind:
            return
        await asyncio.sleep(UNDER_WAY_S)
        for channel, position in behind:
            if channel.subscriptions and channel.lacks(*position):
                self.found += 1
                channel.learn(*position)

    async def _read(self, page: Sequence[Channel]) -> dict[tuple[str, str], log.Position]:
        names: dict[str, list[str]] = defaultdict(list)
        for channel in page:
            names[channel.namespace].append(channel.name)

        def work(tx: StorageTransaction) -> dict[tuple[str, str], log.Position]:
            return {
                (namespace, name): position
                for namespace, some in names.items()
                for name, position in log.positions(tx, namespace, some).items()
            }

        return await self._storage.read(work)
