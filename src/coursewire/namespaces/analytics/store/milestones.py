"""The rules of courses, and the milestones that were reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

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
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert as upsert  # its ON CONFLICT compiles for SQLite as well

from coursewire.identity.store import users
from coursewire.namespaces.analytics.contract import Milestone, MilestoneRule
from coursewire.namespaces.analytics.store.pieces import Place, pieces
from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import iso

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction
    from coursewire.storage import Row

CLASS: Final = ""
"""As a user id: the whole class."""

rules = Table(
    "analytics_milestone_rules",
    metadata,
    Column("course_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("threshold", Float),
    Column("object_id", Text),
    sqlite_with_rowid=False,
)
"""What counts as a milestone in a course."""

milestones = Table(
    "analytics_milestones",
    metadata,
    Column("id", Text, primary_key=True),
    Column("course_id", Text, nullable=False),
    Column("rule_id", Text),  # none: it was reached elsewhere
    Column("user_id", Text, nullable=False),  # CLASS for the whole class
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("value", Float),
    Column("threshold", Float),
    Column("reached_at", BigInteger, nullable=False),
)
"""What was reached: by a rule once for each learner, or once for the class."""

BY_RULE = milestones.c.rule_id.is_not(None)
Index(
    "ix_analytics_milestones_once",
    milestones.c.course_id,
    milestones.c.rule_id,
    milestones.c.user_id,
    unique=True,
    sqlite_where=BY_RULE,
    postgresql_where=BY_RULE,
)
Index("ix_analytics_milestones_course", milestones.c.course_id, milestones.c.reached_at, milestones.c.id)
Index("ix_analytics_milestones_user", milestones.c.user_id, milestones.c.reached_at, milestones.c.id)


class Reached(NamedTuple):
    """A milestone to store."""

    id: str
    course_id: str
    rule_id: str | None
    user_id: str
    kind: str
    title: str
    value: float | None
    threshold: float | None


_rules = Prepared(
    select(rules)
    .where(rules.c.course_id.in_(bindparam("course_ids", expanding=True)))
    .order_by(rules.c.course_id, rules.c.place)
)
_forget_rules = Prepared(delete(rules).where(rules.c.course_id == bindparam("course_id")))
_put_rule = Prepared(insert(rules).values({column.name: bindparam(column.name) for column in rules.columns}))
_reached = Prepared(
    select(milestones.c.rule_id, milestones.c.user_id).where(
        milestones.c.course_id == bindparam("course_id"),
        milestones.c.rule_id.in_(bindparam("rule_ids", expanding=True)),
        milestones.c.user_id.in_(bindparam("user_ids", expanding=True)),
    )
)
_insert = Prepared(
    upsert(milestones)
    .values({column.name: bindparam(column.name) for column in milestones.columns})
    .on_conflict_do_nothing()
)
_shown = select(milestones, users.c.name.label("user_name")).select_from(
    milestones.outerjoin(users, users.c.id == milestones.c.user_id)
)
_load = Prepared(_shown.where(milestones.c.id == bindparam("id")))
_after = tuple_(milestones.c.reached_at, milestones.c.id) < tuple_(
    bindparam("reached_at", type_=BigInteger), bindparam("after", type_=Text)
)


def _newest(*wanted: object) -> Prepared:
    return Prepared(
        _shown.where(*wanted, _after)  # type: ignore[arg-type]  # conditions
        .order_by(milestones.c.reached_at.desc(), milestones.c.id.desc())
        .limit(bindparam("most"))
    )


_of_course = _newest(milestones.c.course_id == bindparam("course_id"))
_of_course_for = _newest(
    milestones.c.course_id == bindparam("course_id"),
    milestones.c.user_id.in_(bindparam("user_ids", expanding=True)),
)
_of_user = _newest(milestones.c.user_id == bindparam("user_id"))
_names = Prepared(select(users.c.id, users.c.name).where(users.c.id.in_(bindparam("ids", expanding=True))))
_of_person = Prepared(_shown.where(milestones.c.user_id == bindparam("user_id")))
_erase = Prepared(delete(milestones).where(milestones.c.user_id == bindparam("user_id")))


def rules_of(tx: Transaction, course_ids: Iterable[str]) -> dict[str, list[MilestoneRule]]:
    """Return the rules of these courses, in their order."""
    found: dict[str, list[MilestoneRule]] = {}
    for row in tx.all(_rules, course_ids=sorted(set(course_ids))):
        rule = MilestoneRule(
            id=row.id, kind=row.kind, title=row.title, threshold=row.threshold, object_id=row.object_id
        )
        found.setdefault(row.course_id, []).append(rule)
    return found


def put_rules(tx: Transaction, course_id: str, given: Sequence[MilestoneRule]) -> None:
    """Let these be the rules of a course."""
    tx.run(_forget_rules, course_id=course_id)
    tx.many(
        _put_rule,
        [{"course_id": course_id, "place": place, **rule.model_dump()} for place, rule in enumerate(given)],
    )


def reached_already(
    tx: Transaction, course_id: str, rule_ids: Sequence[str], user_ids: Sequence[str]
) -> set[tuple[str, str]]:
    """Return which of these rules were reached by which of these people, as (rule, user)."""
    return {
        (row.rule_id, row.user_id)
        for piece in pieces(user_ids)
        for row in tx.all(_reached, course_id=course_id, rule_ids=list(rule_ids), user_ids=piece)
    }


def insert_milestones(tx: Transaction, reached: Iterable[Reached]) -> None:
    """Store milestones; one that is there stays as it is."""
    tx.many(_insert, [{**one._asdict(), "reached_at": tx.now} for one in reached])


def load_milestone(tx: Transaction, milestone_id: str) -> Milestone | None:
    """Return a milestone, or None."""
    row = tx.one(_load, id=milestone_id)
    return None if row is None else _milestone(row)


def milestone_page(
    tx: Transaction,
    *,
    course_id: str | None,
    user_id: str | None,
    with_class: bool,
    after: Place,
    most: int,
) -> list[tuple[Milestone, Place]]:
    """Return milestones, the newest first.

    With a course and without a user it is all of the course, with both that user's there and, `with_class`, the
    class's, and with a user alone all of theirs.
    """
    place = {"reached_at": after.at, "after": after.id, "most": most}
    if course_id is None:
        rows = tx.all(_of_user, user_id=user_id, **place)
    elif user_id is None:
        rows = tx.all(_of_course, course_id=course_id, **place)
    else:
        rows = tx.all(
            _of_course_for, course_id=course_id, user_ids=[user_id, *([CLASS] if with_class else [])], **place
        )
    return [(_milestone(row), Place(row.reached_at, row.id)) for row in rows]


def names_of(tx: Transaction, user_ids: Sequence[str]) -> dict[str, str]:
    """Return what these people are called."""
    return {row.id: row.name for piece in pieces(user_ids) for row in tx.all(_names, ids=piece)}


def milestones_of_user(tx: Transaction, user_id: str) -> list[Milestone]:
    """Return all that somebody has reached."""
    return [_milestone(row) for row in tx.all(_of_person, user_id=user_id)]


def erase_milestones(tx: Transaction, user_id: str) -> None:
    """Delete somebody's milestones."""
    tx.run(_erase, user_id=user_id)


def _milestone(row: Row) -> Milestone:
    return Milestone(
        id=row.id,
        course_id=row.course_id,
        user_id=row.user_id or None,
        user_name=row.user_name,
        kind=row.kind,
        title=row.title,
        value=row.value,
        threshold=row.threshold,
        reached_at=iso(row.reached_at),
    )
