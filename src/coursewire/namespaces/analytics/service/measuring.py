"""What the computing of figures reads and writes: filling a course, saying what has changed, letting it go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from coursewire.namespaces.analytics.contract import MetricsUpdated, OwnMetricsUpdated
from coursewire.namespaces.analytics.rules.access import COHORT_AT_LEAST
from coursewire.namespaces.analytics.rules.held import Held, unseen
from coursewire.namespaces.analytics.rules.steps import STEPS, mark_of
from coursewire.namespaces.analytics.store import filling, late, risk, rollups
from coursewire.namespaces.analytics.store import metrics as kept
from coursewire.namespaces.analytics.store.rollups import Mark

if TYPE_CHECKING:
    from coursewire.identity.contract import MembersChanged
    from coursewire.namespaces.analytics.board import Board
    from coursewire.namespaces.analytics.contract import ActivityRecorded, Bucket
    from coursewire.namespaces.analytics.contract.figures import Figures
    from coursewire.realtime.contract import Event
    from coursewire.realtime.transaction import Transaction

FINEST: Final = STEPS["10s"]

OWN_METRICS: Final = "own_metrics"
"""The derived value that follows a learner's activity: their own figures of the last day, by course."""


def mark_activity(tx: Transaction, recorded: ActivityRecorded) -> None:
    """Note, with new activity, what it makes out of date: rollups, figures, when somebody came last."""
    found: set[Mark] = set()
    visits: dict[tuple[str, str], int] = {}
    courses: set[str] = set()
    marked: dict[int, tuple[Bucket, int] | None] = {}
    for one in recorded.activities:
        if not one.is_learner:
            continue
        courses.add(one.course_id)
        who = (one.course_id, one.user_id)
        visits[who] = max(visits.get(who, 0), one.at)
        moment = one.at // FINEST
        if moment not in marked:
            marked[moment] = mark_of(one.at, tx.now)
        if (mark := marked[moment]) is not None:
            found.add(Mark(one.course_id, *mark))
    rollups.mark(tx, sorted(found))
    kept.note_visits(tx, visits)
    kept.activity_came(tx, sorted(courses))


def mark_roster(tx: Transaction, changed: MembersChanged) -> None:
    """Note that shares of the enrolled have another whole now."""
    kept.roster_changed(tx, changed.course_id)


@dataclass(frozen=True, slots=True)
class Counted:
    """Who is enrolled in a course as a learner, and who of them is at risk."""

    course_id: str
    roster: int
    enrolled: frozenset[str]
    at_risk: set[str]


def count(tx: Transaction, course_id: str, roster: int) -> Counted:
    """Read who is enrolled, and who of them is at risk."""
    return Counted(
        course_id,
        roster,
        filling.learners_of(tx, course_id),
        {one.user_id for one in risk.learners_at_risk(tx, course_id)},
    )


def fill(tx: Transaction, course_id: str, up_to: int) -> Held:
    """Return a course as the tables have it, up to a sequence of activity, to be held from now on."""
    counted = count(tx, course_id, kept.rosters(tx, [course_id]).get(course_id, 0))
    course = filling.load_course(tx, course_id, tx.now, up_to=up_to)
    course.enrolled, course.at_risk = counted.enrolled, counted.at_risk
    cohorts = unseen()
    for shown in kept.metrics_of(tx, course_id, "cohort"):
        seen = cohorts[shown.metrics.window]
        seen.before = shown.metrics
        seen.changed_by = filling.changed_since(
            tx, course_id, shown.metrics.window, shown.at, tx.now, COHORT_AT_LEAST
        )
    return Held(course, counted.roster, counted_at=tx.now, active_at=tx.now, cohorts=cohorts)


@dataclass(frozen=True, slots=True)
class Keeping:
    """What of a course is to be written, and when it is due again, where that changes."""

    course_id: str
    staff: list[Figures]
    cohort: list[Figures]
    """What the class is shown from now on."""
    is_due: bool
    due_at: int | None


def keep(tx: Transaction, keeping: Sequence[Keeping]) -> None:
    """Write figures of some courses, and tell their classes."""
    kept.put_metrics(tx, [shown for one in keeping for shown in (*one.staff, *one.cohort)])
    for one in keeping:
        for shown in one.cohort:
            tx.publish_latest(f"cohort:{one.course_id}", MetricsUpdated(shown.metrics))
        if one.is_due:
            kept.set_due(tx, one.course_id, one.due_at)


def let_go(
    tx: Transaction, course_id: str, *, due_at: int | None, up_to: int, staff: Sequence[Figures] = ()
) -> bool:
    """Note that nobody holds a course any more; return False when it has activity that its holder has not seen.

    `staff`: figures that were said and not written.
    """
    if kept.has_unread(tx, course_id, up_to):
        return False
    if due_at is None:
        kept.clear_metrics(tx, course_id)
    else:
        kept.put_metrics(tx, staff)
    kept.set_due(tx, course_id, kept.NEVER if due_at is None else due_at)
    return True


def derive_own(
    board: Board, tx: Transaction, course_id: str, user_ids: Sequence[str]
) -> Iterable[tuple[str, Event[Any]]]:
    """Return the own figures of learners who are here: from memory, no query."""
    for own in board.own_metrics(course_id, "1d", user_ids, tx.now):
        yield own.user_id, OwnMetricsUpdated(own)


def erase_learner(tx: Transaction, user_id: str) -> None:
    """Remove what somebody's work was summed up to, and let the figures of their courses be computed anew."""
    for course_id in kept.courses_visited(tx, user_id):
        kept.set_due(tx, course_id, tx.now)
    kept.erase_visits(tx, user_id)
    rollups.erase_rollups(tx, user_id)
    late.erase(tx, user_id)
