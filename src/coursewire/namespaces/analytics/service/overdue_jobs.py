"""Jobs that nobody has heard of for too long, and those that ended long ago: a slice of them in each work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coursewire.namespaces.analytics import store
from coursewire.namespaces.analytics.rules import jobs as rules
from coursewire.namespaces.analytics.service.jobs import tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from coursewire.namespaces.analytics.rules.jobs import JobRecord
    from coursewire.realtime.transaction import Transaction

AT_ONCE: Final = 50
"""Jobs of one work of the storage, each with an event on three channels: some 20 ms at worst."""
TRIMMED_AT_ONCE: Final = 500

STALLED_AT_MOST_MS: Final = 24 * 3_600_000
"""A worker that has been gone for a day does not come back: whoever waits for the end is told that it failed."""
QUEUED_AT_MOST_MS: Final = 7 * 24 * 3_600_000
"""Nobody takes it any more: queues that hold work for longer say so by a heartbeat."""


def stall_jobs(tx: Transaction, silent_ms: int, *, one_behind: int | None = None) -> bool:
    """Mark running jobs without a heartbeat since then; return whether there may be more.

    one_behind: only one, that behind so many which cannot be changed.
    """
    return _change(tx, "running", silent_ms, rules.fallen_silent, one_behind)


def give_jobs_up(tx: Transaction, state: str, silent_ms: int, *, one_behind: int | None = None) -> bool:
    """Let jobs fail that have been in a state without a heartbeat since then; return whether there may be more.

    one_behind: only one, that behind so many which cannot be changed.
    """
    return _change(tx, state, silent_ms, rules.given_up, one_behind)


def trim_jobs(tx: Transaction, kept_ms: int) -> bool:
    """Forget jobs that ended longer ago; return whether there may be more."""
    return store.trim_jobs(tx, tx.now - kept_ms, TRIMMED_AT_ONCE) == TRIMMED_AT_ONCE


def _change(
    tx: Transaction,
    state: str,
    silent_ms: int,
    become: Callable[[JobRecord, int], JobRecord],
    one_behind: int | None,
) -> bool:
    most, skip = (AT_ONCE, 0) if one_behind is None else (1, one_behind)
    silent = store.silent_jobs(tx, state, tx.now - silent_ms, most, skip)
    changed = [(job, become(job, tx.now)) for job in silent]
    store.save_jobs(tx, [after for _, after in changed])
    for before, after in changed:
        tell(tx, before, after)
    return len(silent) == most
