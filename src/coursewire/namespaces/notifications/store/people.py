"""Who is meant by an audience, what people wish, and what they have had."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert  # its ON CONFLICT compiles for SQLite as well

from coursewire.identity.store import course_members, courses, users
from coursewire.namespaces.notifications.store.tables import ME, dedupes, preferences
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction

_course_exists = Prepared(select(courses.c.title).where(courses.c.id == bindparam("course_id")))
_roles_of_course = Prepared(
    select(course_members.c.roles, func.count().label("members"))
    .where(course_members.c.course_id == bindparam("course_id"))
    .group_by(course_members.c.roles)
)
_is_member = Prepared(
    select(course_members.c.roles).where(
        course_members.c.course_id == bindparam("course_id"), course_members.c.user_id == ME
    )
)
_members = Prepared(
    select(course_members.c.user_id, course_members.c.roles)
    .where(
        course_members.c.course_id == bindparam("course_id"), course_members.c.user_id > bindparam("after")
    )
    .order_by(course_members.c.user_id)
    .limit(bindparam("most"))
)
_everyone = Prepared(
    select(users.c.id).where(users.c.id > bindparam("after")).order_by(users.c.id).limit(bindparam("most"))
)
_user_count = Prepared(select(func.count().label("people")).select_from(users))


def course_title(tx: Transaction, course_id: str) -> str | None:
    """Return what a course is called, or None when there is no such course."""
    row = tx.one(_course_exists, course_id=course_id)
    return None if row is None else str(row.title)


def audience_size(tx: Transaction, audience: dict[str, Any]) -> int:
    """Return how many people an audience, as stored, has now."""
    if "users" in audience:
        return len(audience["users"])
    if "course_id" not in audience:
        row = tx.one(_user_count)
        return int(row.people) if row else 0
    roles, left_out = set(audience.get("roles", ())), audience.get("except")
    found = tx.all(_roles_of_course, course_id=audience["course_id"])
    size = sum(row.members for row in found if _fits(row.roles, roles))
    if left_out is not None:
        member = tx.one(_is_member, course_id=audience["course_id"], me=left_out)
        size -= int(member is not None and _fits(member.roles, roles))
    return int(size)


def next_of_audience(
    tx: Transaction, audience: dict[str, Any], after: str, most: int
) -> tuple[list[str], str | None]:
    """Return the next people of an audience by id, and whom to go on after; None when nobody is left."""
    if "users" in audience:
        everybody: list[str] = audience["users"]
        start = bisect.bisect_right(everybody, after)
        piece = everybody[start : start + most]
        return piece, piece[-1] if len(piece) == most else None
    if "course_id" not in audience:
        found = [row.id for row in tx.all(_everyone, after=after, most=most)]
        return found, found[-1] if len(found) == most else None
    roles, left_out = set(audience.get("roles", ())), audience.get("except")
    rows = tx.all(_members, course_id=audience["course_id"], after=after, most=most)
    people = [row.user_id for row in rows if _fits(row.roles, roles) and row.user_id != left_out]
    return people, rows[-1].user_id if len(rows) == most else None


def _fits(stored: str, roles: set[str]) -> bool:
    return not roles or not roles.isdisjoint(orjson.loads(stored))


_had = Prepared(
    select(dedupes.c.user_id).where(
        dedupes.c.dedupe_key == bindparam("dedupe_key"),
        dedupes.c.user_id.in_(bindparam("user_ids", expanding=True)),
    )
)
_note = Prepared(insert(dedupes))


def without_those_who_had(tx: Transaction, dedupe_key: str, user_ids: Sequence[str]) -> list[str]:
    """Return those of up to a SLICE of users who have had none of this key, and note that they have now."""
    had = {row.user_id for row in tx.all(_had, dedupe_key=dedupe_key, user_ids=list(user_ids))}
    left = [user_id for user_id in user_ids if user_id not in had]
    tx.many(_note, [{"user_id": user_id, "dedupe_key": dedupe_key, "at": tx.now} for user_id in left])
    return left


_stored = Prepared(
    select(preferences.c.user_id, preferences.c.data).where(
        preferences.c.user_id.in_(bindparam("user_ids", expanding=True))
    )
)
_put = Prepared(
    upsert(preferences)
    .values({name: bindparam(name) for name in ("user_id", "data", "updated_at")})
    .on_conflict_do_update(
        index_elements=["user_id"], set_={name: bindparam(name) for name in ("data", "updated_at")}
    )
)


def stored_preferences(tx: Transaction, user_ids: Iterable[str]) -> dict[str, str]:
    """Return the preferences of those (of up to a SLICE) who have said something, as they are stored."""
    return {row.user_id: row.data for row in tx.all(_stored, user_ids=list(user_ids))}


def put_preferences(tx: Transaction, user_id: str, data: str) -> None:
    """Store somebody's preferences."""
    tx.run(_put, user_id=user_id, data=data, updated_at=tx.now)
