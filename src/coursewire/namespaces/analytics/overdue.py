"""The background turn that notices silence: jobs stall, are given up, and are forgotten long after their end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.service.overdue_jobs import QUEUED_AT_MOST_MS, STALLED_AT_MOST_MS

if TYPE_CHECKING:
    from coursewire.realtime.background import Background
    from coursewire.realtime.transaction import Transaction

logger = logging.getLogger(__name__)

LOOK_AT_MOST_EVERY_S: Final = 5.0
LOOKS: Final = 10
"""In the time that a job may be silent: a stalled one is noticed a tenth of it later at most."""
DAY_MS: Final = 86_400_000


class Ages(Protocol):
    """The settings that matter here."""

    job_stalled_after_s: float
    job_days: float
    log_days: float


async def follow_silence(work: Background) -> None:
    """Look for ever. A failure is tried again with the next look."""
    ages: Ages = work.settings
    # While no server ran, no worker was heard: each has the whole time again for its next heartbeat.
    await asyncio.sleep(ages.job_stalled_after_s)
    while True:
        try:
            await look(work, ages)
        except Exception:
            logger.exception("jobs that have fallen silent could not be looked for; it is tried again")
        await asyncio.sleep(min(LOOK_AT_MOST_EVERY_S, ages.job_stalled_after_s / LOOKS))


async def look(work: Background, ages: Ages) -> None:
    """Look once for all that is overdue; other writes run between the slices."""
    # Not before the log forgets them: what it says of a job is found by its row, when the owner is erased.
    kept_ms = round(max(ages.job_days, ages.log_days) * DAY_MS) + DAY_MS
    turns: tuple[Callable[[Transaction], bool], ...] = (
        partial(service.stall_jobs, silent_ms=round(ages.job_stalled_after_s * 1000)),
        partial(service.give_jobs_up, state="stalled", silent_ms=STALLED_AT_MOST_MS),
        partial(service.give_jobs_up, state="queued", silent_ms=QUEUED_AT_MOST_MS),
        partial(service.trim_jobs, kept_ms=kept_ms),
    )
    for turn in turns:
        while await work.write(turn):
            pass
