"""What the staff of courses should look at, for as long as it holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson
from sqlalchemy import BigInteger, Column, Index, Table, Text, bindparam, delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well

from coursewire.identity.store import users
from coursewire.namespaces.analytics.contract import Alert
from coursewire.namespaces.analytics.store.pieces import Place, pieces
from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import iso

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction
    from coursewire.storage import Row

SLICE: Final = 500

alerts = Table(
    "analytics_alerts",
    metadata,
    Column("course_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("about", Text, primary_key=True),  # the learner at risk, or the job that has stalled
    Column("id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("reasons", Text, nullable=False),  # JSON
    Column("raised_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""One row for each that holds: gone with it, so that it is raised anew when it comes back."""

Index("ix_analytics_alerts_newest", alerts.c.course_id, alerts.c.raised_at, alerts.c.id)
Index(None, alerts.c.user_id)


class Raised(NamedTuple):
    """An alert to raise."""

    id: str
    course_id: str
    kind: str
    about: str
    user_id: str
    reasons: list[str]


_insert = Prepared(
    insert(alerts)
    .values({column.name: bindparam(column.name) for column in alerts.columns})
    .on_conflict_do_nothing()
)
_here = (alerts.c.course_id == bindparam("course_id"), alerts.c.kind == bindparam("kind"))
_held = Prepared(select(alerts.c.about).where(*_here, alerts.c.about.in_(bindparam("about", expanding=True))))
_of_kind = Prepared(select(alerts.c.about).where(*_here))
_courses = Prepared(
    select(alerts.c.course_id)
    .where(
        alerts.c.course_id.in_(bindparam("course_ids", expanding=True)), alerts.c.kind == bindparam("kind")
    )
    .distinct()
)
_clear = Prepared(delete(alerts).where(*_here, alerts.c.about.in_(bindparam("about", expanding=True))))
_shown = select(alerts, users.c.name.label("user_name")).select_from(
    alerts.outerjoin(users, users.c.id == alerts.c.user_id)
)
_these = Prepared(_shown.where(*_here, alerts.c.about.in_(bindparam("about", expanding=True))))
_of_person = Prepared(_shown.where(alerts.c.user_id == bindparam("user_id")))
_page = Prepared(
    _shown.where(
        alerts.c.course_id == bindparam("course_id"),
        tuple_(alerts.c.raised_at, alerts.c.id)
        < tuple_(bindparam("raised_at", type_=BigInteger), bindparam("after", type_=Text)),
    )
    .order_by(alerts.c.raised_at.desc(), alerts.c.id.desc())
    .limit(bindparam("most"))
)
_erase = Prepared(delete(alerts).where(alerts.c.user_id == bindparam("user_id")))


def alerts_held(tx: Transaction, course_id: str, kind: str, about: Sequence[str]) -> set[str]:
    """Return for which of these an alert holds already."""
    return {
        row.about
        for piece in pieces(about)
        for row in tx.all(_held, course_id=course_id, kind=kind, about=piece)
    }


def at_risk_alerts(tx: Transaction, course_id: str) -> set[str]:
    """Return the learners of a course for whom an alert holds that they are at risk."""
    return {row.about for row in tx.all(_of_kind, course_id=course_id, kind="at_risk")}


def courses_with_alerts(tx: Transaction, kind: str, course_ids: Sequence[str]) -> set[str]:
    """Return in which of these courses any alert of a kind holds."""
    return {
        row.course_id for piece in pieces(course_ids) for row in tx.all(_courses, course_ids=piece, kind=kind)
    }


def insert_alerts(tx: Transaction, raised: Iterable[Raised]) -> None:
    """Store alerts; one that holds stays as it is."""
    tx.many(
        _insert,
        [
            {**one._asdict(), "reasons": orjson.dumps(one.reasons).decode(), "raised_at": tx.now}
            for one in raised
        ],
    )


def take_alerts(tx: Transaction, course_id: str, kind: str, about: Sequence[str]) -> list[Alert]:
    """Return the alerts that hold for some of these, and let them hold no more."""
    found: list[Alert] = []
    for piece in pieces(about):
        held = tx.all(_these, course_id=course_id, kind=kind, about=piece)
        if held:
            tx.run(_clear, course_id=course_id, kind=kind, about=[row.about for row in held])
        found += map(_alert, held)
    return found


def alert_page(tx: Transaction, course_id: str, after: Place, most: int) -> list[tuple[Alert, Place]]:
    """Return the alerts of a course, the newest first."""
    rows = tx.all(_page, course_id=course_id, raised_at=after.at, after=after.id, most=most)
    return [(_alert(row), Place(row.raised_at, row.id)) for row in rows]


def erase_alerts(tx: Transaction, user_id: str) -> list[Alert]:
    """Delete the alerts that are about somebody, and return them."""
    found = [_alert(row) for row in tx.all(_of_person, user_id=user_id)]
    tx.run(_erase, user_id=user_id)
    return found


def _alert(row: Row) -> Alert:
    return Alert(
        id=row.id,
        course_id=row.course_id,
        user_id=row.user_id,
        user_name=row.user_name,
        kind=row.kind,
        reasons=orjson.loads(row.reasons),
        job_id=row.about if row.kind == "stalled_job" else None,
        raised_at=iso(row.raised_at),
    )
