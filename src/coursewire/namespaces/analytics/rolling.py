"""What keeps the rollups: sums up the buckets that are out of date and over, and forgets the old ones."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.analytics.service import rollups as service

if TYPE_CHECKING:
    from coursewire.realtime.background import Background

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
TRIM_EVERY_S: Final = 3_600.0


async def roll_up(work: Background) -> None:
    """Sum up for ever, a slice at a time and others' work between them; a slice that fails is tried again."""
    while True:
        try:
            rolled = await roll_up_once(work)
        except Exception:
            logger.exception("summing up activity failed; it is tried again")
            rolled = False
        if not rolled:
            await asyncio.sleep(LOOK_EVERY_S)


async def roll_up_once(work: Background) -> bool:
    """Sum up a slice of each step, the finest first; return whether one was full. Mostly there is nothing to write."""
    due = await work.read(service.steps_due)
    rolled = [await work.write(partial(service.roll_up, bucket=bucket)) for bucket in due]
    return max(rolled, default=0) >= service.BUCKETS


async def trim_rollups(work: Background) -> None:
    """Forget once an hour what is older than its step is kept."""
    while True:
        began = time.monotonic()
        try:
            await trim_all(work)
        except Exception:
            logger.exception("trimming rollups failed; it is tried again")
        await asyncio.sleep(TRIM_EVERY_S - min(TRIM_EVERY_S, time.monotonic() - began))


async def trim_all(work: Background) -> None:
    """Go once through all courses, some in each work of the storage."""
    after: str | None = ""
    while after is not None:
        after = await work.write(partial(service.trim, after=after))
