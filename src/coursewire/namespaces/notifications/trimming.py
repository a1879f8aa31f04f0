"""The background turn that forgets: short works of the writer, one after the other, until nothing old is left."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from coursewire.namespaces.notifications.store import trimming

if TYPE_CHECKING:
    from coursewire.realtime.background import Background
    from coursewire.realtime.transaction import Transaction

logger = logging.getLogger(__name__)

TRIM_EVERY_S: Final = 60.0
SLICE: Final = 500
"""Rows that one work takes, as in the log: a few milliseconds of the writer."""
DAY_MS: Final = 86_400_000
OVERDUE_DAYS: Final = 7
"""How long a mail or a push message may be due without being sent, because its server was down or is not set up any
more: later it would be no news. So what waits has a bound, whatever is broken."""


class Ages(Protocol):
    """The settings that matter here."""

    dedupe_days: float
    delivery_days: float


async def trim_for_ever(work: Background) -> None:
    """Trim once a minute. A failure is tried again with the next."""
    while True:
        await asyncio.sleep(TRIM_EVERY_S)
        try:
            await trim(work, work.settings, time.time_ns() // 1_000_000)
        except Exception:
            logger.exception("trimming notifications failed; it is tried again")


async def trim(work: Background, ages: Ages, now: int) -> None:
    """Forget once all that is older than its age; other writes run between the slices."""
    keys_before = now - int(ages.dedupe_days * DAY_MS)
    finished_before = now - int(ages.delivery_days * DAY_MS)
    turns: tuple[tuple[Callable[..., int], int], ...] = (
        (trimming.forget_keys, keys_before),
        (trimming.forget_deliveries, finished_before),
        (trimming.forget_given_up, finished_before),
        (trimming.give_up_overdue, now - OVERDUE_DAYS * DAY_MS),
    )
    for forget, before in turns:
        slice_of: Callable[[Transaction], int] = partial(forget, before=before, most=SLICE)
        while await work.write(slice_of) == SLICE:
            pass
