"""How far members have got in a room, and what is left for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    and_,
    bindparam,
    func,
    select,
    update,
)

from coursewire.namespaces.chat.store.tables import ME, ROOM, SENT, SLICE, members, mentions, messages, rooms
from coursewire.storage.statement import Prepared, Row

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction


def gone_after(room_id: Any, after: Any) -> Any:
    """Count what was taken back after a number: one short range of a partial index."""
    gone = messages.alias()
    return (
        select(func.count())
        .where(
            gone.c.room_id == room_id,
            gone.c.number > after,
            gone.c.state != SENT,
        )
        .scalar_subquery()
    )


def mentioned_after(room_id: Any, user_id: Any, after: Any) -> Any:
    """Count the mentions of a user after a number."""
    return (
        select(func.count())
        .select_from(mentions)
        .where(mentions.c.room_id == room_id, mentions.c.user_id == user_id, mentions.c.number > after)
        .scalar_subquery()
    )


# A member's unread messages are the numbers above the read pointer, less what was taken back. One's own are never
# above it: sending moves the pointer.
UNREAD = rooms.c.last_number - members.c.read_number - gone_after(rooms.c.id, members.c.read_number)

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
    .where(members.c.room_id == ROOM, members.c.active == 1, rooms.c.member_count <= bindparam("most"))
)


def receipts(tx: Transaction, room_id: str, most: int) -> list[Row]:
    """Return every member's pointers, or nothing when the room has more than `most` members."""
    return tx.all(_receipts, room_id=room_id, most=most)


_total_members = members.alias("total_members")
_total_rooms = rooms.alias("total_rooms")
_total = (
    select(
        func.coalesce(
            func.sum(
                _total_rooms.c.last_number
                - _total_members.c.read_number
                - gone_after(_total_members.c.room_id, _total_members.c.read_number)
            ),
            0,
        )
    )
    .select_from(_total_members.join(_total_rooms, _total_rooms.c.id == _total_members.c.room_id))
    .where(_total_members.c.user_id == members.c.user_id, _total_members.c.active == 1)
    .correlate(members)
    .scalar_subquery()
)
_unread_of_room = (
    select(
        members.c.user_id,
        UNREAD.label("unread"),
        mentioned_after(members.c.room_id, members.c.user_id, members.c.read_number).label("mentioned"),
        _total.label("total"),
    )
    .select_from(members.join(rooms, rooms.c.id == members.c.room_id))
    .where(members.c.room_id == ROOM, members.c.active == 1)
)
_unread_of_some = Prepared(
    _unread_of_room.where(members.c.user_id.in_(bindparam("user_ids", expanding=True)))
)
_total_of = Prepared(
    select(
        func.coalesce(
            func.sum(
                rooms.c.last_number
                - members.c.read_number
                - gone_after(members.c.room_id, members.c.read_number)
            ),
            0,
        ).label("total")
    )
    .select_from(members.join(rooms, rooms.c.id == members.c.room_id))
    .where(members.c.user_id == ME, members.c.active == 1)
)


def unread_counts(tx: Transaction, room_id: str, user_ids: Sequence[str]) -> Iterable[Row]:
    """Return user_id, unread, mentioned and total of those of `user_ids` who are in the room."""
    for start in range(0, len(user_ids), SLICE):
        yield from tx.all(_unread_of_some, room_id=room_id, user_ids=list(user_ids[start : start + SLICE]))


def total_unread(tx: Transaction, user_id: str) -> int:
    """Return a user's unread messages over all rooms."""
    row = tx.one(_total_of, me=user_id)
    return int(row.total) if row else 0
