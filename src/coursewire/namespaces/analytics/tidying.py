"""What /analytics deletes on its own, when nothing may ask for it any more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.analytics import service

if TYPE_CHECKING:
    from coursewire.realtime.background import Background

LOOK_EVERY_S: Final = 60.0


async def tidy(work: Background) -> None:
    """Trim activity, statements, days and what came late for ever: a slice at a time, and others' work between them."""
    while True:
        trimmed = [
            await work.write(trim)
            for trim in (service.trim_activity, service.trim_statements, service.trim_days, service.trim_late)
        ]
        if not any(trimmed):
            await asyncio.sleep(LOOK_EVERY_S)
