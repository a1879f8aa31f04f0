"""Who is in a room, and whom one may ask in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from coursewire.identity.store import course_members, courses, users
from coursewire.namespaces.chat.contract import Author, Member
from coursewire.namespaces.chat.rules import OPEN_KINDS, Access
from coursewire.namespaces.chat.store.tables import ME, ROOM, SLICE, members, messages, rooms
from coursewire.storage.statement import Prepared, Row
from coursewire.vocabulary import iso

if TYPE_CHECKING:
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
    members.c.muted_until,
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
_count_more = Prepared(
    update(rooms).where(rooms.c.id == ROOM).values(member_count=rooms.c.member_count + bindparam("more"))
)
_member_count = Prepared(select(rooms.c.member_count).where(rooms.c.id == ROOM))
_rooms_of = Prepared(
    select(rooms.c.id, rooms.c.kind, rooms.c.last_number).where(rooms.c.course_id == bindparam("course"))
)
_present = Prepared(
    select(members.c.user_id, members.c.active).where(
        members.c.room_id == ROOM, members.c.user_id.in_(bindparam("user_ids", expanding=True))
    )
)
_these = (members.c.room_id == ROOM, members.c.user_id.in_(bindparam("user_ids", expanding=True)))
_muted_until: ColumnElement[int] = func.coalesce(members.c.muted_until, literal_column("0"))
_put_out_muted = Prepared(
    update(members).where(*_these, _muted_until > bindparam("at")).values(active=literal_column("0"))
)
_remove_members = Prepared(delete(members).where(*_these, _muted_until <= bindparam("at")))


def _who_may_read(room_id: ColumnElement[str]) -> CompoundSelect[tuple[str]]:
    these: BindParameter[str] = bindparam("user_ids", expanding=True)
    return (
        select(members.c.user_id)
        .where(members.c.room_id == room_id, members.c.user_id.in_(these), members.c.active == 1)
        .union(
            select(course_members.c.user_id)
            .join(rooms, rooms.c.course_id == course_members.c.course_id)
            .where(
                rooms.c.id == room_id,
                rooms.c.kind.in_(sorted(OPEN_KINDS)),
                course_members.c.user_id.in_(these),
            )
        )
    )


_readers = Prepared(_who_may_read(ROOM))
_readers_of_message = Prepared(
    _who_may_read(
        select(messages.c.room_id).where(messages.c.id == bindparam("message_id")).scalar_subquery()
    )
)
_NO_MUTE_LASTS: Final = 2**62


def _count(tx: Transaction, room_id: str, more: int) -> None:
    # By difference: counting would look at every member of a large room whenever one comes.
    if more:
        tx.run(_count_more, room_id=room_id, more=more)


def member_count(tx: Transaction, room_id: str) -> int:
    """Return how many are in a room."""
    row = tx.one(_member_count, room_id=room_id)
    return int(row.member_count) if row else 0


def put_member(tx: Transaction, access: Access, user_id: str, *, active: bool) -> None:
    """Make the caller a member, for the first time or again, or let them leave."""
    if access.has_been_member:
        tx.run(_activate, room_id=access.room_id, user=user_id, now_active=int(active))
        _count(tx, access.room_id, int(active) - int(access.is_member))
    elif active:
        add_members(tx, access.room_id, [user_id], from_number=access.last_number)


def add_members(tx: Transaction, room_id: str, user_ids: Sequence[str], *, from_number: int) -> list[str]:
    """Make people members who have read up to `from_number`; return those who were none before."""
    added: list[str] = []
    for start in range(0, len(user_ids), SLICE):
        piece = list(user_ids[start : start + SLICE])
        known = {row.user_id: row.active for row in tx.all(_present, room_id=room_id, user_ids=piece)}
        returning = [user_id for user_id in piece if known.get(user_id) == 0]
        new = [user_id for user_id in piece if user_id not in known]
        if returning:
            tx.run(_activate_many, room_id=room_id, user_ids=returning)
        if new:
            tx.run(_add_many, room_id=room_id, user_ids=new, joined=tx.now, from_number=from_number)
        added += new + returning
    _count(tx, room_id, len(added))
    return added


def enrol_course(tx: Transaction, room_id: str, course_id: str) -> None:
    """Make everybody of a course a member of its new room, in one statement."""
    _count(tx, room_id, tx.run(_enrol_all, room_id=room_id, course=course_id, joined=tx.now))


def remove_members(
    tx: Transaction, room_id: str, user_ids: Sequence[str], *, for_good: bool = False
) -> list[str]:
    """Take people out, with their pointers; return those who were in.

    Whoever is muted stays so when they come back, unless they never will (`for_good`).
    """
    at = _NO_MUTE_LASTS if for_good else tx.now
    removed: list[str] = []
    for start in range(0, len(user_ids), SLICE):
        piece = list(user_ids[start : start + SLICE])
        present = present_members(tx, room_id, piece)
        put_out = tx.run(_put_out_muted, room_id=room_id, user_ids=piece, at=at)
        if tx.run(_remove_members, room_id=room_id, user_ids=piece, at=at) or put_out:
            removed += [user_id for user_id in piece if user_id in present]
    _count(tx, room_id, -len(removed))
    return removed


def present_members(tx: Transaction, room_id: str, user_ids: Sequence[str]) -> frozenset[str]:
    """Return those of `user_ids` (at most a SLICE) who are in a room."""
    rows = tx.all(_present, room_id=room_id, user_ids=list(user_ids))
    return frozenset(row.user_id for row in rows if row.active)


def readers_among(tx: Transaction, room_id: str, user_ids: Sequence[str]) -> frozenset[str]:
    """Return those of `user_ids` (at most a SLICE) who may read a room, as `Access.may_read` says it of one.

    Administrators by their token alone, who are in no table, are not among them.
    """
    return frozenset(row.user_id for row in tx.all(_readers, room_id=room_id, user_ids=list(user_ids)))


def readers_of_message(tx: Transaction, message_id: str, user_ids: Sequence[str]) -> frozenset[str]:
    """Return those of `user_ids` (at most a SLICE) who may read the room of a message; nobody, of an unknown one."""
    rows = tx.all(_readers_of_message, message_id=message_id, user_ids=list(user_ids))
    return frozenset(row.user_id for row in rows)


def rooms_of_course(tx: Transaction, course_id: str) -> list[Row]:
    """Return id, kind and last_number of a course's rooms."""
    return tx.all(_rooms_of, course=course_id)


def list_members(
    tx: Transaction, access: Access, viewer_id: str, cursor: str | None, limit: int
) -> list[tuple[str, Member]]:
    """Return up to `limit` members of a room by name, with the cursor that continues after each.

    Raises ValueError for a cursor that was not given here.
    """
    after_id, slash, name = ("", "/", "") if cursor is None else cursor.partition("/")
    if not slash or (cursor is not None and not (after_id and name)):
        raise ValueError(cursor)
    rows = tx.all(_list_members, room_id=access.room_id, name=name, after_id=after_id, most=limit)
    return [
        (
            f"{row.id}/{row.name}",
            Member(
                user_id=row.id,
                name=row.name,
                avatar_url=row.avatar_url,
                roles=json.loads(row.roles) if row.roles else [],
                joined_at=iso(row.joined_at),
                muted_until=iso(row.muted_until)
                if row.muted_until is not None
                and row.muted_until > tx.now
                and (access.keeps_order or row.id == viewer_id)
                else None,
            ),
        )
        for row in rows
    ]


_acquaintances = Prepared(
    select(users.c.id).where(
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
_enrolled = Prepared(
    select(course_members.c.user_id.label("id")).where(
        course_members.c.course_id == bindparam("course"),
        course_members.c.user_id.in_(bindparam("user_ids", expanding=True)),
    )
)
_people = Prepared(
    select(users.c.id, users.c.name, users.c.avatar_url).where(
        users.c.id.in_(bindparam("user_ids", expanding=True))
    )
)
_course_title = Prepared(select(courses.c.title).where(courses.c.id == bindparam("course")))


def acquaintances(tx: Transaction, user_id: str, user_ids: Sequence[str]) -> frozenset[str]:
    """Return those of `user_ids` who share a course with a user, or are that user."""
    rows = tx.all(_acquaintances, me=user_id, user_ids=list(user_ids))
    return frozenset((user_id, *(row.id for row in rows)))


def enrolled(tx: Transaction, course_id: str, user_ids: Sequence[str]) -> frozenset[str]:
    """Return those of `user_ids` who belong to a course."""
    return frozenset(row.id for row in tx.all(_enrolled, course=course_id, user_ids=list(user_ids)))


def load_people(tx: Transaction, user_ids: Sequence[str]) -> dict[str, Author]:
    """Return those of `user_ids` (at most a SLICE) whom we know, as others see them."""
    rows = tx.all(_people, user_ids=list(user_ids))
    return {row.id: Author(user_id=row.id, name=row.name, avatar_url=row.avatar_url) for row in rows}


def course_title(tx: Transaction, course_id: str) -> str | None:
    """Return what a course is called, or None when there is no such course."""
    row = tx.one(_course_title, course=course_id)
    return str(row.title) if row else None
