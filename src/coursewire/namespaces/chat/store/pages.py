"""Pages of messages: of a room, of one thread of it, and what is pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BindParameter, bindparam, func, select

from coursewire.namespaces.chat.contract import Message
from coursewire.namespaces.chat.store.shown import message_of, with_author
from coursewire.namespaces.chat.store.tables import ROOM, SENT, messages
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction

_NUMBER: BindParameter[int] = bindparam("at_number")
_MOST: BindParameter[int] = bindparam("most")
_ROOT: BindParameter[str] = bindparam("root_id")
_below = with_author.where(messages.c.number < _NUMBER).order_by(messages.c.number.desc()).limit(_MOST)
_above = with_author.where(messages.c.number > _NUMBER).order_by(messages.c.number).limit(_MOST)

_before = Prepared(_below.where(messages.c.room_id == ROOM))
_after = Prepared(_above.where(messages.c.room_id == ROOM))
# By the index on threads alone: the room may be long and the thread short.
_before_in_thread = Prepared(_below.where(messages.c.thread_id == _ROOT))
_after_in_thread = Prepared(_above.where(messages.c.thread_id == _ROOT))
_root = Prepared(with_author.where(messages.c.id == _ROOT))

# A hidden one keeps its pin, for when it is shown again.
_is_pinned = (messages.c.room_id == ROOM, messages.c.pinned_at.is_not(None), messages.c.state == SENT)
_pins = Prepared(
    with_author.where(*_is_pinned).order_by(messages.c.pinned_at.desc(), messages.c.id.desc()).limit(_MOST)
)
_pin_count = Prepared(select(func.count().label("pins")).select_from(messages).where(*_is_pinned))


def messages_before(tx: Transaction, viewer_id: str, room_id: str, number: int, limit: int) -> list[Message]:
    """Return up to `limit` messages of a room below a number, ascending."""
    rows = tx.all(_before, room_id=room_id, at_number=number, most=limit)
    return [message_of(row, viewer_id) for row in reversed(rows)]


def messages_after(tx: Transaction, viewer_id: str, room_id: str, number: int, limit: int) -> list[Message]:
    """Return up to `limit` messages of a room above a number, ascending."""
    rows = tx.all(_after, room_id=room_id, at_number=number, most=limit)
    return [message_of(row, viewer_id) for row in rows]


def thread_before(tx: Transaction, viewer_id: str, root_id: str, number: int, limit: int) -> list[Message]:
    """Return up to `limit` messages of a thread below a number, ascending; the root is its first."""
    rows = tx.all(_before_in_thread, root_id=root_id, at_number=number, most=limit)
    if len(rows) < limit:
        rows += [row for row in tx.all(_root, root_id=root_id) if row.number < number]
    return [message_of(row, viewer_id) for row in reversed(rows)]


def thread_after(tx: Transaction, viewer_id: str, root_id: str, number: int, limit: int) -> list[Message]:
    """Return up to `limit` messages of a thread above a number, ascending; the root is its first."""
    root = [row for row in tx.all(_root, root_id=root_id) if row.number > number]
    rows = [*root, *tx.all(_after_in_thread, root_id=root_id, at_number=number, most=limit)]
    return [message_of(row, viewer_id) for row in rows[:limit]]


def pinned_messages(tx: Transaction, viewer_id: str, room_id: str, limit: int) -> list[Message]:
    """Return up to `limit` pinned messages of a room, the one pinned last first."""
    return [message_of(row, viewer_id) for row in tx.all(_pins, room_id=room_id, most=limit)]


def pin_count(tx: Transaction, room_id: str) -> int:
    """Return how many messages of a room are pinned."""
    row = tx.one(_pin_count, room_id=room_id)
    return int(row.pins) if row else 0
