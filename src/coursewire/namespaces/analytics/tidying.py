"""What /analytics deletes on its own, when nothing may ask for it any more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.analytics import service

if TYPE_CHECKING:
    from coursewire.realtime.background import Background

LOOK_EVERY_S: Final = 60.0


async def trim_activity(work: Background) -> None:
    """Trim activity for ever, a slice at a time and others' work between them."""
    while True:
        if not await work.write(service.trim_activity):
            await asyncio.sleep(LOOK_EVERY_S)
