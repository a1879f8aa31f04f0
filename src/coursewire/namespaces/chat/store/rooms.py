"""Rooms, and how a caller stands to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, and_, bindparam, func, insert, or_, select, update

from coursewire.identity.store import course_members, read_roles, users
from coursewire.namespaces.chat.contract import Author, Room, RoomKind, RoomSummary
from coursewire.namespaces.chat.rules import (
    NAMED_OTHERS_UP_TO,
    OPEN_KINDS,
    Access,
    is_administrator,
    told_receipts,
)
from coursewire.namespaces.chat.store.counts import UNREAD, mentioned_after
from coursewire.namespaces.chat.store.shown import message_columns, message_of
from coursewire.namespaces.chat.store.tables import ME, ROOM, members, messages, rooms
from coursewire.storage.statement import Prepared, Row
from coursewire.vocabulary import iso

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.realtime.transaction import Transaction

_access = Prepared(
    select(
        rooms.c.id,
        rooms.c.kind,
        rooms.c.course_id,
        rooms.c.title,
        rooms.c.member_count,
        rooms.c.last_number,
        rooms.c.pair,
        rooms.c.tells_receipts,
        rooms.c.locked,
        rooms.c.slow_mode_s,
        members.c.active,
        members.c.read_number,
        members.c.delivered_number,
        members.c.muted_until,
        members.c.posted_at,
        course_members.c.roles,
    )
    .select_from(
        rooms.outerjoin(members, and_(members.c.room_id == rooms.c.id, members.c.user_id == ME)).outerjoin(
            course_members,
            and_(
                course_members.c.course_id == rooms.c.course_id,
                course_members.c.user_id == ME,
            ),
        )
    )
    .where(rooms.c.id == ROOM)
)


def load_access(tx: Transaction, caller: Caller, room_id: str) -> Access | None:
    """Return how the caller stands to a room, or None when there is no such room."""
    row = tx.one(_access, me=caller.user_id, room_id=room_id)
    if row is None:
        return None
    return Access(
        room_id=row.id,
        kind=row.kind,
        course_id=row.course_id,
        title=row.title,
        member_count=row.member_count,
        last_number=row.last_number,
        is_member=row.active == 1,
        has_been_member=row.active is not None,
        read_number=row.read_number or 0,
        delivered_number=row.delivered_number or 0,
        roles=read_roles(row.roles) if row.roles else frozenset(),
        is_administrator=is_administrator(caller),
        is_service=caller.is_service,
        pair=row.pair,
        tells_receipts=row.tells_receipts == 1,
        is_locked=row.locked == 1,
        slow_mode_s=row.slow_mode_s,
        muted_until=_future(row.muted_until, tx.now),
        posted_at=row.posted_at,
    )


def _future(time: int | None, now: int) -> int | None:
    return time if time is not None and time > now else None


_insert_room = Prepared(insert(rooms))
_room_of_pair = Prepared(select(rooms.c.id).where(rooms.c.pair == bindparam("pair")))
_rename_room = Prepared(update(rooms).where(rooms.c.id == ROOM).values(title=bindparam("new_title")))
_set_receipts = Prepared(update(rooms).where(rooms.c.id == ROOM).values(tells_receipts=bindparam("tells")))


def insert_room(
    tx: Transaction, *, room_id: str, kind: RoomKind, course_id: str | None, title: str, pair: str | None
) -> None:
    """Write a room that has no members and no messages yet."""
    tx.run(
        _insert_room,
        id=room_id,
        kind=kind,
        course_id=course_id,
        title=title,
        pair=pair,
        member_count=0,
        last_number=0,
        tells_receipts=1,
        locked=0,
        slow_mode_s=0,
        created_at=tx.now,
        moved_at=tx.now,
    )


def find_direct_room(tx: Transaction, pair: str) -> str | None:
    """Return the id of the direct room of a pair."""
    row = tx.one(_room_of_pair, pair=pair)
    return row.id if row else None


def rename_room(tx: Transaction, room_id: str, title: str) -> None:
    """Give a room another title."""
    tx.run(_rename_room, room_id=room_id, new_title=title)


def set_receipts(tx: Transaction, room_id: str, *, on: bool) -> None:
    """Choose whether people of a room are told how far others have read."""
    tx.run(_set_receipts, room_id=room_id, tells=int(on))


_last = messages.alias("last")
_author = users.alias("author")


_read = messages.alias("read")

_summaries = select(
    rooms.c.id,
    rooms.c.kind,
    rooms.c.course_id,
    rooms.c.title,
    rooms.c.member_count,
    rooms.c.last_number,
    rooms.c.tells_receipts,
    rooms.c.locked,
    rooms.c.slow_mode_s,
    members.c.muted_until,
    rooms.c.created_at,
    rooms.c.moved_at,
    func.coalesce(members.c.active, 0).label("joined"),
    func.coalesce(members.c.read_number, 0).label("read_number"),
    func.coalesce(UNREAD, 0).label("unread"),
    func.coalesce(mentioned_after(rooms.c.id, ME, members.c.read_number), 0).label("mentioned"),
    course_members.c.roles,
    _read.c.id.label("read_to"),
    *message_columns(_last, "newest_"),
    _author.c.name.label("newest_author_name"),
    _author.c.avatar_url.label("newest_author_avatar"),
).select_from(
    rooms.outerjoin(members, and_(members.c.room_id == rooms.c.id, members.c.user_id == ME))
    .outerjoin(
        course_members,
        and_(
            course_members.c.course_id == rooms.c.course_id,
            course_members.c.user_id == ME,
        ),
    )
    .outerjoin(_last, and_(_last.c.room_id == rooms.c.id, _last.c.number == rooms.c.last_number))
    .outerjoin(_read, and_(_read.c.room_id == rooms.c.id, _read.c.number == members.c.read_number))
    .outerjoin(_author, _author.c.id == _last.c.author_id)
)

_mine = select(members.c.room_id).where(members.c.user_id == ME, members.c.active == 1)
_open_to_me = (
    select(rooms.c.id)
    .join(course_members, course_members.c.course_id == rooms.c.course_id)
    .where(
        course_members.c.user_id == ME,
        rooms.c.kind.in_(sorted(OPEN_KINDS)),
    )
)
_COURSE: BindParameter[str] = bindparam("course_id")
_page = (
    _summaries.where(
        or_(_COURSE == "", rooms.c.course_id == _COURSE),
        or_(
            rooms.c.moved_at < bindparam("moved_at"),
            and_(rooms.c.moved_at == bindparam("moved_at"), rooms.c.id < bindparam("after_id")),
        ),
    )
    .order_by(rooms.c.moved_at.desc(), rooms.c.id.desc())
    .limit(bindparam("most"))
)
_list_rooms = Prepared(_page.where(rooms.c.id.in_(_mine.union(_open_to_me))))
_list_rooms_of_all_courses = Prepared(
    _page.where(or_(rooms.c.id.in_(_mine), rooms.c.kind.in_(sorted(OPEN_KINDS))))
)
_one_room = Prepared(_summaries.where(rooms.c.id == ROOM))

_other = members.alias("other")
_me_there = members.alias("me_there")
_ranked_others = (
    select(
        _other.c.room_id,
        users.c.id,
        users.c.name,
        users.c.avatar_url,
        func.row_number().over(partition_by=_other.c.room_id, order_by=users.c.id).label("rank"),
    )
    .select_from(
        _me_there.join(rooms, rooms.c.id == _me_there.c.room_id)
        .join(_other, _other.c.room_id == rooms.c.id)
        .join(users, users.c.id == _other.c.user_id)
    )
    .where(
        _me_there.c.user_id == ME,
        _me_there.c.room_id.in_(bindparam("room_ids", expanding=True)),
        rooms.c.kind.in_(["direct", "group"]),
        _other.c.active == 1,
        _other.c.user_id != ME,
    )
    .subquery()
)
_others = Prepared(
    select(_ranked_others).where(_ranked_others.c.rank <= NAMED_OTHERS_UP_TO).order_by(_ranked_others.c.rank)
)

_CURSOR = re.compile(r"([0-9]{1,15})/(.+)")
_FIRST = (2**53, "")


def list_rooms(
    tx: Transaction, caller: Caller, course_id: str | None, cursor: str | None, limit: int
) -> list[tuple[str, RoomSummary]]:
    """Return up to `limit` rooms with the cursor that continues after each, the one that moved last first.

    Raises ValueError for a cursor that was not given here.
    """
    moved_at, after_id = _FIRST if cursor is None else _read_cursor(cursor)
    rows = tx.all(
        _list_rooms_of_all_courses if is_administrator(caller) else _list_rooms,
        me=caller.user_id,
        course_id=course_id or "",
        moved_at=moved_at,
        after_id=after_id,
        most=limit,
    )
    others = _load_others(tx, caller, [row.id for row in rows])
    return [(f"{row.moved_at}/{row.id}", _summary(tx, row, caller, others.get(row.id, []))) for row in rows]


def _read_cursor(cursor: str) -> tuple[int, str]:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise ValueError(cursor)
    return int(found[1]), found[2]


def load_summary(tx: Transaction, caller: Caller, room_id: str) -> RoomSummary:
    """Return one room as the caller sees it; the caller's right to it was checked before."""
    row = tx.one(_one_room, me=caller.user_id, room_id=room_id)
    if row is None:
        raise LookupError(room_id)
    return _summary(tx, row, caller, _load_others(tx, caller, [room_id]).get(room_id, []))


def _load_others(tx: Transaction, caller: Caller, room_ids: list[str]) -> dict[str, list[Author]]:
    found: dict[str, list[Author]] = {}
    if room_ids:
        for row in tx.all(_others, me=caller.user_id, room_ids=room_ids):
            found.setdefault(row.room_id, []).append(
                Author(user_id=row.id, name=row.name, avatar_url=row.avatar_url)
            )
    return found


def _summary(tx: Transaction, row: Row, caller: Caller, others: list[Author]) -> RoomSummary:
    access = Access(
        room_id=row.id,
        kind=row.kind,
        course_id=row.course_id,
        title=row.title,
        member_count=row.member_count,
        last_number=row.last_number,
        is_member=row.joined == 1,
        has_been_member=row.read_to is not None,
        read_number=row.read_number,
        delivered_number=row.read_number,
        roles=read_roles(row.roles) if row.roles else frozenset(),
        is_administrator=is_administrator(caller),
        is_service=caller.is_service,
        is_locked=row.locked == 1,
        muted_until=_future(row.muted_until, tx.now),
    )
    last = None
    if row.newest_id is not None:
        last = message_of(row, caller.user_id, prefix="newest_")
    return RoomSummary(
        **_room_fields(row),
        joined=access.is_member,
        unread=row.unread if access.is_member else 0,
        mentions=row.mentioned if access.is_member else 0,
        last_message=last,
        read_to=row.read_to,
        read_number=row.read_number,
        can_post=access.may_post,
        can_moderate=access.may_read and access.keeps_order,
        muted_until=iso(access.muted_until) if access.muted_until is not None else None,
        others=others,
    )


def _room_fields(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "course_id": row.course_id,
        "title": row.title,
        "member_count": row.member_count,
        "last_number": row.last_number,
        "receipts": told_receipts(row.member_count, tells=row.tells_receipts == 1),
        "locked": row.locked == 1,
        "slow_mode_s": row.slow_mode_s,
        "created_at": iso(row.created_at),
    }


_plain_room = Prepared(select(rooms).where(rooms.c.id == ROOM))


def load_room(tx: Transaction, room_id: str) -> Room:
    """Return a room as everybody in it sees it."""
    row = tx.one(_plain_room, room_id=room_id)
    if row is None:
        raise LookupError(room_id)
    return Room(**_room_fields(row))
