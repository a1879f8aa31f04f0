"""Sums up activity by buckets of time, each from the finer one, and forgets what is older than it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coursewire.namespaces.analytics.rules.steps import KEPT, STEPS, coarser
from coursewire.namespaces.analytics.store import metrics as kept
from coursewire.namespaces.analytics.store import rollups as store
from coursewire.namespaces.analytics.store.rollups import Mark

if TYPE_CHECKING:
    from coursewire.namespaces.analytics.contract import Bucket
    from coursewire.realtime.transaction import Transaction

BUCKETS: Final = 20
"""Buckets of one step that one work sums up: some milliseconds of the writer."""
COURSES: Final = 50
ROWS: Final = 500
"""Courses that one work looks through for what is too old, and the rows of each step that it deletes of one."""


def steps_due(tx: Transaction) -> list[Bucket]:
    """Return the finest step of which something is out of date and over, and those that are made of it."""
    steps = list(STEPS)
    first = next((at for at, bucket in enumerate(steps) if store.full_marks(tx, bucket, 1)), len(steps))
    return steps[first:]


def roll_up(tx: Transaction, bucket: Bucket) -> int:
    """Sum up buckets of a step that are out of date and over; return how many there were, at most BUCKETS.

    The step above is out of date then. Doing it twice gives the same rows.
    """
    found = store.full_marks(tx, bucket, BUCKETS)
    above = coarser(bucket)
    for one in found:
        store.clear_mark(tx, one)
        store.roll_up(tx, one, tx.now)
    if above is not None:
        step = STEPS[above]
        store.mark(tx, sorted({Mark(one.course_id, above, one.start // step * step) for one in found}))
    return len(found)


def trim(tx: Transaction, after: str) -> str | None:
    """Forget old rollups of some courses behind an id; return behind which to go on, None at the end."""
    courses = kept.courses_after(tx, after, COURSES)
    for course_id in courses:
        for bucket, age in KEPT.items():
            if age is not None and store.trim_rollups(tx, course_id, bucket, tx.now - age, ROWS) == ROWS:
                # More of it next, before the others.
                return after
        after = course_id
    return after if len(courses) == COURSES else None
