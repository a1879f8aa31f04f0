"""Alerts of learners at risk: raised for who newly is, cleared for who is no more; a slice in each work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.analytics import store
from coursewire.namespaces.analytics.rules import risk as rules
from coursewire.namespaces.analytics.rules.metrics import AWAY_MS
from coursewire.namespaces.analytics.service.alerts import clear_at_risk, raise_at_risk
from coursewire.namespaces.analytics.store import risk

if TYPE_CHECKING:
    from coursewire.identity.contract import MembersChanged
    from coursewire.namespaces.analytics.contract import ActivityRecorded
    from coursewire.realtime.transaction import Transaction

COURSES: Final = 20
"""Courses whose rosters one read looks through: some 20 ms for courses of a thousand learners."""
AT_ONCE: Final = 50
"""Learners whom one work looks at, and for each of whom it may log an event: some 10 ms of the writer."""


@dataclass(frozen=True, slots=True)
class Differs:
    """A course in which not exactly those have an alert who are at risk."""

    course_id: str
    is_any_new: bool
    gone: tuple[str, ...]
    """Have an alert and are at risk no more."""


def differences(tx: Transaction, after: str) -> tuple[list[Differs], str | None]:
    """Look through some courses behind an id. Return those in which something is to do, and where to go on."""
    page = risk.course_page(tx, after, COURSES)
    found: list[Differs] = []
    for course_id in page:
        at_risk = {one.user_id for one in risk.learners_at_risk(tx, course_id)}
        held = store.at_risk_alerts(tx, course_id)
        if at_risk != held:
            found.append(Differs(course_id, bool(at_risk - held), tuple(sorted(held - at_risk))))
    return found, page[-1] if len(page) == COURSES else None


def raise_new(tx: Transaction, course_id: str, after: tuple[int, str] | None) -> tuple[int, str] | None:
    """Raise alerts for some of those at risk in a course who have none; return where to go on.

    Who is at risk is read here again: they may have come since somebody looked.
    """
    page = risk.learners_at_risk(tx, course_id, after=after, most=AT_ONCE)
    raise_at_risk(tx, course_id, {one.user_id: rules.reasons(one, tx.now) for one in page})
    return (page[-1].last_at or 0, page[-1].user_id) if len(page) == AT_ONCE else None


def clear_gone(tx: Transaction, course_id: str, user_ids: Sequence[str]) -> None:
    """Clear alerts of learners who were seen to be at risk no more: only a week could make them so again."""
    clear_at_risk(tx, course_id, user_ids)


def clear_who_came(tx: Transaction, recorded: ActivityRecorded) -> None:
    """Clear the alerts of those who did something in the last week, in the transaction that takes it in."""
    came: dict[str, set[str]] = {}
    for one in recorded.activities:
        if one.is_learner and one.at > tx.now - AWAY_MS:
            came.setdefault(one.course_id, set()).add(one.user_id)
    # Most courses have nobody at risk: one query finds that out for all of them.
    for course_id in sorted(store.courses_with_alerts(tx, "at_risk", sorted(came))):
        clear_at_risk(tx, course_id, sorted(came[course_id]))


def clear_who_left(tx: Transaction, changed: MembersChanged) -> None:
    """Clear the alerts of those who left a course, or have other roles in it now: nobody is at risk at once."""
    left = sorted({*changed.removed, *changed.changed})
    if left:
        clear_at_risk(tx, changed.course_id, left)
