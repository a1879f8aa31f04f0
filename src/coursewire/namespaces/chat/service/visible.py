"""Finding a message that the caller may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursewire.errors import NotFound
from coursewire.namespaces.chat import rules, store

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.chat.contract import Message
    from coursewire.realtime.transaction import Transaction


def load_visible(tx: Transaction, caller: Caller, message_id: str) -> tuple[Message, str, rules.Access]:
    """Return a message that the caller may see, who wrote it, and how the caller stands to its room.

    Raises NotFound for one that is not there or in a room that is not this caller's to know of.
    """
    found = store.load_message(tx, message_id, caller.user_id)
    access = store.load_access(tx, caller, found[0].room_id) if found else None
    if found is None or access is None or not access.may_read:
        raise NotFound("there is no such message, or you may not see it", field="message_id")
    message, author_id = found
    [shown] = store.with_mine(tx, caller.user_id, [message])
    return shown, author_id, access
