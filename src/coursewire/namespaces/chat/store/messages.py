"""Messages: writing and changing them, and finding one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, insert, literal_column, select, update

from coursewire.namespaces.chat.contract import Message, Thread
from coursewire.namespaces.chat.store.shown import message_of, with_author
from coursewire.namespaces.chat.store.tables import ME, ROOM, mentions, messages, reactions, rooms
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import iso, milliseconds

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction

_MESSAGE = bindparam("message_id", type_=messages.c.id.type)

_take_number = Prepared(
    update(rooms)
    .where(rooms.c.id == ROOM)
    .values(last_number=bindparam("taken"), moved_at=bindparam("moved"))
)
_insert_message = Prepared(
    insert(messages).values({name: bindparam(name) for name in messages.c.keys() if name != "seq"})  # noqa: SIM118
)
_forget_mentions = Prepared(
    # Those of a hidden message wait below 0.
    delete(mentions).where(
        mentions.c.room_id == ROOM, mentions.c.number.in_((bindparam("at_number"), -bindparam("at_number")))
    )
)
_forget_reactions = Prepared(delete(reactions).where(reactions.c.message_id == _MESSAGE))
_rewrite = Prepared(
    update(messages)
    .where(messages.c.id == _MESSAGE)
    .values(
        text=bindparam("new_text"),
        html=bindparam("new_html"),
        version=bindparam("new_version"),
        edited_at=bindparam("edited"),
    )
)
_empty = Prepared(
    update(messages)
    .where(messages.c.id == _MESSAGE)
    .values(
        key=None,
        text=literal_column("''"),
        html=literal_column("''"),
        mentions=literal_column("'[]'"),
        mention_groups=None,
        reactions=None,
        pinned_at=None,
        state=bindparam("new_state"),
        version=bindparam("new_version"),
    )
)
_pin = Prepared(update(messages).where(messages.c.id == _MESSAGE).values(pinned_at=bindparam("pinned")))
_count_reply = Prepared(
    update(messages)
    .where(messages.c.id == _MESSAGE)
    .values(
        thread_count=messages.c.thread_count + bindparam("more"),
        thread_last_at=func.coalesce(bindparam("last_at"), messages.c.thread_last_at),
    )
)
_thread = Prepared(
    select(messages.c.thread_count, messages.c.thread_last_at).where(messages.c.id == _MESSAGE)
)
_one_message = Prepared(with_author.where(messages.c.id == _MESSAGE))
_number_of = Prepared(select(messages.c.number).where(messages.c.id == _MESSAGE, messages.c.room_id == ROOM))
_id_at = Prepared(
    select(messages.c.id).where(messages.c.room_id == ROOM, messages.c.number == bindparam("at_number"))
)
_own_among = Prepared(
    select(messages.c.id)
    .where(messages.c.id.in_(bindparam("message_ids", expanding=True)), messages.c.author_id == ME)
    .order_by(messages.c.number)
)
_replies_to = Prepared(select(messages.c.id).where(messages.c.reply_to == _MESSAGE))


def insert_message(tx: Transaction, author_id: str, message: Message) -> None:
    """Write a message whose number is the one after the room's last, as this transaction has read it."""
    # Whoever writes at the same time, on a database that lets them, is stopped by the unique number.
    if not tx.run(_take_number, room_id=message.room_id, taken=message.number, moved=tx.now):
        raise LookupError(message.room_id)
    tx.run(
        _insert_message,
        id=message.id,
        room_id=message.room_id,
        number=message.number,
        author_id=author_id,
        anonymous=int(message.anonymous),
        key=message.key,
        text=message.text,
        html=message.html,
        reply_to=message.reply_to,
        thread_id=message.thread_id,
        mentions=json.dumps(message.mentions) if message.mentions else "[]",
        mention_groups=json.dumps(message.mention_groups) if message.mention_groups else None,
        reactions=None,
        thread_count=0,
        thread_last_at=None,
        pinned_at=None,
        state=message.state,
        version=message.version,
        sent_at=tx.now,
        edited_at=None,
    )


def rewrite_message(tx: Transaction, message: Message) -> None:
    """Write the text and version of a message that was edited."""
    tx.run(
        _rewrite,
        message_id=message.id,
        new_text=message.text,
        new_html=message.html,
        new_version=message.version,
        edited=milliseconds(message.edited_at) if message.edited_at else None,
    )


def empty_message(tx: Transaction, gone: Message) -> None:
    """Leave nothing of a message that was taken back but its place, and nobody mentioned or reacting."""
    tx.run(_empty, message_id=gone.id, new_state=gone.state, new_version=gone.version)
    forget_mentions(tx, gone)
    tx.run(_forget_reactions, message_id=gone.id)


def forget_mentions(tx: Transaction, message: Message) -> None:
    """Count a message's mentions no more."""
    tx.run(_forget_mentions, room_id=message.room_id, at_number=message.number)


def pin_message(tx: Transaction, message_id: str, *, on: bool) -> None:
    """Pin a message now, or take the pin off."""
    tx.run(_pin, message_id=message_id, pinned=tx.now if on else None)


def count_reply(tx: Transaction, root_id: str, more: int, *, at: int | None = None) -> Thread:
    """Count a reply in a thread (1; `at`: when, if it is new) or one less (-1); return how the thread stands then."""
    tx.run(_count_reply, message_id=root_id, more=more, last_at=at)
    row = tx.one(_thread, message_id=root_id)
    if row is None:
        raise LookupError(root_id)
    return Thread(replies=row.thread_count, last_at=iso(row.thread_last_at))


def load_message(tx: Transaction, message_id: str, viewer_id: str) -> tuple[Message, str] | None:
    """Return a message as the viewer sees it, and who wrote it."""
    row = tx.one(_one_message, message_id=message_id)
    return (message_of(row, viewer_id), row.author_id) if row else None


def own_among(tx: Transaction, viewer_id: str, shown: Sequence[Message]) -> list[str]:
    """Return which of up to a SLICE of messages the viewer wrote without a name."""
    nameless = [message.id for message in shown if message.anonymous]
    if not nameless:
        return []
    return [row.id for row in tx.all(_own_among, message_ids=nameless, me=viewer_id)]


def replies_to(tx: Transaction, message_id: str) -> list[str]:
    """Return the messages that quote a message."""
    return [row.id for row in tx.all(_replies_to, message_id=message_id)]


def number_of(tx: Transaction, room_id: str, message_id: str) -> int | None:
    """Return the number of a message of this room."""
    row = tx.one(_number_of, room_id=room_id, message_id=message_id)
    return int(row.number) if row else None


def message_id_at(tx: Transaction, room_id: str, number: int) -> str | None:
    """Return the id of the message of a number."""
    row = tx.one(_id_at, room_id=room_id, at_number=number) if number else None
    return str(row.id) if row else None
