"""Who is at risk in a course: one query over its roster, when each came last, and how they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Text,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
)

from coursewire.identity.store import course_members, courses, users
from coursewire.namespaces.analytics.rules.metrics import AWAY_MS, PASSING
from coursewire.namespaces.analytics.rules.risk import AtRisk
from coursewire.namespaces.analytics.store.learners import IS_LEARNER
from coursewire.namespaces.analytics.store.metrics import visits
from coursewire.namespaces.analytics.store.progress import progress
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction

EVERYBODY: Final = 2**31 - 1
_ALL_BUT: Final = 1e-9
"""Adding up shares as floats makes a mean of a half a little less than that."""

_course_id: BindParameter[str] = bindparam("course_id")
_since: ColumnElement[Any] = bindparam("since", type_=BigInteger)

_averages = (
    select(progress.c.user_id, func.avg(progress.c.score).label("average_score"))
    .where(progress.c.course_id == _course_id, progress.c.score.is_not(None))
    .group_by(progress.c.user_id)
    .subquery()
)
_came = func.coalesce(visits.c.last_at, 0)
_members = (
    course_members.join(users, users.c.id == course_members.c.user_id)
    .outerjoin(
        visits,
        and_(visits.c.course_id == course_members.c.course_id, visits.c.user_id == course_members.c.user_id),
    )
    .outerjoin(_averages, _averages.c.user_id == course_members.c.user_id)
)
_at_risk = Prepared(
    select(course_members.c.user_id, users.c.name, visits.c.last_at, _averages.c.average_score)
    .select_from(_members)
    .where(
        course_members.c.course_id == _course_id,
        IS_LEARNER,
        course_members.c.changed_at <= _since,
        _came <= _since,
        or_(_averages.c.average_score.is_(None), _averages.c.average_score < PASSING - _ALL_BUT),
        tuple_(_came, course_members.c.user_id)
        > tuple_(bindparam("after_at", type_=BigInteger), bindparam("after_id", type_=Text)),
    )
    .order_by(_came, course_members.c.user_id)
    .limit(bindparam("most"))
)
_course_page = Prepared(
    select(courses.c.id)
    .where(courses.c.id > bindparam("after"))
    .order_by(courses.c.id)
    .limit(bindparam("most"))
)


def learners_at_risk(
    tx: Transaction, course_id: str, *, after: tuple[int, str] | None = None, most: int = EVERYBODY
) -> list[AtRisk]:
    """Return who is at risk in a course now, the one longest away first; `after`: behind that visit and id.

    At risk is who has been enrolled, with the same roles, for 7 days, has not come for 7 days, and whose latest scores
    have no mean of 0.5 or more. One query, whatever the size of the course.
    """
    after_at, after_id = after or (-1, "")
    rows = tx.all(
        _at_risk, course_id=course_id, since=tx.now - AWAY_MS, after_at=after_at, after_id=after_id, most=most
    )
    return [AtRisk._make(row) for row in rows]


def course_page(tx: Transaction, after: str, most: int) -> list[str]:
    """Return up to `most` courses behind an id, in the order of their ids: `""` for the first ones.

    To look through all of them for who is at risk, a few in each work of the storage.
    """
    return [row.id for row in tx.all(_course_page, after=after, most=most)]
