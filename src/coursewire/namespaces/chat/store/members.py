"""Who is in a room, and whom one may ask in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import (
    and_,
    bindparam,
    delete,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from coursewire.identity.store import course_members, users
from coursewire.namespaces.chat.contract import Author, Member
from coursewire.namespaces.chat.rules import OPEN_KINDS, Access
from coursewire.namespaces.chat.store.tables import ME, ROOM, SLICE, members, rooms
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import iso

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.realtime.transaction import Transaction

_add_many = Prepared(
    insert(members).from_select(
        ["room_id", "user_id", "active", "joined_at", "delivered_number", "read_number"],
        select(
            ROOM.label("room_id"),
            users.c.id,
            literal_column("1"),
            bindparam("joined").label("joined_at"),
            bindparam("from_number").label("delivered_number"),
            bindparam("from_number").label("read_number"),
        ).where(users.c.id.in_(bindparam("user_ids", expanding=True))),
    )
)
_activate_many = Prepared(
    update(members)
    .where(members.c.room_id == ROOM, members.c.user_id.in_(bindparam("user_ids", expanding=True)))
    .values(active=literal_column("1"))
)
_activate = Prepared(
    update(members)
    .where(members.c.room_id == ROOM, members.c.user_id == bindparam("user"))
    .values(active=bindparam("now_active"))
)
_MEMBER_COLUMNS = (
    users.c.id,
    users.c.name,
    users.c.avatar_url,
    members.c.joined_at,
)
_list_members = Prepared(
    select(*_MEMBER_COLUMNS, course_members.c.roles)
    .select_from(
        members.join(rooms, rooms.c.id == members.c.room_id)
        .join(users, users.c.id == members.c.user_id)
        .outerjoin(
            course_members,
            and_(
                course_members.c.course_id == rooms.c.course_id,
                course_members.c.user_id == members.c.user_id,
            ),
        )
    )
    .where(
        members.c.room_id == ROOM,
        members.c.active == 1,
        or_(
            users.c.name > bindparam("name"),
            and_(users.c.name == bindparam("name"), users.c.id > bindparam("after_id")),
        ),
    )
    .order_by(users.c.name, users.c.id)
    .limit(bindparam("most"))
)
_member_ids = Prepared(select(members.c.user_id).where(members.c.room_id == ROOM, members.c.active == 1))
_enrol_all = Prepared(
    insert(members).from_select(
        ["room_id", "user_id", "active", "joined_at", "delivered_number", "read_number"],
        select(
            ROOM.label("room_id"),
            course_members.c.user_id,
            literal_column("1"),
            bindparam("joined").label("joined_at"),
            literal_column("0"),
            literal_column("0"),
        ).where(course_members.c.course_id == bindparam("course")),
    )
)
_open_rooms_of = Prepared(
    select(rooms.c.id, rooms.c.last_number).where(
        rooms.c.course_id == bindparam("course"), rooms.c.kind.in_(sorted(OPEN_KINDS))
    )
)
_present = Prepared(
    select(members.c.user_id, members.c.active).where(
        members.c.room_id == ROOM, members.c.user_id.in_(bindparam("user_ids", expanding=True))
    )
)
_remove_members = Prepared(
    delete(members).where(
        members.c.room_id == ROOM, members.c.user_id.in_(bindparam("user_ids", expanding=True))
    )
)


def put_member(tx: Transaction, access: Access, user_id: str, *, active: bool) -> None:
    """Make the caller a member, for the first time or again, or let them leave."""
    if access.has_been_member:
        tx.run(_activate, room_id=access.room_id, user=user_id, now_active=int(active))
    elif active:
        add_members(tx, access.room_id, [user_id], from_number=access.last_number)


def add_members(tx: Transaction, room_id: str, user_ids: Sequence[str], *, from_number: int) -> list[str]:
    """Make people members who have read up to `from_number`; return those who were none before."""
    added: list[str] = []
    for start in range(0, len(user_ids), SLICE):
        piece = list(user_ids[start : start + SLICE])
        present = {row.user_id: row.active for row in tx.all(_present, room_id=room_id, user_ids=piece)}
        returning = [user_id for user_id in piece if present.get(user_id) == 0]
        new = [user_id for user_id in piece if user_id not in present]
        if returning:
            tx.run(_activate_many, room_id=room_id, user_ids=returning)
        if new:
            tx.run(_add_many, room_id=room_id, user_ids=new, joined=tx.now, from_number=from_number)
        added += new + returning
    return added


def enrol_course(tx: Transaction, room_id: str, course_id: str) -> None:
    """Make everybody of a course a member of its new room, in one statement."""
    tx.run(_enrol_all, room_id=room_id, course=course_id, joined=tx.now)


def remove_members(tx: Transaction, room_id: str, user_ids: Sequence[str]) -> None:
    """Take people out, with their pointers."""
    for start in range(0, len(user_ids), SLICE):
        tx.run(_remove_members, room_id=room_id, user_ids=list(user_ids[start : start + SLICE]))


def open_rooms_of(tx: Transaction, course_id: str) -> list[tuple[str, int]]:
    """Return the ids and last numbers of a course's open rooms."""
    return [(row.id, row.last_number) for row in tx.all(_open_rooms_of, course=course_id)]


def member_ids(tx: Transaction, room_id: str) -> list[str]:
    """Return everybody who is in a room."""
    return [row.user_id for row in tx.all(_member_ids, room_id=room_id)]


def list_members(tx: Transaction, room_id: str, cursor: str | None, limit: int) -> list[tuple[str, Member]]:
    """Return up to `limit` members by name, with the cursor that continues after each."""
    after_id, _, name = (cursor or "/").partition("/")
    rows = tx.all(_list_members, room_id=room_id, name=name, after_id=after_id, most=limit)
    return [
        (
            f"{row.id}/{row.name}",
            Member(
                user_id=row.id,
                name=row.name,
                avatar_url=row.avatar_url,
                roles=json.loads(row.roles) if row.roles else [],
                joined_at=iso(row.joined_at),
            ),
        )
        for row in rows
    ]


_acquaintances = Prepared(
    select(users.c.id, users.c.name, users.c.avatar_url).where(
        users.c.id.in_(bindparam("user_ids", expanding=True)),
        users.c.id.in_(
            select(course_members.c.user_id).where(
                course_members.c.course_id.in_(
                    select(course_members.c.course_id).where(course_members.c.user_id == ME)
                ),
            )
        ),
    )
)
_known = Prepared(select(users.c.id).where(users.c.id.in_(bindparam("user_ids", expanding=True))))
_person = Prepared(select(users.c.id, users.c.name, users.c.avatar_url).where(users.c.id == ME))


def acquaintances(tx: Transaction, caller: Caller, user_ids: Sequence[str]) -> frozenset[str]:
    """Return those of `user_ids` who share a course with the caller."""
    return frozenset(row.id for row in tx.all(_acquaintances, me=caller.user_id, user_ids=list(user_ids)))


def known_users(tx: Transaction, user_ids: Sequence[str]) -> frozenset[str]:
    """Return those of `user_ids` whom we know at all."""
    return frozenset(row.id for row in tx.all(_known, user_ids=list(user_ids)))


def load_person(tx: Transaction, user_id: str) -> Author | None:
    """Return a person as others see them."""
    row = tx.one(_person, me=user_id)
    return Author(user_id=row.id, name=row.name, avatar_url=row.avatar_url) if row else None
