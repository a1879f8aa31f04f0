"""What saves versions that nobody asked for: while somebody edits, and when a session of editing is over."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.collaboration.rules.versions import INTERVAL_MS, QUIET_MS, reason_to_save
from coursewire.namespaces.collaboration.service import saving_versions as service

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.store.versions import Due
    from coursewire.realtime.background import Background
    from coursewire.realtime.transaction import Transaction

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 60.0
_OVERLAP_MS: Final = 2 * (INTERVAL_MS + QUIET_MS)
"""How far back a look goes behind the one before: an edit is due by then, and its time is only known to the minute."""


class Versioning:
    """Looks now and then for documents that were edited. Of several nodes one saves, and the others find it saved."""

    def __init__(self) -> None:
        self._looked_at = 0

    async def run(self, work: Background) -> None:
        """Look for ever."""
        while True:
            try:
                await self.look(work)
            except Exception:
                logger.exception("saving versions failed; it is tried again")
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self, work: Background) -> int:
        """Save what is due now, one document after the other, and return how many versions that were."""
        saved = 0
        now, behind = await work.read(_now), ""
        edited_after = max(0, self._looked_at - _OVERLAP_MS)
        while True:
            found = await work.read(partial(service.due_versions, behind=behind, edited_after=edited_after))
            for due in found:
                try:
                    saved += await self._save(work, due, now)
                except Exception:
                    logger.exception("no version of document %s could be saved", due.document_id)
            if not found:
                self._looked_at = now
                return saved
            behind = found[-1].document_id

    async def _save(self, work: Background, due: Due, now: int) -> bool:
        reason = reason_to_save(now, due.edited_at, due.since)
        if reason is None:
            return False
        # Built in a reader: the writer has others waiting.
        found = await work.read(partial(service.state_to_save, document_id=due.document_id))
        if found is None:
            return False
        state, epoch, offset = found
        version = await work.write(
            partial(
                service.save_automatic,
                document_id=due.document_id,
                reason=reason,
                state=state,
                epoch=epoch,
                offset=offset,
            )
        )
        return version is not None


def _now(tx: Transaction) -> int:
    return tx.now
