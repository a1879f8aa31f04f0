"""What /analytics deletes on its own, when nothing may ask for it any more."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.analytics import service

if TYPE_CHECKING:
    from collections.abc import Callable

    from coursewire.realtime.background import Background
    from coursewire.realtime.transaction import Transaction

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 60.0


async def tidy(work: Background) -> None:
    """Trim activity, statements, days and what came late for ever: a slice at a time, and others' work between them."""
    while True:
        trims = (service.trim_activity, service.trim_statements, service.trim_days, service.trim_late)
        trimmed = [await _slice(work, trim) for trim in trims]
        if not any(trimmed):
            await asyncio.sleep(LOOK_EVERY_S)


async def _slice(work: Background, trim: Callable[[Transaction], bool]) -> bool:
    """Trim some; what fails is tried again after a rest, and holds up nothing else."""
    try:
        return await work.write(trim)
    except Exception:
        logger.exception("%s failed; it is tried again", trim.__name__)
        return False
