"""What each learner has done with each thing, and on which days: what milestones are decided by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    Table,
    Text,
    and_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well

from coursewire.namespaces.analytics.store.pieces import pieces
from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.namespaces.analytics.contract import Activity
    from coursewire.realtime.transaction import Transaction

DAY_MS: Final = 86_400_000

progress = Table(
    "analytics_progress",
    metadata,
    Column("course_id", Text, primary_key=True),
    Column("object_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("completed", Integer, nullable=False),  # 1, once it was
    Column("submitted", Integer, nullable=False),
    # The latest score, by when it was, then by the report's id: so the order in which reports come does not matter.
    Column("score", Float),
    Column("scored_at", BigInteger, nullable=False),
    Column("scored_by", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""One row per course, thing and learner."""

Index("ix_analytics_progress_user_id", progress.c.user_id, progress.c.course_id)

days = Table(
    "analytics_days",
    metadata,
    Column("course_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),  # days since 1970, UTC
    sqlite_with_rowid=False,
)
"""The days on which a learner did something in a course."""

Index(None, days.c.user_id)
Index(None, days.c.day)

_row = insert(progress).values({column.name: bindparam(column.name) for column in progress.columns})
_is_newer = or_(
    _row.excluded.scored_at > progress.c.scored_at,
    and_(_row.excluded.scored_at == progress.c.scored_at, _row.excluded.scored_by > progress.c.scored_by),
)
_note = Prepared(
    _row.on_conflict_do_update(
        index_elements=["course_id", "object_id", "user_id"],
        set_={
            "completed": case((_row.excluded.completed == 1, 1), else_=progress.c.completed),
            "submitted": case((_row.excluded.submitted == 1, 1), else_=progress.c.submitted),
            **{
                name: case((_is_newer, _row.excluded[name]), else_=progress.c[name])
                for name in ("score", "scored_at", "scored_by")
            },
        },
    )
)
_note_day = Prepared(
    insert(days)
    .values({column.name: bindparam(column.name) for column in days.columns})
    .on_conflict_do_nothing(index_elements=["course_id", "user_id", "day"])
)
_course = progress.c.course_id == bindparam("course_id")
_people = progress.c.user_id.in_(bindparam("user_ids", expanding=True))
_completed = Prepared(
    select(progress.c.user_id, func.count().label("things"))
    .where(_course, _people, progress.c.completed == 1)
    .group_by(progress.c.user_id)
)
_average = Prepared(
    select(
        func.avg(progress.c.score).label("score"), func.count(progress.c.user_id.distinct()).label("learners")
    ).where(_course, progress.c.score.is_not(None))
)
_average_of_thing = Prepared(
    select(
        func.avg(progress.c.score).label("score"), func.count(progress.c.user_id.distinct()).label("learners")
    ).where(_course, progress.c.object_id == bindparam("object_id"), progress.c.score.is_not(None))
)
_days = Prepared(
    select(days.c.user_id, days.c.day).where(
        days.c.course_id == bindparam("course_id"),
        days.c.user_id.in_(bindparam("user_ids", expanding=True)),
        days.c.day >= bindparam("first"),
        days.c.day <= bindparam("last"),
    )
)
_old_days = Prepared(
    select(days.c.course_id, days.c.user_id, days.c.day)
    .where(days.c.day < bindparam("before"))
    .order_by(days.c.day)
    .limit(bindparam("most"))
)
_forget_day = Prepared(
    delete(days).where(
        days.c.course_id == bindparam("course_id"),
        days.c.user_id == bindparam("user_id"),
        days.c.day == bindparam("day"),
    )
)
_erase = (
    Prepared(delete(progress).where(progress.c.user_id == bindparam("user_id"))),
    Prepared(delete(days).where(days.c.user_id == bindparam("user_id"))),
)


def note_progress(tx: Transaction, activities: Iterable[Activity]) -> None:
    """Note what learners have done: the same again, or in another order, makes no difference."""
    done = list(activities)
    tx.many(
        _note,
        [
            {
                "course_id": one.course_id,
                "object_id": one.object_id,
                "user_id": one.user_id,
                "completed": int(one.verb == "completed"),
                "submitted": int(one.verb == "submitted"),
                "score": one.score,
                "scored_at": one.at if one.score is not None else 0,
                "scored_by": one.id if one.score is not None else "",
            }
            for one in done
            if one.verb in {"completed", "submitted"} or one.score is not None
        ],
    )
    tx.many(
        _note_day,
        [
            {"course_id": course_id, "user_id": user_id, "day": day}
            for course_id, user_id, day in sorted(
                {(one.course_id, one.user_id, one.at // DAY_MS) for one in done}
            )
        ],
    )


def completed_things(tx: Transaction, course_id: str, user_ids: Sequence[str]) -> dict[str, int]:
    """Return how many things of a course these learners have completed."""
    return {
        row.user_id: row.things
        for piece in pieces(user_ids)
        for row in tx.all(_completed, course_id=course_id, user_ids=piece)
    }


def average_score(tx: Transaction, course_id: str, object_id: str | None) -> tuple[float | None, int]:
    """Return the mean of the latest scores of a course or of one thing in it, and how many learners have one."""
    if object_id is None:
        row = tx.one(_average, course_id=course_id)
    else:
        row = tx.one(_average_of_thing, course_id=course_id, object_id=object_id)
    return (row.score, row.learners) if row is not None else (None, 0)


def active_days(
    tx: Transaction, course_id: str, user_ids: Sequence[str], first: int, last: int
) -> dict[str, set[int]]:
    """Return the days, from the first to the last, on which these learners did something."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for piece in pieces(user_ids):
        for row in tx.all(_days, course_id=course_id, user_ids=piece, first=first, last=last):
            found[row.user_id].add(row.day)
    return found


def trim_days(tx: Transaction, before: int, most: int) -> int:
    """Forget days before one, the oldest first, at most so many; return how many there were."""
    old = tx.all(_old_days, before=before, most=most)
    tx.many(
        _forget_day, [{"course_id": row.course_id, "user_id": row.user_id, "day": row.day} for row in old]
    )
    return len(old)


def erase_progress(tx: Transaction, user_id: str) -> None:
    """Delete what is noted of somebody."""
    for statement in _erase:
        tx.run(statement, user_id=user_id)
