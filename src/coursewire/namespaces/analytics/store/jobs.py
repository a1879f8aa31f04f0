"""The table of jobs and its queries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Index,
    Integer,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    tuple_,
    update,
)

from coursewire.namespaces.analytics.contract import Stage
from coursewire.namespaces.analytics.rules.jobs import JobRecord
from coursewire.namespaces.analytics.rules.pace import Pace
from coursewire.namespaces.analytics.store.pieces import Place
from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction
    from coursewire.storage import Row

jobs = Table(
    "analytics_jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("course_id", Text),
    Column("owner_id", Text, nullable=False),
    Column("digest", Text, nullable=False),  # of what it was made from
    Column("state", Text, nullable=False),
    Column("stage", Text),  # JSON
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger),
    Column("message", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("cancelled_by", Text),
    Column("heartbeat_at", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("result", Text),  # JSON
    Column("error", Text),
    Column("pace", Text),  # JSON
)
"""Long work, and how far it has got."""

ACTIVE = jobs.c.finished_at.is_(None)
ENDED = jobs.c.finished_at.is_not(None)
# Lists, the newest first. The state is in them, so that a list of one state reads no row of another.
Index("ix_analytics_jobs_owner", jobs.c.owner_id, jobs.c.created_at, jobs.c.id, jobs.c.state)
Index("ix_analytics_jobs_course", jobs.c.course_id, jobs.c.created_at, jobs.c.id, jobs.c.state)
# What comes with a subscription, and what has fallen silent: only what goes on, which is little.
Index(
    "ix_analytics_jobs_active_owner",
    jobs.c.owner_id,
    jobs.c.created_at,
    sqlite_where=ACTIVE,
    postgresql_where=ACTIVE,
)
Index(
    "ix_analytics_jobs_active_course",
    jobs.c.course_id,
    jobs.c.created_at,
    sqlite_where=ACTIVE,
    postgresql_where=ACTIVE,
)
Index(
    "ix_analytics_jobs_heartbeat",
    jobs.c.state,
    jobs.c.heartbeat_at,
    sqlite_where=ACTIVE,
    postgresql_where=ACTIVE,
)
Index("ix_analytics_jobs_ended", jobs.c.finished_at, sqlite_where=ENDED, postgresql_where=ENDED)

_FIELDS = tuple(column for column in jobs.columns if column.name != "digest")
_MOVING = ("done", "total", "stage", "message", "heartbeat_at", "revision", "pace")
"""What a report changes that begins and ends nothing: no index but that of heartbeats has these."""
_CHANGING = (
    *_MOVING, "state", "attempt", "cancelled_by", "started_at", "finished_at", "result", "error",
)  # fmt: skip

_of_id = jobs.c.id == bindparam("of_id")
_most: BindParameter[int] = bindparam("most")
_insert = Prepared(insert(jobs))
_load = Prepared(select(*_FIELDS).where(_of_id))
_digest = Prepared(select(jobs.c.digest).where(_of_id))
_move = Prepared(update(jobs).where(_of_id).values({name: bindparam(name) for name in _MOVING}))
_change = Prepared(update(jobs).where(_of_id).values({name: bindparam(name) for name in _CHANGING}))
_silent = Prepared(
    select(*_FIELDS)
    .where(ACTIVE, jobs.c.state == bindparam("in_state"), jobs.c.heartbeat_at < bindparam("before"))
    .order_by(jobs.c.heartbeat_at)
    .limit(_most)
    .offset(bindparam("skip"))
)
_active = {
    column.name: Prepared(
        select(*_FIELDS)
        .where(column == bindparam("whose"), ACTIVE)
        .order_by(jobs.c.created_at.desc())
        .limit(_most)
    )
    for column in (jobs.c.owner_id, jobs.c.course_id)
}
_forget = Prepared(
    delete(jobs).where(
        jobs.c.id.in_(
            select(jobs.c.id)
            .where(ENDED, jobs.c.finished_at < bindparam("before"))
            .order_by(jobs.c.finished_at)
            .limit(_most)
        )
    )
)
_owned = Prepared(select(*_FIELDS).where(jobs.c.owner_id == bindparam("whose")))
_erase = Prepared(delete(jobs).where(jobs.c.owner_id == bindparam("whose")))


def job_digest(tx: Transaction, job_id: str) -> str | None:
    """Return the digest of what a job was made from; None where there is no such job."""
    row = tx.one(_digest, of_id=job_id)
    return None if row is None else str(row.digest)


def insert_job(tx: Transaction, job: JobRecord, digest: str) -> None:
    """Keep a new job, with the digest of what it was made from."""
    tx.run(
        _insert,
        id=job.id,
        kind=job.kind,
        title=job.title,
        course_id=job.course_id,
        owner_id=job.owner_id,
        digest=digest,
        created_at=job.created_at,
        **_values(job, _CHANGING),
    )


def load_job(tx: Transaction, job_id: str) -> JobRecord | None:
    """Return a job."""
    row = tx.one(_load, of_id=job_id)
    return None if row is None else _record(row)


def save_job(tx: Transaction, before: JobRecord, after: JobRecord) -> None:
    """Write what has changed of a job."""
    moves_only = (before.state, before.attempt, before.cancelled_by) == (
        after.state, after.attempt, after.cancelled_by,
    )  # fmt: skip
    if moves_only:
        tx.run(_move, of_id=after.id, **_values(after, _MOVING))
    else:
        tx.run(_change, of_id=after.id, **_values(after, _CHANGING))


def save_jobs(tx: Transaction, changed: Sequence[JobRecord]) -> None:
    """Write jobs that have changed."""
    tx.many(_change, [{"of_id": job.id, **_values(job, _CHANGING)} for job in changed])


def silent_jobs(tx: Transaction, state: str, before: int, most: int, skip: int = 0) -> list[JobRecord]:
    """Return up to `most` jobs in a state that goes on whose last heartbeat was before a time, that of old first.

    The oldest `skip` of them are not even read.
    """
    return [_record(row) for row in tx.all(_silent, in_state=state, before=before, most=most, skip=skip)]


def active_jobs_of_course(tx: Transaction, course_id: str, most: int) -> list[JobRecord]:
    """Return up to `most` jobs of a course that go on, the newest first."""
    return [_record(row) for row in tx.all(_active["course_id"], whose=course_id, most=most)]


def active_jobs_of_owner(tx: Transaction, owner_id: str, most: int) -> list[JobRecord]:
    """Return up to `most` jobs of somebody that go on, the newest first."""
    return [_record(row) for row in tx.all(_active["owner_id"], whose=owner_id, most=most)]


def job_page(
    tx: Transaction,
    *,
    owner_id: str | None = None,
    course_id: str | None = None,
    state: str | None = None,
    after: Place,
    most: int,
) -> list[JobRecord]:
    """Return up to `most` jobs of an owner, or of a course, the newest first, that come after a place."""
    by = "owner_id" if course_id is None else "course_id"
    given = {} if state is None else {"state": state}
    rows = tx.all(
        _page(by, with_state=state is not None),
        whose=owner_id if course_id is None else course_id,
        after_at=after.at,
        after_id=after.id,
        most=most,
        **given,
    )
    return [_record(row) for row in rows]


def trim_jobs(tx: Transaction, before: int, most: int) -> int:
    """Forget up to `most` jobs that ended before a time, and return how many."""
    return tx.run(_forget, before=before, most=most)


def jobs_of_owner(tx: Transaction, owner_id: str) -> list[JobRecord]:
    """Return all jobs of somebody."""
    return [_record(row) for row in tx.all(_owned, whose=owner_id)]


def erase_jobs(tx: Transaction, owner_id: str) -> None:
    """Delete all jobs of somebody."""
    tx.run(_erase, whose=owner_id)


@cache
def _page(by: str, *, with_state: bool) -> Prepared:
    conditions: list[ColumnElement[bool]] = [
        jobs.c[by] == bindparam("whose"),
        tuple_(jobs.c.created_at, jobs.c.id) < tuple_(bindparam("after_at"), bindparam("after_id")),
    ]
    if with_state:
        conditions.append(jobs.c.state == bindparam("state"))
    ordered = select(*_FIELDS).where(*conditions).order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
    return Prepared(ordered.limit(_most))


def _record(row: Row) -> JobRecord:
    values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    stage, result, pace = values["stage"], values["result"], values["pace"]
    values["stage"] = None if stage is None else Stage.model_validate_json(stage)
    values["result"] = None if result is None else json.loads(result)
    values["pace"] = None if pace is None else Pace(*json.loads(pace))
    return JobRecord(**values)


_NAMES = tuple(column.name for column in _FIELDS)


def _values(job: JobRecord, names: Sequence[str]) -> dict[str, Any]:
    values = {name: getattr(job, name) for name in names}
    if job.stage is not None:
        values["stage"] = job.stage.model_dump_json(exclude_none=True)
    if job.pace is not None:
        pace = job.pace
        values["pace"] = json.dumps((pace.since, pace.at, pace.done, pace.work, pace.time, pace.moves))
    if job.result is not None and "result" in values:
        values["result"] = json.dumps(job.result, ensure_ascii=False, separators=(",", ":"))
    return values
