"""The background turn that notices silence: jobs stall, are given up, and are forgotten long after their end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from coursewire.errors import Overloaded, Unavailable
from coursewire.namespaces.analytics import service
from coursewire.namespaces.analytics.service.overdue_jobs import QUEUED_AT_MOST_MS, STALLED_AT_MOST_MS

if TYPE_CHECKING:
    from coursewire.realtime.background import Background
    from coursewire.realtime.transaction import Transaction

logger = logging.getLogger(__name__)

LOOK_AT_MOST_EVERY_S: Final = 5.0
LOOKS: Final = 10
"""In the time that a job may be silent: a stalled one is noticed a tenth of it later at most."""
FAILURES_AT_MOST: Final = 20
"""Jobs that one turn passes by; with more it is not they that are wrong."""
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
    """Look once for all that is overdue; other writes run between the slices.

    Raises what failed, when all else is done.
    """
    # Not before the log forgets them: what it says of a job is found by its row, when the owner is erased.
    kept_ms = round(max(ages.job_days, ages.log_days) * DAY_MS) + DAY_MS
    turns = (
        partial(
            _change_all, work, partial(service.stall_jobs, silent_ms=round(ages.job_stalled_after_s * 1000))
        ),
        partial(
            _change_all, work, partial(service.give_jobs_up, state="stalled", silent_ms=STALLED_AT_MOST_MS)
        ),
        partial(
            _change_all, work, partial(service.give_jobs_up, state="queued", silent_ms=QUEUED_AT_MOST_MS)
        ),
        partial(_trim_all, work, partial(service.trim_jobs, kept_ms=kept_ms)),
    )
    failures: list[Exception] = []
    for turn in turns:
        try:
            await turn()
        except Exception as error:  # noqa: BLE001 - the next turn is about other jobs
            failures.append(error)
    if failures:
        raise ExceptionGroup("not all could be done", failures)


async def _change_all(work: Background, change: Callable[..., bool]) -> None:
    """Change jobs in slices; where one fails, one by one from then on, so that a job which cannot be holds up no other.

    Raises what kept some jobs as they are, or at once what has nothing to do with them.
    """
    failures: list[Exception] = []
    part = change
    while True:
        try:
            if not await work.write(part):
                break
        except Exception as error:
            if isinstance(error, Unavailable | Overloaded):
                raise
            if part is not change:
                failures.append(error)
            if len(failures) == FAILURES_AT_MOST:
                break
            part = partial(change, one_behind=len(failures))
    if failures:
        raise ExceptionGroup("some jobs stay as they are", failures)


async def _trim_all(work: Background, trim: Callable[[Transaction], bool]) -> None:
    while await work.write(trim):
        pass
