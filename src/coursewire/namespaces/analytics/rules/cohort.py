"""What a class may know of itself: values in which no single person can be seen.

Values of fewer than five learners are withheld. That alone would not do: whoever looks twice, and knows that only Ben
did something in between, sees Ben in the difference. So a value that was shown is followed by another one only when at
least five learners have changed it, by what they did or by what of theirs has left the window; scores come in two
digits, and only from five learners with a score. What remains: a class of which all have the same value (everybody
completed it) does know that of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursewire.namespaces.analytics.contract import Metrics
from coursewire.namespaces.analytics.rules.access import COHORT_AT_LEAST

if TYPE_CHECKING:
    from coursewire.namespaces.analytics.contract import Window


def is_shown(learners: int) -> bool:
    """Whether a value of so many learners is shown."""
    return learners >= COHORT_AT_LEAST


def at_least(learners: int) -> int:
    """Return a number of learners, and 0 for a few."""
    return learners if is_shown(learners) else 0


def withheld(course_id: str, window: Window, at: str) -> Metrics:
    """Return what takes the place of values that are not shown any more."""
    return Metrics(
        course_id=course_id,
        window=window,
        scope="cohort",
        at=at,
        withheld=True,
        active_now=0,
        active_learners=0,
        events_per_minute=0.0,
        time_on_task_s=0.0,
        per_object=[],
    )


def may_follow(before: Metrics | None, *, withheld: bool, changed_by: int) -> bool:
    """Whether new values, or that they are withheld, may be shown where `before` was shown last.

    So many learners have changed something since then.
    """
    if before is None:
        return not withheld
    if withheld:
        return not before.withheld
    return changed_by >= COHORT_AT_LEAST
