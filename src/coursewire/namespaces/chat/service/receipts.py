"""How far people have got: pointers that only move forward, and the counts that follow them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from coursewire.namespaces.chat import rules, store
from coursewire.namespaces.chat.contract import OneReceipt, Readers, Receipt, ReceiptChanged, Unread
from coursewire.namespaces.chat.service.channels import UNREAD, receipt_of, room_channel
from coursewire.namespaces.chat.service.history import number_of
from coursewire.namespaces.chat.service.visible import load_visible

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.chat.contract import MarkReceipt, Message, ReadReceipts
    from coursewire.realtime.transaction import Transaction


def mark_receipt(tx: Transaction, caller: Caller, command: MarkReceipt) -> OneReceipt:
    """Move the caller's pointers forward. Reading implies delivery; an earlier message changes nothing."""
    access = rules.check_can_read(store.load_access(tx, caller, command.room_id))
    room_id, delivered, read = access.room_id, access.delivered_number, access.read_number
    if command.delivered is not None:
        delivered = max(delivered, number_of(tx, room_id, command.delivered, field="delivered"))
    if command.read is not None:
        read = max(read, number_of(tx, room_id, command.read, field="read"))
        delivered = max(delivered, read)
    if not access.is_member:
        # Who only looks in has nothing unread here.
        delivered, read = access.delivered_number, access.read_number
    delivered_to = store.message_id_at(tx, room_id, delivered)
    receipt = Receipt(
        room_id=room_id,
        user_id=caller.user_id,
        delivered_to=delivered_to,
        delivered_number=delivered,
        read_to=delivered_to if read == delivered else store.message_id_at(tx, room_id, read),
        read_number=read,
    )
    if (delivered, read) != (access.delivered_number, access.read_number):
        store.advance_pointers(tx, room_id, caller.user_id, delivered, read)
        if _names_are_told(access):
            tx.publish_latest(room_channel(room_id), ReceiptChanged(receipt))
        if read != access.read_number:
            tx.derive(UNREAD, room_id, user_ids=[caller.user_id])
    return OneReceipt(receipt=receipt, unread=_unread(tx, caller, room_id))


def read_receipts(tx: Transaction, caller: Caller, command: ReadReceipts) -> Readers:
    """Return how far a message has got: with names in small rooms, as numbers in large ones, or not at all."""
    message, _, access = load_visible(tx, caller, command.message_id)
    told = rules.told_receipts(access.member_count, tells=access.tells_receipts)
    if told == "off":
        return Readers(message_id=message.id, receipts=told)
    # Without its author, if it has one: leaving out an anonymous one would tell who it is.
    author_id = message.author.user_id if message.author else ""
    delivered, read = store.readers_of(tx, access.room_id, message.number, author_id)
    return Readers(
        message_id=message.id,
        receipts=told,
        delivered=delivered,
        read=read,
        items=[
            receipt_of(access.room_id, row)
            for row in store.receipts(tx, access.room_id, rules.NAMED_RECEIPTS_UP_TO)
            if row.delivered_number >= message.number and row.user_id != author_id
        ],
    )


def switch(tx: Transaction, access: rules.Access, *, on: bool) -> None:
    """Begin or cease to tell a room how far its people have read."""
    if on == access.tells_receipts:
        return
    with forgetting(tx, access.room_id):
        store.set_receipts(tx, access.room_id, on=on)
    if on:
        for row in store.receipts(tx, access.room_id, rules.NAMED_RECEIPTS_UP_TO):
            tx.publish_latest(room_channel(access.room_id), ReceiptChanged(receipt_of(access.room_id, row)))


@contextmanager
def forgetting(tx: Transaction, room_id: str) -> Iterator[None]:
    """Let nobody be told any more of those whose receipts a change ends: who leaves, or all when the room grows large.

    The nodes keep the newest values for whoever comes next, until an empty one takes the place of each.
    """
    before = _named(tx, room_id)
    yield
    if before:
        now = set(_named(tx, room_id))
        for user_id in before:
            if user_id not in now:
                empty = ReceiptChanged(Receipt(room_id=room_id, user_id=user_id))
                tx.publish_latest(room_channel(room_id), empty, is_last=True)


def _named(tx: Transaction, room_id: str) -> list[str]:
    return [row.user_id for row in store.receipts(tx, room_id, rules.NAMED_RECEIPTS_UP_TO)]


def mark_own(tx: Transaction, caller: Caller, access: rules.Access, message: Message) -> None:
    """Move the pointers of whoever spoke to what they said: they have read what stood there."""
    store.advance_pointers(tx, access.room_id, caller.user_id, message.number, message.number)
    if _names_are_told(access):
        receipt = Receipt(
            room_id=access.room_id,
            user_id=caller.user_id,
            delivered_to=message.id,
            delivered_number=message.number,
            read_to=message.id,
            read_number=message.number,
        )
        tx.publish_latest(room_channel(access.room_id), ReceiptChanged(receipt))


def _names_are_told(access: rules.Access) -> bool:
    return rules.told_receipts(access.member_count, tells=access.tells_receipts) == "names"


def _unread(tx: Transaction, caller: Caller, room_id: str) -> Unread:
    row = next(iter(store.unread_counts(tx, room_id, [caller.user_id])), None)
    return Unread(
        room_id=room_id,
        unread=row.unread if row else 0,
        mentions=row.mentioned if row else 0,
        total=row.unread + row.elsewhere if row else store.total_unread(tx, caller.user_id),
    )
