"""What was reported of hours that were over already: the class is not shown it before it is that of five."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, and_, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well

from coursewire.namespaces.analytics.rules.steps import HOUR
from coursewire.namespaces.analytics.store.activity import activity
from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction

late = Table(
    "analytics_late",
    metadata,
    Column("course_id", Text, primary_key=True),
    Column("start", BigInteger, primary_key=True, autoincrement=False),  # of the hour
    Column("user_id", Text, primary_key=True),
    Column("events", Integer, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("completions", Integer, nullable=False),
    Column("submissions", Integer, nullable=False),
    Column("score_sum", BigInteger, nullable=False),  # millionths
    Column("score_count", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Of each hour what so few have reported late that its figures for the class leave it out."""

Index(None, late.c.user_id)
Index(None, late.c.start)

SUMS: Final = ("events", "time_ms", "completions", "submissions", "score_sum", "score_count")


class Late(NamedTuple):
    """What a learner has reported late of an hour."""

    course_id: str
    start: int
    user_id: str
    events: int
    time_ms: int
    completions: int
    submissions: int
    score_sum: int
    score_count: int


class Waiting(NamedTuple):
    """The same, and what there is of the learner in that hour, all in all."""

    late: Late
    all_events: int
    all_scores: int


_row = insert(late).values({column.name: bindparam(column.name) for column in late.columns})
_add = Prepared(
    _row.on_conflict_do_update(
        index_elements=["course_id", "start", "user_id"],
        set_={name: late.c[name] + _row.excluded[name] for name in SUMS},
    )
)
_many = Prepared(
    select(late.c.course_id, late.c.start)
    .where(
        late.c.course_id.in_(bindparam("course_ids", expanding=True)),
        late.c.start.in_(bindparam("starts", expanding=True)),
    )
    .group_by(late.c.course_id, late.c.start)
    .having(func.count() >= bindparam("enough"))
)
_show = Prepared(
    delete(late).where(late.c.course_id == bindparam("course_id"), late.c.start == bindparam("start"))
)
_done = and_(
    activity.c.user_id == late.c.user_id,
    activity.c.course_id == late.c.course_id,
    activity.c.at >= late.c.start,
    activity.c.at < late.c.start + HOUR,
    activity.c.is_learner == 1,
)
_waiting = Prepared(
    select(late, func.count().label("all_events"), func.count(activity.c.score).label("all_scores"))
    .select_from(late.join(activity, _done))
    .where(
        late.c.course_id == bindparam("course_id"),
        late.c.start >= bindparam("from_at"),
        late.c.start < bindparam("to_at"),
    )
    .group_by(*late.c)
)
_oldest = Prepared(
    select(late.c.course_id, late.c.start)
    .where(late.c.start < bindparam("before"))
    .order_by(late.c.start)
    .limit(bindparam("most"))
)
_erase = Prepared(delete(late).where(late.c.user_id == bindparam("user_id")))


def add(tx: Transaction, found: Sequence[Late], enough: int) -> None:
    """Let these wait, and show the class those hours of which enough learners have reported something late."""
    tx.many(_add, [one._asdict() for one in found])
    if found:
        hours = tx.all(
            _many,
            course_ids=sorted({one.course_id for one in found}),
            starts=sorted({one.start for one in found}),
            enough=enough,
        )
        tx.many(_show, [{"course_id": row.course_id, "start": row.start} for row in hours])


def waiting(tx: Transaction, course_id: str, start: int, end: int) -> list[Waiting]:
    """Return what waits of the hours of a course that begin within a stretch."""
    rows = tx.all(_waiting, course_id=course_id, from_at=start, to_at=end)
    return [Waiting(Late._make(row[:-2]), row.all_events, row.all_scores) for row in rows]


def trim(tx: Transaction, before: int, most: int) -> int:
    """Forget hours that began before a time, the oldest first; return how many rows were found, at most so many."""
    rows = tx.all(_oldest, before=before, most=most)
    tx.many(_show, [{"course_id": one, "start": start} for one, start in sorted(set(map(tuple, rows)))])
    return len(rows)


def erase(tx: Transaction, user_id: str) -> None:
    """Delete what somebody has reported late."""
    tx.run(_erase, user_id=user_id)
