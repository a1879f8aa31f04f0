"""How far members have got in a room, and what is left for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, case, func, select, update

from coursewire.namespaces.chat.store.tables import (
    ME,
    ROOM,
    SENT,
    SLICE,
    YES,
    members,
    mentions,
    messages,
    rooms,
)
from coursewire.storage.statement import Prepared, Row

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction


def _gone_after(member: Any) -> Any:
    """Count what was taken back after a member's read pointer: one short range of a partial index."""
    gone = messages.alias()
    return (
        select(func.count())
        .where(
            gone.c.room_id == member.c.room_id,
            gone.c.number > member.c.read_number,
            gone.c.state != SENT,
        )
        .scalar_subquery()
    )


def _own_anonymous_after(member: Any) -> Any:
    """Count a member's own anonymous messages after their read pointer, by a partial index."""
    own = messages.alias()
    return (
        select(func.count())
        .where(
            own.c.room_id == member.c.room_id,
            own.c.author_id == member.c.user_id,
            own.c.number > member.c.read_number,
            own.c.anonymous == YES,
            own.c.state == SENT,
        )
        .scalar_subquery()
    )


def _unread(room: Any, member: Any) -> Any:
    """Count a member's unread messages: the numbers above the pointer, less what was taken back and one's own."""
    return room.c.last_number - member.c.read_number - _gone_after(member) - _own_anonymous_after(member)


def mentioned_after(room_id: Any, user_id: Any, after: Any) -> Any:
    """Count the mentions of a user after a number."""
    return (
        select(func.count())
        .select_from(mentions)
        .where(mentions.c.room_id == room_id, mentions.c.user_id == user_id, mentions.c.number > after)
        .scalar_subquery()
    )


UNREAD = _unread(rooms, members)

_advance = Prepared(
    update(members)
    .where(members.c.room_id == ROOM, members.c.user_id == ME)
    .values(delivered_number=bindparam("delivered"), read_number=bindparam("read"))
)

_read = messages.alias("read")


def advance_pointers(tx: Transaction, room_id: str, user_id: str, delivered: int, read: int) -> None:
    """Move a member's pointers; the service has made sure that they only move forward."""
    tx.run(_advance, room_id=room_id, me=user_id, delivered=delivered, read=read)


_delivered = messages.alias("delivered")
_receipts = Prepared(
    select(
        members.c.user_id,
        members.c.delivered_number,
        members.c.read_number,
        _delivered.c.id.label("delivered_to"),
        _read.c.id.label("read_to"),
    )
    .select_from(
        members.join(rooms, rooms.c.id == members.c.room_id)
        .outerjoin(
            _delivered,
            and_(
                _delivered.c.room_id == members.c.room_id, _delivered.c.number == members.c.delivered_number
            ),
        )
        .outerjoin(_read, and_(_read.c.room_id == members.c.room_id, _read.c.number == members.c.read_number))
    )
    .where(
        members.c.room_id == ROOM,
        members.c.active == 1,
        rooms.c.member_count <= bindparam("most"),
        rooms.c.tells_receipts == 1,
    )
)


_readers = Prepared(
    select(
        func.coalesce(
            func.sum(case((members.c.delivered_number >= bindparam("at_number"), 1), else_=0)), 0
        ).label("delivered"),
        func.coalesce(func.sum(case((members.c.read_number >= bindparam("at_number"), 1), else_=0)), 0).label(
            "read"
        ),
    ).where(members.c.room_id == ROOM, members.c.active == 1, members.c.user_id != bindparam("but"))
)


def readers_of(tx: Transaction, room_id: str, number: int, but: str) -> tuple[int, int]:
    """Return how many members, but for one, have received and how many have read a message."""
    row = tx.one(_readers, room_id=room_id, at_number=number, but=but)
    return (int(row.delivered), int(row.read)) if row else (0, 0)


def receipts(tx: Transaction, room_id: str, most: int) -> list[Row]:
    """Return every member's pointers, or nothing when the room has more than `most` members or tells no receipts."""
    return tx.all(_receipts, room_id=room_id, most=most)


_other_members = members.alias("other_members")
_other_rooms = rooms.alias("other_rooms")
_elsewhere = (
    select(
        func.coalesce(func.sum(_unread(_other_rooms, _other_members)), 0),
    )
    .select_from(_other_members.join(_other_rooms, _other_rooms.c.id == _other_members.c.room_id))
    .where(
        _other_members.c.user_id == members.c.user_id,
        _other_members.c.active == 1,
        _other_members.c.room_id != members.c.room_id,
    )
    .correlate(members)
    .scalar_subquery()
)
_unread_of_room = (
    select(
        members.c.user_id,
        UNREAD.label("unread"),
        mentioned_after(members.c.room_id, members.c.user_id, members.c.read_number).label("mentioned"),
        _elsewhere.label("elsewhere"),
    )
    .select_from(members.join(rooms, rooms.c.id == members.c.room_id))
    .where(members.c.room_id == ROOM, members.c.active == 1)
)
_unread_of_some = Prepared(
    _unread_of_room.where(members.c.user_id.in_(bindparam("user_ids", expanding=True)))
)
_totals = Prepared(
    select(members.c.user_id, func.sum(UNREAD).label("total"))
    .select_from(members.join(rooms, rooms.c.id == members.c.room_id))
    .where(members.c.user_id.in_(bindparam("user_ids", expanding=True)), members.c.active == 1)
    .group_by(members.c.user_id)
)
_total_of = Prepared(
    select(func.coalesce(func.sum(UNREAD), 0).label("total"))
    .select_from(members.join(rooms, rooms.c.id == members.c.room_id))
    .where(members.c.user_id == ME, members.c.active == 1)
)


def unread_counts(tx: Transaction, room_id: str, user_ids: Sequence[str]) -> Iterable[Row]:
    """Return user_id, unread, mentioned, and unread elsewhere, of those of `user_ids` who are in the room."""
    for start in range(0, len(user_ids), SLICE):
        yield from tx.all(_unread_of_some, room_id=room_id, user_ids=list(user_ids[start : start + SLICE]))


def totals_unread(tx: Transaction, user_ids: Sequence[str]) -> dict[str, int]:
    """Return the unread messages of some people over all rooms; who is in none is not in there."""
    found: dict[str, int] = {}
    for start in range(0, len(user_ids), SLICE):
        rows = tx.all(_totals, user_ids=list(user_ids[start : start + SLICE]))
        found.update((row.user_id, int(row.total)) for row in rows)
    return found


def total_unread(tx: Transaction, user_id: str) -> int:
    """Return a user's unread messages over all rooms."""
    row = tx.one(_total_of, me=user_id)
    return int(row.total) if row else 0
