"""The figures as they were last computed, which courses are to be computed when, and who came when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    Index,
    Table,
    Text,
    and_,
    bindparam,
    case,
    delete,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well

from coursewire.namespaces.analytics.contract import Metrics
from coursewire.namespaces.analytics.store.activity import activity
from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.namespaces.analytics.contract.figures import Figures
    from coursewire.realtime.transaction import Transaction

NEVER: Final = 2**53
"""When a course is to be computed in which nothing changes by itself any more."""

metrics = Table(
    "analytics_metrics",
    metadata,
    Column("course_id", Text, primary_key=True),
    Column("window", Text, primary_key=True),
    Column("scope", Text, primary_key=True),  # course, cohort
    Column("data", Text, nullable=False),  # JSON, as it travels
    Column("at", BigInteger, nullable=False),
)
"""Eight rows for a course, while there is anything in its windows. While it is held in memory, whoever asks is answered
from there, and the four rows for the staff may be half a minute old; those for the class are what it was shown last."""

courses = Table(
    "analytics_courses",
    metadata,
    Column("course_id", Text, primary_key=True),
    # Counts the changes of the course's roster.
    Column("roster", BigInteger, nullable=False),
    # When the figures are to be computed next; none while a worker holds the course in memory.
    Column("due_at", BigInteger),
    Index(None, "due_at"),
)
"""Every course that ever had activity of learners."""

visits = Table(
    "analytics_visits",
    metadata,
    Column("course_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("last_at", BigInteger, nullable=False),
    Index(None, "user_id"),
    sqlite_with_rowid=False,
)
"""When each learner last did anything in a course."""

_course_id: BindParameter[str] = bindparam("course_id")
_ids: BindParameter[str] = bindparam("course_ids", expanding=True)

_put = Prepared(
    (
        _row := insert(metrics).values({column.name: bindparam(column.name) for column in metrics.columns})
    ).on_conflict_do_update(
        index_elements=["course_id", "window", "scope"],
        set_={"data": _row.excluded.data, "at": _row.excluded.at},
    )
)
_of_course = Prepared(
    select(metrics.c.window, metrics.c.data, metrics.c.at)
    .where(metrics.c.course_id == _course_id, metrics.c.scope == bindparam("scope"))
    .order_by(metrics.c.at)
)
_one = Prepared(
    select(metrics.c.data).where(
        metrics.c.course_id == _course_id,
        metrics.c.window == bindparam("window"),
        metrics.c.scope == bindparam("scope"),
    )
)
_clear = Prepared(delete(metrics).where(metrics.c.course_id == _course_id))


def put_metrics(tx: Transaction, shown: Iterable[Figures]) -> None:
    """Keep figures, in place of the ones before."""
    tx.many(
        _put,
        [
            {
                "course_id": one.course_id,
                "window": one.window,
                "scope": one.scope,
                "data": one.json.decode(),
                "at": tx.now,
            }
            for one in shown
        ],
    )


class Shown(NamedTuple):
    """Figures, and when they were computed."""

    metrics: Metrics
    at: int


def metrics_of(tx: Transaction, course_id: str, scope: str) -> list[Shown]:
    """Return the figures of a course, for all windows for which there are some."""
    rows = tx.all(_of_course, course_id=course_id, scope=scope)
    return [Shown(Metrics.model_validate_json(row.data), row.at) for row in rows]


def one_metrics(tx: Transaction, course_id: str, window: str, scope: str) -> Metrics | None:
    """Return the figures of a course for one window."""
    row = tx.one(_one, course_id=course_id, window=window, scope=scope)
    return None if row is None else Metrics.model_validate_json(row.data)


def clear_metrics(tx: Transaction, course_id: str) -> None:
    """Forget the figures of a course whose windows are empty."""
    tx.run(_clear, course_id=course_id)


# Which courses are computed when

_new_course = insert(courses).values(course_id=_course_id, roster=0, due_at=bindparam("due_at"))
_activity_came = Prepared(
    _new_course.on_conflict_do_update(
        index_elements=["course_id"],
        set_={"due_at": _new_course.excluded.due_at},
        # Not while somebody holds it: due_at is null then, and compares with nothing.
        where=courses.c.due_at > _new_course.excluded.due_at,
    )
)
_roster_changed = Prepared(
    insert(courses)
    .values(course_id=_course_id, roster=1, due_at=NEVER)
    .on_conflict_do_update(
        index_elements=["course_id"],
        set_={
            "roster": courses.c.roster + 1,
            # Shares of the enrolled have another whole now. Nothing is shown of a course in which nothing happened.
            "due_at": case(
                (and_(courses.c.due_at > bindparam("now"), courses.c.due_at < NEVER), bindparam("now")),
                else_=courses.c.due_at,
            ),
        },
    )
)
_due = Prepared(
    select(courses.c.course_id)
    .where(courses.c.due_at <= bindparam("now"))
    .order_by(courses.c.due_at)
    .limit(bindparam("most"))
)
_set_due = Prepared(
    update(courses).where(courses.c.course_id == bindparam("of_id")).values(due_at=bindparam("due_at"))
)
_all_held = Prepared(update(courses).where(courses.c.due_at.is_(None)).values(due_at=bindparam("due_at")))
_rosters = Prepared(select(courses.c.course_id, courses.c.roster).where(courses.c.course_id.in_(_ids)))
_after = Prepared(
    select(courses.c.course_id)
    .where(courses.c.course_id > bindparam("after"))
    .order_by(courses.c.course_id)
    .limit(bindparam("most"))
)
_unread = Prepared(
    select(activity.c.sequence)
    .where(activity.c.sequence > bindparam("sequence"), activity.c.course_id.concat("") == _course_id)
    .limit(1)
)


def courses_after(tx: Transaction, after: str, most: int) -> list[str]:
    """Return up to `most` courses that ever had activity, those behind an id."""
    return [row.course_id for row in tx.all(_after, after=after, most=most)]


def activity_came(tx: Transaction, course_ids: Iterable[str]) -> None:
    """Let these courses be computed, unless somebody holds them in memory and follows what comes."""
    tx.many(_activity_came, [{"course_id": course_id, "due_at": tx.now} for course_id in course_ids])


def roster_changed(tx: Transaction, course_id: str) -> None:
    """Note that who is enrolled in a course has changed."""
    tx.run(_roster_changed, course_id=course_id, now=tx.now)


def due_courses(tx: Transaction, most: int) -> list[str]:
    """Return courses that are to be computed now, those first that have waited longest."""
    return [row.course_id for row in tx.all(_due, now=tx.now, most=most)]


def set_due(tx: Transaction, course_id: str, due_at: int | None) -> None:
    """Say when a course is to be computed next; None: it is held in memory from now on."""
    tx.run(_set_due, of_id=course_id, due_at=due_at)


def let_go_all(tx: Transaction) -> None:
    """Let every course be computed that somebody held in memory who is gone."""
    tx.run(_all_held, due_at=0)


def has_unread(tx: Transaction, course_id: str, sequence: int) -> bool:
    """Whether a course has activity behind this sequence."""
    return bool(tx.all(_unread, sequence=sequence, course_id=course_id))


def rosters(tx: Transaction, course_ids: Sequence[str]) -> dict[str, int]:
    """Return how often the rosters of these courses have changed."""
    return (
        {row.course_id: row.roster for row in tx.all(_rosters, course_ids=list(course_ids))}
        if course_ids
        else {}
    )


# Visits

_new_visit = insert(visits).values({column.name: bindparam(column.name) for column in visits.columns})
_visit = Prepared(
    _new_visit.on_conflict_do_update(
        index_elements=["course_id", "user_id"],
        set_={"last_at": _new_visit.excluded.last_at},
        where=visits.c.last_at < _new_visit.excluded.last_at,
    )
)
_visited = Prepared(select(visits.c.course_id).where(visits.c.user_id == bindparam("user_id")))
_erase_visits = Prepared(delete(visits).where(visits.c.user_id == bindparam("user_id")))


def note_visits(tx: Transaction, last_at: dict[tuple[str, str], int]) -> None:
    """Note when learners, by course and user, were there; earlier times than known change nothing."""
    tx.many(
        _visit,
        [
            {"course_id": course_id, "user_id": user_id, "last_at": at}
            for (course_id, user_id), at in last_at.items()
        ],
    )


def courses_visited(tx: Transaction, user_id: str) -> list[str]:
    """Return the courses in which somebody ever did anything as a learner."""
    return [row.course_id for row in tx.all(_visited, user_id=user_id)]


def erase_visits(tx: Transaction, user_id: str) -> None:
    """Forget when somebody was where."""
    tx.run(_erase_visits, user_id=user_id)
