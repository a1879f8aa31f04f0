"""What a person has left in the tables, and taking it out.

The statements look through whole tables: an index for what is done so rarely would cost every message.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, bindparam, delete, func, literal_column, or_, select, tuple_, update

from coursewire.namespaces.chat.contract import Message
from coursewire.namespaces.chat.store.shown import message_columns, message_of
from coursewire.namespaces.chat.store.tables import (
    ME,
    SENT,
    SLICE,
    members,
    mentions,
    messages,
    reactions,
    rooms,
)
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction

_NOBODY: ColumnElement[str] = literal_column("''")
_name: ColumnElement[Any] = literal_column("NULL")

_rooms_of = Prepared(select(members.c.room_id).where(members.c.user_id == ME))
_companions = Prepared(
    select(members.c.user_id)
    .distinct()
    .join(rooms, rooms.c.id == members.c.room_id)
    .where(
        members.c.room_id.in_(bindparam("room_ids", expanding=True)),
        rooms.c.kind.in_(["direct", "group"]),
    )
)
_columns = (*message_columns(messages), _name.label("author_name"), _name.label("author_avatar"))
_own = select(messages.c.id).where(messages.c.author_id == ME)
_replies_to_own = Prepared(select(messages.c.id).where(messages.c.reply_to.in_(_own)))
_reply = messages.alias("reply")
_recount_threads = Prepared(
    update(messages)
    .where(
        messages.c.id.in_(
            select(_reply.c.thread_id).where(_reply.c.author_id == ME, _reply.c.thread_id.is_not(None))
        )
    )
    .values(
        thread_count=select(func.count())
        .where(_reply.c.thread_id == messages.c.id, _reply.c.author_id != ME, _reply.c.state == SENT)
        .scalar_subquery()
    )
)
_reacted_to = Prepared(select(reactions.c.message_id).distinct().where(reactions.c.user_id == ME))
_forget_reactions = Prepared(
    delete(reactions).where(or_(reactions.c.user_id == ME, reactions.c.message_id.in_(_own)))
)
_written = Prepared(
    select(*_columns).where(messages.c.author_id == ME).order_by(messages.c.room_id, messages.c.number)
)
_mentioning = Prepared(
    select(*_columns)
    .join(
        mentions,
        (mentions.c.room_id == messages.c.room_id) & (func.abs(mentions.c.number) == messages.c.number),
    )
    .where(mentions.c.user_id == ME)
    .order_by(messages.c.room_id, messages.c.number)
)
_forget_mentions = Prepared(
    delete(mentions).where(
        or_(
            mentions.c.user_id == ME,
            tuple_(mentions.c.room_id, func.abs(mentions.c.number)).in_(
                select(messages.c.room_id, messages.c.number).where(messages.c.author_id == ME)
            ),
        )
    )
)
_unmention = Prepared(
    update(messages)
    .where(messages.c.id == bindparam("message_id"))
    .values(mentions=bindparam("left"), html=bindparam("new_html"))
)
_erase_messages = Prepared(
    update(messages)
    .where(messages.c.author_id == ME)
    .values(
        author_id=_NOBODY,
        anonymous=literal_column("1"),
        key=None,
        text=_NOBODY,
        html=_NOBODY,
        mentions=literal_column("'[]'"),
        mention_groups=None,
        reactions=None,
        pinned_at=None,
        state=literal_column("'deleted'"),
        version=messages.c.version + literal_column("1"),
    )
)
_unpair = Prepared(
    update(rooms)
    .where(rooms.c.id == bindparam("of_room"), rooms.c.kind == literal_column("'direct'"))
    .values(pair=None)
)


def rooms_of_member(tx: Transaction, user_id: str) -> list[str]:
    """Return the rooms that somebody is in or has left."""
    return [row.room_id for row in tx.all(_rooms_of, me=user_id)]


def companions(tx: Transaction, room_ids: Sequence[str]) -> frozenset[str]:
    """Return who is or was in those of these rooms that are private."""
    found: set[str] = set()
    for start in range(0, len(room_ids), SLICE):
        rows = tx.all(_companions, room_ids=list(room_ids[start : start + SLICE]))
        found.update(row.user_id for row in rows)
    return frozenset(found)


def messages_by(tx: Transaction, user_id: str) -> list[Message]:
    """Return all that somebody wrote, also anonymously, by room and number; without names."""
    return [message_of(row, "") for row in tx.all(_written, me=user_id)]


def messages_mentioning(tx: Transaction, user_id: str) -> list[Message]:
    """Return the messages that mention somebody, by room and number; without names."""
    # Also what a hidden one keeps in its row, to be shown again.
    return [
        message_of(row, "").model_copy(update={"html": row.html, "mentions": json.loads(row.mentions)})
        for row in tx.all(_mentioning, me=user_id)
    ]


def unmention(tx: Transaction, message: Message) -> None:
    """Write whom a message mentions."""
    tx.run(_unmention, message_id=message.id, left=json.dumps(message.mentions), new_html=message.html)


def replies_to_author(tx: Transaction, user_id: str) -> list[str]:
    """Return the messages that quote somebody."""
    return [row.id for row in tx.all(_replies_to_own, me=user_id)]


def erase_reactions(tx: Transaction, user_id: str) -> list[str]:
    """Take out somebody's reactions, and those to what they wrote; return what they had reacted to."""
    message_ids = [row.message_id for row in tx.all(_reacted_to, me=user_id)]
    tx.run(_forget_reactions, me=user_id)
    return message_ids


def erase_messages(tx: Transaction, user_id: str) -> None:
    """Leave nothing of somebody's messages but their places, and nobody mentioned by or with them."""
    tx.run(_recount_threads, me=user_id)
    tx.run(_forget_mentions, me=user_id)
    tx.run(_erase_messages, me=user_id)


def unpair(tx: Transaction, room_id: str) -> None:
    """Let a direct room be that of no pair any more: its name holds the ids of both."""
    tx.run(_unpair, of_room=room_id)
