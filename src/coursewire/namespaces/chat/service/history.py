"""Pages of a room, and the position that belongs to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursewire.errors import NotFound
from coursewire.namespaces.chat import rules, store
from coursewire.namespaces.chat.contract import History, Message, Pins
from coursewire.namespaces.chat.service.channels import room_channel

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.chat.contract import ListPins, ReadHistory
    from coursewire.realtime.transaction import Transaction


def read_history(tx: Transaction, caller: Caller, command: ReadHistory) -> History:
    """Return a page of a room and the position that was read before it (SUB3)."""
    access = rules.check_can_read(store.load_access(tx, caller, command.room_id))
    position = tx.position(room_channel(command.room_id))
    room_id, thread_id, limit = command.room_id, command.thread_id, command.limit
    if thread_id is not None:
        number_of(tx, room_id, thread_id, field="thread_id")

    def before(number: int, most: int) -> list[Message]:
        if thread_id is None:
            return store.messages_before(tx, caller.user_id, room_id, number, most)
        return store.thread_before(tx, caller.user_id, thread_id, number, most)

    def after(number: int, most: int) -> list[Message]:
        if thread_id is None:
            return store.messages_after(tx, caller.user_id, room_id, number, most)
        return store.thread_after(tx, caller.user_id, thread_id, number, most)

    def page(items: list[Message], *, has_before: bool, has_after: bool) -> History:
        shown = store.with_mine(tx, caller.user_id, items)
        own = store.own_among(tx, caller.user_id, items)
        return History(items=shown, position=position, has_before=has_before, has_after=has_after, own=own)

    # One more than asked for says whether there is more.
    if command.after is not None:
        newer = after(number_of(tx, room_id, command.after, field="after"), limit + 1)
        return page(newer[:limit], has_before=True, has_after=len(newer) > limit)
    if command.around is not None:
        number = number_of(tx, room_id, command.around, field="around")
        half, rest = limit // 2, limit - limit // 2
        older, newer = before(number, half + 1), after(number - 1, rest + 1)
        return page(
            older[max(0, len(older) - half) :] + newer[:rest],
            has_before=len(older) > half,
            has_after=len(newer) > rest,
        )
    if command.before is not None:
        number = number_of(tx, room_id, command.before, field="before")
    else:
        number = access.last_number + 1
    older = before(number, limit + 1)
    return page(older[-limit:], has_before=len(older) > limit, has_after=command.before is not None)


def list_pins(tx: Transaction, caller: Caller, command: ListPins) -> Pins:
    """Return what is pinned in a room, the one pinned last first."""
    rules.check_can_read(store.load_access(tx, caller, command.room_id))
    found = store.pinned_messages(tx, caller.user_id, command.room_id, rules.PINS_PER_ROOM)
    own = store.own_among(tx, caller.user_id, found)
    return Pins(items=store.with_mine(tx, caller.user_id, found), own=own)


def number_of(tx: Transaction, room_id: str, message_id: str, *, field: str) -> int:
    """Return the number of a message of this room. Raises NotFound, naming the field."""
    number = store.number_of(tx, room_id, message_id)
    if number is None:
        raise NotFound("there is no such message in this room", field=field)
    return number
