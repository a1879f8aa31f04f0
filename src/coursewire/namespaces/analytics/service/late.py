"""Keeps reports of hours that are over from the class until they are those of five: one of them makes no difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coursewire.namespaces.analytics.rules.access import COHORT_AT_LEAST
from coursewire.namespaces.analytics.rules.metrics import counted_time, in_millionths
from coursewire.namespaces.analytics.rules.steps import HOUR, KEPT
from coursewire.namespaces.analytics.store import late as store
from coursewire.namespaces.analytics.store.late import Late

if TYPE_CHECKING:
    from coursewire.namespaces.analytics.contract import ActivityRecorded
    from coursewire.namespaces.analytics.store.rollups import Sums
    from coursewire.realtime.transaction import Transaction

TRIMMED_AT_ONCE: Final = 500
_KEPT_MS: Final = KEPT["1h"] or 0


def note_late(tx: Transaction, recorded: ActivityRecorded) -> None:
    """Note what of new activity belongs to hours that the class has seen already, or may have."""
    found: dict[tuple[str, int, str], Late] = {}
    now_begins = tx.now // HOUR * HOUR
    for one in recorded.activities:
        start = one.at // HOUR * HOUR
        if not one.is_learner or start >= now_begins or start <= tx.now - _KEPT_MS:
            continue
        key = one.course_id, start, one.user_id
        before = found.get(key) or Late(*key, 0, 0, 0, 0, 0, 0)
        found[key] = Late(
            *key,
            before.events + 1,
            before.time_ms + counted_time(one.duration_ms),
            before.completions + (one.verb == "completed"),
            before.submissions + (one.verb == "submitted"),
            before.score_sum + (0 if one.score is None else in_millionths(one.score)),
            before.score_count + (one.score is not None),
        )
    store.add(tx, sorted(found.values()), COHORT_AT_LEAST)


def without_late(tx: Transaction, course_id: str, found: dict[int, Sums], start: int, end: int) -> None:
    """Take out of the sums of hours, by their beginning, what waits: what is left is what the class may see."""
    for one, all_events, all_scores in store.waiting(tx, course_id, start, end):
        sums = found.get(one.start)
        if sums is not None:
            found[one.start] = sums._replace(
                learners=sums.learners - (one.events == all_events),
                scorers=sums.scorers - (one.score_count == all_scores > 0),
                **{name: getattr(sums, name) - getattr(one, name) for name in store.SUMS},
            )


def trim_late(tx: Transaction) -> bool:
    """Forget some of what waits for hours that no series shows any more; return whether there was any."""
    return store.trim(tx, tx.now - _KEPT_MS, TRIMMED_AT_ONCE) > 0
