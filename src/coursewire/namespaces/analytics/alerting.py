"""The background turn that tells staff of learners at risk: it raises alerts, and lets them hold no more."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.analytics.service import risk_alerts as service

if TYPE_CHECKING:
    from coursewire.realtime.background import Background

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 600.0
"""Time alone puts somebody at risk, after a week: ten minutes more or less do not matter. Who comes back has no alert
any more at once, in the transaction of their activity."""


async def watch_risk(work: Background) -> None:
    """Look for ever, at once after a start. A failure is tried again with the next look."""
    while True:
        try:
            await look(work)
        except Exception:
            logger.exception("learners at risk could not be looked for; it is tried again")
        await asyncio.sleep(LOOK_EVERY_S)


async def look(work: Background) -> None:
    """Look once through all courses: reads find what differs, and short writes put only that right."""
    after: str | None = ""
    while after is not None:
        found, after = await work.read(partial(service.differences, after=after))
        for one in found:
            for start in range(0, len(one.gone), service.AT_ONCE):
                gone = one.gone[start : start + service.AT_ONCE]
                await work.write(partial(service.clear_gone, course_id=one.course_id, user_ids=gone))
            place: tuple[int, str] | None = None
            more = one.is_any_new
            while more:
                place = await work.write(partial(service.raise_new, course_id=one.course_id, after=place))
                more = place is not None
