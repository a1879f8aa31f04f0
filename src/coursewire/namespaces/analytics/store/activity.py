"""The table of activity and its queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
)

from coursewire.identity.store import course_members, courses, read_roles
from coursewire.namespaces.analytics.contract.facts import Activity
from coursewire.namespaces.analytics.store.pieces import pieces
from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction
    from coursewire.storage import Row

activity = Table(
    "analytics_activity",
    metadata,
    # In the order of storing. Never given twice, though erasing may remove the newest: whoever reads on from a
    # sequence must not miss what came after.
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("course_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("is_learner", Integer, nullable=False),
    Column("verb", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Column("object_type", Text, nullable=False),
    Column("object_name", Text),
    Column("progress", Float),
    Column("score", Float),
    Column("duration_ms", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
"""Everything that learners and others did, each once."""

Index(None, activity.c.id, unique=True)
Index("ix_analytics_activity_course", activity.c.course_id, activity.c.at)
# One learner's own figures, and erasing them: what the others of a large course did is not read for that.
Index("ix_analytics_activity_user", activity.c.user_id, activity.c.course_id, activity.c.at)

_SAID = tuple(column for column in activity.columns if column.name not in {"sequence", "received_at"})

_known = Prepared(select(*_SAID).where(activity.c.id.in_(bindparam("ids", expanding=True))))
_insert = Prepared(
    insert(activity).values(
        {column.name: bindparam(column.name) for column in activity.columns if column.name != "sequence"}
    )
)
_courses = Prepared(select(courses.c.id).where(courses.c.id.in_(bindparam("ids", expanding=True))))
_members = Prepared(
    select(course_members.c.user_id, course_members.c.roles).where(
        course_members.c.course_id == bindparam("course_id"),
        course_members.c.user_id.in_(bindparam("user_ids", expanding=True)),
    )
)
_first = Prepared(
    # In the order of the primary key: what came first goes first.
    select(activity.c.sequence, activity.c.received_at).order_by(activity.c.sequence).limit(bindparam("most"))
)
_trim = Prepared(delete(activity).where(activity.c.sequence <= bindparam("sequence")))
_erase = Prepared(delete(activity).where(activity.c.user_id == bindparam("user_id")))


def known(tx: Transaction, ids: Sequence[str]) -> dict[str, Activity]:
    """Return those of these ids that are stored."""
    found: dict[str, Activity] = {}
    for piece in pieces(ids):
        found |= {row.id: _activity(row) for row in tx.all(_known, ids=piece)}
    return found


def insert_activity(tx: Transaction, activities: Iterable[Activity]) -> None:
    """Store activity, none of which is known."""
    tx.many(
        _insert,
        [
            {
                "id": one.id,
                "course_id": one.course_id,
                "user_id": one.user_id,
                "is_learner": int(one.is_learner),
                "verb": one.verb,
                "object_id": one.object_id,
                "object_type": one.object_type,
                "object_name": one.object_name,
                "progress": one.progress,
                "score": one.score,
                "duration_ms": one.duration_ms,
                "at": one.at,
                "received_at": tx.now,
            }
            for one in activities
        ],
    )


def existing_courses(tx: Transaction, course_ids: Sequence[str]) -> set[str]:
    """Return those of these courses that there are."""
    return {row.id for piece in pieces(course_ids) for row in tx.all(_courses, ids=piece)}


def roles_of(tx: Transaction, course_id: str, user_ids: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return what these people are in a course; whoever is not in it is left out."""
    return {
        row.user_id: read_roles(row.roles)
        for piece in pieces(user_ids)
        for row in tx.all(_members, course_id=course_id, user_ids=piece)
    }


def trim_activity(tx: Transaction, before: int, most: int) -> int:
    """Delete what was received before a time, the oldest first, at most so many; return how many there were."""
    old = takewhile(lambda row: row.received_at < before, tx.all(_first, most=most))
    last = max((row.sequence for row in old), default=None)
    return 0 if last is None else tx.run(_trim, sequence=last)


def erase_activity(tx: Transaction, user_id: str) -> None:
    """Delete what somebody did."""
    tx.run(_erase, user_id=user_id)


def _activity(row: Row) -> Activity:
    return Activity(
        id=row.id,
        course_id=row.course_id,
        user_id=row.user_id,
        verb=row.verb,
        object_id=row.object_id,
        object_type=row.object_type,
        object_name=row.object_name,
        progress=row.progress,
        score=row.score,
        duration_ms=row.duration_ms,
        at=row.at,
        is_learner=bool(row.is_learner),
    )
