"""Snapshots in place of edits: built from the rows, loaded again and compared, and only then put in their place."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.collaboration.service.compacting import prepare_snapshot, swap_snapshot

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.rooms.room import Room
    from coursewire.namespaces.collaboration.rooms.rooms import Rooms

logger = logging.getLogger(__name__)

AFTER_EDITS: Final = 500
AFTER_BYTES: Final = 256 * 1024
"""Edits since the last snapshot from which on there is to be another one; of a larger document as many bytes as it has,
so that what is built again and again stays in proportion to what is edited."""
REST_S: Final = 5.0
REST_TIMES: Final = 20
"""Seconds between two snapshots of a document; or as many times as long as one of them has taken."""
AGAIN_AFTER: Final = 60.0
"""Seconds until it is tried again with a document for which it has failed."""


class Compacting:
    """Makes snapshots of the open documents of a node, one at a time. All methods belong to the event loop."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._wanted: dict[str, None] = {}
        """Documents that wait for it; never more than are open."""
        self._resting: dict[str, float] = {}
        """Documents that had their turn, and until when."""
        self._running: asyncio.Task[None] | None = None

    def consider(self, room: Room) -> None:
        """Want a snapshot of a document that has many edits since its last one."""
        replica = room.replica
        if replica is None:
            return
        many_bytes = max(AFTER_BYTES, replica.size - replica.tail_bytes)
        if replica.tail < AFTER_EDITS and replica.tail_bytes < many_bytes:
            return
        now = asyncio.get_running_loop().time()
        if room.document_id in self._wanted or self._resting.get(room.document_id, 0.0) > now:
            return
        self._wanted[room.document_id] = None
        if self._running is None:
            self._running = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        try:
            while self._wanted:
                document_id = next(iter(self._wanted))
                try:
                    await self._take_turn(document_id)
                finally:
                    self._wanted.pop(document_id, None)
        finally:
            self._running = None

    async def _take_turn(self, document_id: str) -> None:
        now = asyncio.get_running_loop().time
        started = now()
        try:
            is_done = await self.compact(document_id)
        except Exception:
            self._rooms.counts["failed_compactions"] += 1
            logger.exception("document %s could not be compacted; its edits are kept", document_id)
            is_done = False
        rest = max(REST_S, REST_TIMES * (now() - started)) if is_done else AGAIN_AFTER
        self._resting = {one: until for one, until in self._resting.items() if until > started}
        self._resting[document_id] = now() + rest

    async def compact(self, document_id: str) -> bool:
        """Put a snapshot in place of a document's edits; return whether it could be. Nothing is lost if not."""
        work = self._rooms.work
        prepared = await work.read(lambda tx: prepare_snapshot(tx, document_id))
        if prepared is None:
            logger.error("document %s is not the same from its own snapshot; its edits are kept", document_id)
            self._rooms.counts["failed_compactions"] += 1
            return False
        swapped = await work.write(lambda tx: swap_snapshot(tx, prepared))
        room = self._rooms.find(document_id)
        if swapped and room is not None and room.replica is not None:
            room.replica.compacted(prepared)
        if swapped:
            self._rooms.counts["compactions"] += 1
        return swapped

    async def settle(self) -> None:
        """Wait until nothing is wanted."""
        while self._running is not None:
            await asyncio.wait([self._running])
