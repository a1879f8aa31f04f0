"""Answers that show a message, and are taken back with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursewire.namespaces.chat import store
from coursewire.namespaces.chat.contract import Message, OneMessage, OneRoom

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.realtime.transaction import Transaction


def one_room(tx: Transaction, caller: Caller, room_id: str) -> OneRoom:
    """Answer with a room; the remembered answer belongs to the message that it shows (LOG5)."""
    room = store.load_summary(tx, caller, room_id)
    if room.last_message is not None:
        tx.subject = room.last_message.id
    return OneRoom(room=room)


def one_message(tx: Transaction, caller: Caller, message: Message) -> OneMessage:
    """Answer with a message; the remembered answer belongs to it, whatever else was appended (LOG5)."""
    tx.subject = message.id
    return OneMessage(message=message, own=True if store.own_among(tx, caller.user_id, [message]) else None)
