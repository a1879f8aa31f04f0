"""The tables of /analytics in the first schema, each part in a file of its own."""

from __future__ import annotations

from coursewire.storage.migrations.first.analytics import activity, jobs, metrics, milestones, xapi

TABLES: tuple[str, ...] = (*metrics.TABLES, *milestones.TABLES, *xapi.TABLES, *jobs.TABLES, *activity.TABLES)
"""In the order in which they can be dropped."""


def create() -> None:
    """Create them."""
    activity.create()
    jobs.create()
    xapi.create()
    milestones.create()
    metrics.create()
