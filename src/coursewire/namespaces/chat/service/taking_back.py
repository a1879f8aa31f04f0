"""Taking a message back: from the log's past, from what quotes it, and from every screen (LOG5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from coursewire.namespaces.chat import store
from coursewire.namespaces.chat.contract import MessageDeleted
from coursewire.namespaces.chat.service.channels import UNREAD, room_channel

if TYPE_CHECKING:
    from coursewire.namespaces.chat.contract import Message
    from coursewire.realtime.transaction import Transaction


def take_back(tx: Transaction, gone: Message, *, actor: str | None, was_there: bool = True) -> Message:
    """Tell that only this is left of a message whose row says so already; return it as it is told.

    was_there: whether people saw it until now; a hidden one is in no thread's count any more.
    """
    tx.redact(gone.id, gone)
    forget_quotes(tx, gone.id)
    if gone.thread_id is not None:
        thread = store.count_reply(tx, gone.thread_id, -1 if was_there else 0)
        told = gone.model_copy(update={"thread": thread})
    else:
        told = gone
    tx.append(room_channel(gone.room_id), MessageDeleted(told), actor=actor)
    tx.derive(UNREAD, gone.room_id)
    return gone


def forget_quotes(tx: Transaction, message_id: str) -> None:
    """Take what was quoted of a message out of the log. History looks quotes up, and shows none any more."""
    for reply_id in store.replies_to(tx, message_id):
        tx.redact(reply_id, without_quote)


def without_quote(data: bytes) -> bytes:
    """Return the JSON of a logged message without the words and the author that it quotes."""
    payload: dict[str, Any] = orjson.loads(data)
    quote = payload.get("quote")
    if quote is None:
        return data
    kept = {name: quote[name] for name in ("id", "number")}
    return orjson.dumps({**payload, "quote": {**kept, "text": "", "state": "deleted"}})
