"""Sums of what each learner did in each bucket of time, at four steps, and which of them are out of date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Index,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well

from coursewire.namespaces.analytics.rules import steps
from coursewire.namespaces.analytics.rules.metrics import REPORT_AT_MOST_MS
from coursewire.namespaces.analytics.rules.steps import STEPS, Cover
from coursewire.namespaces.analytics.store.activity import activity
from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.namespaces.analytics.contract import Bucket
    from coursewire.realtime.transaction import Transaction

rollups = Table(
    "analytics_rollups",
    metadata,
    Column("course_id", Text, primary_key=True),
    Column("step", Integer, primary_key=True),  # milliseconds
    Column("start", BigInteger, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("events", Integer, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("completions", Integer, nullable=False),
    Column("submissions", Integer, nullable=False),
    Column("score_sum", BigInteger, nullable=False),  # millionths
    Column("score_count", Integer, nullable=False),
    Index(None, "user_id"),
    sqlite_with_rowid=False,
)
"""10 s from the activity, 1 m from 10 s, 1 h from 1 m, 1 d from 1 h. Learners only, and only buckets with activity."""

marks = Table(
    "analytics_marks",
    metadata,
    Column("step", Integer, primary_key=True),
    Column("start", BigInteger, primary_key=True),
    Column("course_id", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Index(None, "course_id"),
    sqlite_with_rowid=False,
)
"""Buckets whose rollups are out of date: set in the transaction that changes what they are made of."""

SUMS = ("events", "time_ms", "completions", "submissions", "score_sum", "score_count")

_BUCKETS: dict[int, Bucket] = {step: bucket for bucket, step in STEPS.items()}
_of_course = bindparam("of_course", type_=Text)
_from, _to = bindparam("from_at", type_=BigInteger), bindparam("to_at", type_=BigInteger)
_most: BindParameter[int] = bindparam("most")


def _counted(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((condition, 1), else_=0))


COUNTED_TIME: ColumnElement[Any] = func.sum(
    case((activity.c.duration_ms > REPORT_AT_MOST_MS, REPORT_AT_MOST_MS), else_=activity.c.duration_ms)
)
COMPLETIONS = _counted(activity.c.verb == "completed")
SUBMISSIONS = _counted(activity.c.verb == "submitted")

_FROM_ACTIVITY = (
    func.count().label("events"),
    COUNTED_TIME.label("time_ms"),
    COMPLETIONS.label("completions"),
    SUBMISSIONS.label("submissions"),
    func.coalesce(func.sum(cast(func.round(activity.c.score * 1_000_000), BigInteger)), 0).label("score_sum"),
    func.count(activity.c.score).label("score_count"),
)
_FROM_ROLLUPS = tuple(func.sum(rollups.c[name]).label(name) for name in SUMS)


def _raw(*columns: Any) -> Select[Any]:
    return select(*columns, *_FROM_ACTIVITY).where(
        activity.c.course_id == _of_course,
        activity.c.at >= _from,
        activity.c.at < _to,
        activity.c.is_learner == 1,
    )


def _summed(*columns: Any) -> Select[Any]:
    return select(*columns, *_FROM_ROLLUPS).where(
        rollups.c.course_id == _of_course,
        rollups.c.step == bindparam("below"),
        rollups.c.start >= _from,
        rollups.c.start < _to,
    )


# What is out of date

_mark = insert(marks).values({column.name: bindparam(column.name) for column in marks.columns})
_set_mark = Prepared(
    # Written also where it stands: so whoever is about to clear it waits until what it tells of is committed.
    _mark.on_conflict_do_update(index_elements=["step", "start", "course_id"], set_={"at": _mark.excluded.at})
)
_full = Prepared(
    select(marks.c.course_id, marks.c.start)
    .where(marks.c.step == bindparam("of_step"), marks.c.start <= bindparam("until"))
    .order_by(marks.c.start)
    .limit(_most)
)
_clear_mark = Prepared(
    delete(marks).where(
        marks.c.step == bindparam("of_step"),
        marks.c.start == bindparam("of_start"),
        marks.c.course_id == _of_course,
    )
)
_marks_of = Prepared(
    select(marks.c.step, marks.c.start)
    .where(marks.c.course_id == _of_course, marks.c.start >= _from, marks.c.start < _to)
    .limit(_most)
)


class Mark(NamedTuple):
    """A bucket of a course whose rollups are out of date."""

    course_id: str
    bucket: Bucket
    start: int


def mark(tx: Transaction, found: Iterable[Mark]) -> None:
    """Note that buckets are out of date."""
    tx.many(
        _set_mark,
        [
            {"course_id": one.course_id, "step": STEPS[one.bucket], "start": one.start, "at": tx.now}
            for one in found
        ],
    )


def full_marks(tx: Transaction, bucket: Bucket, most: int) -> list[Mark]:
    """Return buckets of a step that are out of date and over, the earliest first."""
    rows = tx.all(_full, of_step=STEPS[bucket], until=tx.now - STEPS[bucket], most=most)
    return [Mark(row.course_id, bucket, row.start) for row in rows]


def clear_mark(tx: Transaction, one: Mark) -> None:
    """Take a mark away. Do so before computing what it tells of: whatever comes later sets it again."""
    tx.run(_clear_mark, of_step=STEPS[one.bucket], of_start=one.start, of_course=one.course_id)


def marks_of(tx: Transaction, course_id: str, start: int, end: int, most: int) -> list[tuple[Bucket, int]]:
    """Return up to `most` buckets of a course, of any step, that are out of date and begin within a stretch."""
    rows = tx.all(_marks_of, of_course=course_id, from_at=start, to_at=end, most=most)
    return [(_BUCKETS[row.step], row.start) for row in rows]


# Computing

_columns = [column.name for column in rollups.columns]
_clear_bucket = Prepared(
    delete(rollups).where(
        rollups.c.course_id == _of_course,
        rollups.c.step == bindparam("of_step"),
        rollups.c.start == bindparam("of_start"),
    )
)
_key: tuple[Any, ...] = (
    cast(_of_course, Text),
    cast(bindparam("of_step", type_=Integer), Integer),
    cast(bindparam("of_start", type_=BigInteger), BigInteger),
)
_roll_up_activity = Prepared(
    insert(rollups).from_select(_columns, _raw(*_key, activity.c.user_id).group_by(activity.c.user_id))
)
_roll_up = Prepared(
    insert(rollups).from_select(_columns, _summed(*_key, rollups.c.user_id).group_by(rollups.c.user_id))
)


def roll_up(tx: Transaction, one: Mark, now: int) -> None:
    """Compute the rows of a bucket anew, from the finer step or from the activity. Twice is as good as once."""
    step = STEPS[one.bucket]
    key = {"of_course": one.course_id, "of_step": step, "of_start": one.start}
    tx.run(_clear_bucket, **key)
    below = steps.finer(one.bucket, one.start, now)
    stretch = {"from_at": one.start, "to_at": one.start + step}
    if below is None:
        tx.run(_roll_up_activity, **key, **stretch)
    else:
        tx.run(_roll_up, **key, **stretch, below=STEPS[below])


# Reading

_by_bucket = Prepared(
    _summed(
        rollups.c.start,
        func.count().label("learners"),
        _counted(rollups.c.score_count > 0).label("scorers"),
    ).group_by(rollups.c.start)
)


@cache
def _by_learner(bucket: Bucket, *, of_activity: bool) -> Prepared:
    step: ColumnElement[int] = literal_column(str(STEPS[bucket]))
    if of_activity:
        begin = (activity.c.at - activity.c.at % step).label("begin")
        return Prepared(_raw(begin, activity.c.user_id).group_by(begin, activity.c.user_id))
    begin = (rollups.c.start - rollups.c.start % step).label("begin")
    return Prepared(_summed(begin, rollups.c.user_id).group_by(begin, rollups.c.user_id))


class Sums(NamedTuple):
    """What learners did in one bucket."""

    learners: int
    scorers: int
    """Learners with a score."""
    events: int
    time_ms: int
    completions: int
    submissions: int
    score_sum: int
    score_count: int


def sums_of(tx: Transaction, course_id: str, bucket: Bucket, covers: Sequence[Cover]) -> dict[int, Sums]:
    """Return the sums of a course's buckets, by their beginning: each stretch from where it stands."""
    found: dict[int, Sums] = {}
    learners: dict[tuple[int, str], list[int]] = {}
    for below, start, end in covers:
        stretch: dict[str, Any] = {"of_course": course_id, "from_at": start, "to_at": end}
        if below is not None:
            stretch["below"] = STEPS[below]
        if below == bucket:
            for row in tx.all(_by_bucket, **stretch):
                found[row.start] = Sums(row.learners, row.scorers, *(getattr(row, name) for name in SUMS))
            continue
        # Who came in two stretches of one bucket is one learner: so here it is a row for each.
        for begin, user_id, *sums in tx.all(_by_learner(bucket, of_activity=below is None), **stretch):
            before = learners.get((begin, user_id))
            learners[begin, user_id] = (
                sums if before is None else [a + b for a, b in zip(before, sums, strict=True)]
            )
    for (begin, _), sums in learners.items():
        new = Sums(1, int(sums[-1] > 0), *sums)
        found[begin] = Sums._make(a + b for a, b in zip(found.get(begin, _NOTHING), new, strict=True))
    return found


_NOTHING = Sums(0, 0, 0, 0, 0, 0, 0, 0)


# Forgetting

_PRIMARY = (rollups.c.course_id, rollups.c.step, rollups.c.start, rollups.c.user_id)
_old = (
    select(*_PRIMARY)
    .where(
        rollups.c.course_id == _of_course,
        rollups.c.step == bindparam("of_step"),
        rollups.c.start < bindparam("before"),
    )
    .order_by(rollups.c.start)
    .limit(_most)
)
_trim = Prepared(delete(rollups).where(tuple_(*_PRIMARY).in_(_old)))
_erase = Prepared(delete(rollups).where(rollups.c.user_id == bindparam("user_id")))


def trim_rollups(tx: Transaction, course_id: str, bucket: Bucket, before: int, most: int) -> int:
    """Delete up to `most` rows of a course's step that begin before a time; return how many there were."""
    return tx.run(_trim, of_course=course_id, of_step=STEPS[bucket], before=before, most=most)


def erase_rollups(tx: Transaction, user_id: str) -> None:
    """Delete what somebody's work was summed up to."""
    tx.run(_erase, user_id=user_id)
