"""The channels of /chat: their names, who may listen, and the current values that come with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from coursewire.namespaces.chat import rules, store
from coursewire.namespaces.chat.contract import Receipt, ReceiptChanged, Unread, UnreadChanged

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.realtime.contract import Event
    from coursewire.realtime.transaction import Transaction

UNREAD = "unread"
"""The derived value that follows every change of a count."""
UNREAD_NO_MORE = "unread_no_more"
"""The same, for who has just left the room: nothing of it counts for them any more."""


def room_channel(room_id: str) -> str:
    """Name the channel of a room."""
    return f"room:{room_id}"


def user_channel(user_id: str) -> str:
    """Name the channel of one person."""
    return f"user:{user_id}"


def check_room_channel(tx: Transaction, caller: Caller, room_id: str) -> None:
    """Allow `room:<id>` to whoever may read the room (SUB1)."""
    tx.noted = rules.check_can_read(store.load_access(tx, caller, room_id))


def latest_of_room(tx: Transaction, room_id: str) -> Iterable[Event[Any]]:
    """Return the receipts that come with a subscription to a room, where they are told by name."""
    access = tx.noted
    if (
        isinstance(access, rules.Access)
        and access.room_id == room_id
        and rules.told_receipts(access.member_count, tells=access.tells_receipts) != "names"
    ):
        return []
    return [
        ReceiptChanged(receipt_of(room_id, row))
        for row in store.receipts(tx, room_id, rules.NAMED_RECEIPTS_UP_TO)
    ]


def receipt_of(room_id: str, row: Any) -> Receipt:
    """Return a member's pointers, from a row of `store.receipts`."""
    return Receipt(
        room_id=room_id,
        user_id=row.user_id,
        delivered_to=row.delivered_to,
        delivered_number=row.delivered_number,
        read_to=row.read_to,
        read_number=row.read_number,
    )


def unread_of(tx: Transaction, room_id: str, user_ids: Sequence[str]) -> Iterable[tuple[str, Event[Any]]]:
    """Return the counts of one room for the people who are here, one query for many."""
    for row in store.unread_counts(tx, room_id, user_ids):
        total = row.unread + row.elsewhere
        unread = Unread(room_id=room_id, unread=row.unread, mentions=row.mentioned, total=total)
        yield row.user_id, UnreadChanged(unread)


def unread_no_more_of(
    tx: Transaction, room_id: str, user_ids: Sequence[str]
) -> Iterable[tuple[str, Event[Any]]]:
    """Return the counts of people who have left a room, but for those who are back by now, in a few queries for all."""
    still = {row.user_id for row in store.unread_counts(tx, room_id, user_ids)}
    gone = [user_id for user_id in user_ids if user_id not in still]
    totals = store.totals_unread(tx, gone)
    for user_id in gone:
        total = totals.get(user_id, 0)
        yield user_id, UnreadChanged(Unread(room_id=room_id, unread=0, mentions=0, total=total))
