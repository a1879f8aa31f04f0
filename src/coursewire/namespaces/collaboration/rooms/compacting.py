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
"""Edits since the last snapshot from which on there is to be another one."""
AGAIN_AFTER: Final = 60.0
"""Seconds until it is tried again with a document for which it has failed."""


class Compacting:
    """Makes snapshots of the open documents of a node, one at a time. All methods belong to the event loop."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._wanted: dict[str, None] = {}
        """Documents that wait for it; never more than are open."""
        self._failed: dict[str, float] = {}
        self._running: asyncio.Task[None] | None = None

    def consider(self, room: Room) -> None:
        """Want a snapshot of a document that has many edits since its last one."""
        replica = room.replica
        if replica is None or (replica.tail < AFTER_EDITS and replica.tail_bytes < AFTER_BYTES):
            return
        now = asyncio.get_running_loop().time()
        if room.document_id in self._wanted or self._failed.get(room.document_id, 0.0) > now:
            return
        self._wanted[room.document_id] = None
        if self._running is None:
            self._running = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        try:
            while self._wanted:
                document_id = next(iter(self._wanted))
                try:
                    await self.compact(document_id)
                except Exception:
                    logger.exception("document %s could not be compacted; its edits are kept", document_id)
                    self._fail(document_id)
                finally:
                    self._wanted.pop(document_id, None)
        finally:
            self._running = None

    async def compact(self, document_id: str) -> bool:
        """Put a snapshot in place of a document's edits; return whether it could be. Nothing is lost if not."""
        work = self._rooms.work
        prepared = await work.read(lambda tx: prepare_snapshot(tx, document_id))
        if prepared is None:
            logger.error("document %s is not the same from its own snapshot; its edits are kept", document_id)
            self._fail(document_id)
            return False
        swapped = await work.write(lambda tx: swap_snapshot(tx, prepared))
        room = self._rooms.find(document_id)
        if swapped and room is not None and room.replica is not None:
            room.replica.compacted(
                prepared.epoch, prepared.edits, prepared.edit_bytes, len(prepared.snapshot.state)
            )
        if swapped:
            self._failed.pop(document_id, None)
            self._rooms.counts["compactions"] += 1
        return swapped

    def _fail(self, document_id: str) -> None:
        self._rooms.counts["failed_compactions"] += 1
        self._failed[document_id] = asyncio.get_running_loop().time() + AGAIN_AFTER
        for other, until in list(self._failed.items()):
            if until < self._failed[document_id] - AGAIN_AFTER:
                del self._failed[other]

    async def settle(self) -> None:
        """Wait until nothing is wanted."""
        while self._running is not None:
            await asyncio.wait([self._running])
