"""Reads activity for the sliding windows: what is new, and what a course has had, summed up by the database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, bindparam, func, literal_column, or_, select

from coursewire.identity.store import ROSTER_OF, read_roles
from coursewire.namespaces.analytics.rules.activity import counts_as_learner
from coursewire.namespaces.analytics.rules.listing import Label
from coursewire.namespaces.analytics.rules.metrics import Cell, Course, Report, Scored
from coursewire.namespaces.analytics.rules.steps import WINDOWS
from coursewire.namespaces.analytics.store.activity import activity
from coursewire.namespaces.analytics.store.pieces import SLICE
from coursewire.namespaces.analytics.store.rollups import COMPLETIONS, COUNTED_TIME, SUBMISSIONS
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.namespaces.analytics.contract import Window
    from coursewire.realtime.transaction import Transaction

EVERYTHING: Final = 2**62
"""As `up_to`: all activity, whatever its sequence."""

_REPORT = tuple(activity.c[name] for name in Report._fields)
_new = Prepared(
    select(*_REPORT, activity.c.is_learner)
    .where(activity.c.sequence > bindparam("after"))
    .order_by(activity.c.sequence)
    .limit(bindparam("most"))
)
_these = Prepared(
    select(*_REPORT, activity.c.is_learner).where(
        activity.c.sequence.in_(bindparam("sequences", expanding=True))
    )
)
_last = Prepared(select(func.coalesce(func.max(activity.c.sequence), 0).label("sequence")))

_OF_COURSE: tuple[ColumnElement[bool], ...] = (
    activity.c.course_id == bindparam("course_id"),
    activity.c.at >= bindparam("since"),
    activity.c.sequence <= bindparam("up_to"),
    activity.c.is_learner == 1,
)
_OF_LEARNER = (*_OF_COURSE, activity.c.user_id == bindparam("user_id"))


@cache
def _cells(step: int, *, one_learner: bool) -> Prepared:
    size: ColumnElement[int] = literal_column(str(step))
    start = (activity.c.at - activity.c.at % size).label("start")
    key = (activity.c.user_id, activity.c.object_id, start)
    return Prepared(
        select(*key, func.count(), COUNTED_TIME, COMPLETIONS, SUBMISSIONS)
        .where(*(_OF_LEARNER if one_learner else _OF_COURSE))
        .group_by(*key)
    )


def _newest(partition: Sequence[ColumnElement[Any]], *before: ColumnElement[Any]) -> Any:
    order = (*before, activity.c.at.desc(), activity.c.id.desc())
    return func.row_number().over(partition_by=partition, order_by=order)


@cache
def _scores(*, one_learner: bool) -> Prepared:
    place = _newest((activity.c.user_id, activity.c.object_id)).label("place")
    columns = (activity.c.user_id, activity.c.object_id, activity.c.at, activity.c.id, activity.c.score)
    of = _OF_LEARNER if one_learner else _OF_COURSE
    found = select(*columns, place).where(*of, activity.c.score.is_not(None)).subquery()
    return Prepared(select(*(found.c[name] for name in Scored._fields)).where(found.c.place == 1))


_said = (activity.c.object_id, activity.c.at, activity.c.id, activity.c.object_type, activity.c.object_name)
_placed = (
    select(
        *_said,
        _newest((activity.c.object_id,)).label("place"),
        _newest((activity.c.object_id,), activity.c.object_name.is_(None)).label("named_place"),
    )
    .where(*_OF_COURSE)
    .subquery()
)
_labels = Prepared(
    select(*(_placed.c[column.name] for column in _said), _placed.c.place, _placed.c.named_place).where(
        or_(_placed.c.place == 1, _placed.c.named_place == 1)
    )
)
_changed = Prepared(
    select(activity.c.user_id)
    .distinct()
    .where(
        activity.c.course_id == bindparam("course_id"),
        activity.c.is_learner == 1,
        activity.c.at >= bindparam("began"),
        # Rather one too few: then it is shown a little later.
        or_(activity.c.at < bindparam("begins"), activity.c.received_at > bindparam("shown_at")),
    )
    .limit(bindparam("most"))
)


def last_sequence(tx: Transaction) -> int:
    """Return the sequence of the newest activity; 0 when there is none."""
    row = tx.one(_last)
    return int(row.sequence) if row else 0


def new_reports(tx: Transaction, after: int, most: int, missing: Sequence[int]) -> list[tuple[Report, bool]]:
    """Return up to `most` reports behind a sequence, and those of the `missing` ones that are there by now.

    With each: whether it is a learner's. The missing ones come first.
    """
    rows = [
        row
        for start in range(0, len(missing), SLICE)
        for row in tx.all(_these, sequences=list(missing[start : start + SLICE]))
    ]
    rows += tx.all(_new, after=after, most=most)
    return [(Report._make(row[:-1]), bool(row[-1])) for row in rows]


def load_course(
    tx: Transaction, course_id: str, now: int, *, up_to: int = EVERYTHING, user_id: str | None = None
) -> Course:
    """Return a course with what is in its windows, from its activity up to a sequence; or only what one learner did.

    Three sums, by the steps of the windows, and one list each of scores and things: the database does the counting.
    The roster and who is at risk are not read here.
    """
    course = Course(course_id, now)
    of: dict[str, Any] = {"course_id": course_id, "up_to": up_to}
    if user_id is not None:
        of["user_id"] = user_id
    one_learner = user_id is not None
    week = WINDOWS["7d"].start(now)
    cells: dict[Window, list[Cell]] = {}
    for name, extent in WINDOWS.items():
        if name != "1d":
            rows = tx.all(_cells(extent.step, one_learner=one_learner), **of, since=extent.start(now))
            cells[name] = [Cell._make(row) for row in rows]
    day = WINDOWS["1d"].start(now)
    cells["1d"] = [cell for cell in cells["7d"] if cell.start >= day]
    scores = [Scored._make(row) for row in tx.all(_scores(one_learner=one_learner), **of, since=week)]
    course.fill(cells, scores, [] if one_learner else _read_labels(tx, of, week))
    return course


def _read_labels(tx: Transaction, of: dict[str, Any], since: int) -> list[tuple[str, Label]]:
    found: dict[str, Label] = {}
    for row in tx.all(_labels, **of, since=since):
        label = found.setdefault(row.object_id, Label())
        if row.place == 1:
            label.at, label.id, label.type = row.at, row.id, row.object_type
        if row.named_place == 1 and row.object_name is not None:
            label.named_at, label.named_id, label.name = row.at, row.id, row.object_name
    return list(found.items())


def learners_of(tx: Transaction, course_id: str) -> frozenset[str]:
    """Return who is enrolled in a course as a learner."""
    rows = tx.all(ROSTER_OF, course_id=course_id)
    return frozenset(row.user_id for row in rows if counts_as_learner(read_roles(row.roles)))


def changed_since(
    tx: Transaction, course_id: str, window: Window, shown_at: int, now: int, most: int
) -> set[str]:
    """Return up to `most` learners who have changed a window since it was shown: what came, and what has gone."""
    extent = WINDOWS[window]
    rows = tx.all(
        _changed,
        course_id=course_id,
        began=extent.start(shown_at),
        begins=extent.start(now),
        shown_at=shown_at,
        most=most,
    )
    return {row.user_id for row in rows}
