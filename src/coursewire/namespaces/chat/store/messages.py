"""Messages: writing, changing, reading them by number."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, bindparam, delete, insert, or_, select, update

from coursewire.identity.store import users
from coursewire.namespaces.chat.contract import Author, Message
from coursewire.namespaces.chat.store.tables import ROOM, mentions, messages, rooms
from coursewire.storage.statement import Prepared, Row
from coursewire.vocabulary import iso, milliseconds

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction

_MESSAGE_COLUMNS = (
    "id", "room_id", "number", "author_id", "anonymous", "key", "text", "html", "reply_to", "thread_id",
    "mentions", "state", "version", "sent_at", "edited_at",
)  # fmt: skip


def message_columns(table: Any, prefix: str = "") -> list[Any]:
    """Return the columns that `message_of` reads, for a query that joins messages to something else."""
    return [table.c[name].label(prefix + name) for name in _MESSAGE_COLUMNS]


_author = users.alias("author")

_take_number = Prepared(
    update(rooms)
    .where(rooms.c.id == ROOM)
    .values(last_number=bindparam("taken"), moved_at=bindparam("moved"))
)
_insert_message = Prepared(insert(messages))
_insert_mention = Prepared(insert(mentions))
_forget_mentions = Prepared(
    delete(mentions).where(mentions.c.room_id == ROOM, mentions.c.number == bindparam("at_number"))
)
_rewrite = Prepared(
    update(messages)
    .where(messages.c.id == bindparam("message_id"))
    .values(
        text=bindparam("new_text"),
        html=bindparam("new_html"),
        mentions=bindparam("new_mentions"),
        state=bindparam("new_state"),
        version=bindparam("new_version"),
        edited_at=bindparam("edited"),
    )
)
_with_author = select(
    *message_columns(messages),
    _author.c.name.label("author_name"),
    _author.c.avatar_url.label("author_avatar"),
).select_from(messages.outerjoin(_author, _author.c.id == messages.c.author_id))
_one_message = Prepared(_with_author.where(messages.c.id == bindparam("message_id")))
_number_of = Prepared(
    select(messages.c.number).where(messages.c.id == bindparam("message_id"), messages.c.room_id == ROOM)
)
_id_at = Prepared(
    select(messages.c.id).where(messages.c.room_id == ROOM, messages.c.number == bindparam("at_number"))
)
_THREAD: BindParameter[str] = bindparam("thread_id")
_in_thread = or_(_THREAD == "", messages.c.thread_id == _THREAD, messages.c.id == _THREAD)
_before = Prepared(
    _with_author.where(messages.c.room_id == ROOM, messages.c.number < bindparam("at_number"), _in_thread)
    .order_by(messages.c.number.desc())
    .limit(bindparam("most"))
)
_after = Prepared(
    _with_author.where(messages.c.room_id == ROOM, messages.c.number > bindparam("at_number"), _in_thread)
    .order_by(messages.c.number)
    .limit(bindparam("most"))
)


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
        state=message.state,
        version=message.version,
        sent_at=tx.now,
        edited_at=None,
    )
    for user_id in message.mentions:
        tx.run(_insert_mention, room_id=message.room_id, user_id=user_id, number=message.number)


def rewrite_message(tx: Transaction, message: Message) -> None:
    """Write the text, state and version of a message that was edited or taken back."""
    tx.run(
        _rewrite,
        message_id=message.id,
        new_text=message.text,
        new_html=message.html,
        new_mentions=json.dumps(message.mentions),
        new_state=message.state,
        new_version=message.version,
        edited=milliseconds(message.edited_at) if message.edited_at else None,
    )
    if message.state != "sent":
        tx.run(_forget_mentions, room_id=message.room_id, at_number=message.number)


def load_message(tx: Transaction, message_id: str, viewer_id: str) -> tuple[Message, str] | None:
    """Return a message as the viewer sees it, and who wrote it."""
    row = tx.one(_one_message, message_id=message_id)
    return (message_of(row, viewer_id), row.author_id) if row else None


def number_of(tx: Transaction, room_id: str, message_id: str) -> int | None:
    """Return the number of a message of this room."""
    row = tx.one(_number_of, room_id=room_id, message_id=message_id)
    return int(row.number) if row else None


def message_id_at(tx: Transaction, room_id: str, number: int) -> str | None:
    """Return the id of the message of a number."""
    row = tx.one(_id_at, room_id=room_id, at_number=number) if number else None
    return str(row.id) if row else None


def messages_before(
    tx: Transaction, viewer_id: str, room_id: str, number: int, thread_id: str | None, limit: int
) -> list[Message]:
    """Return up to `limit` messages below a number, ascending."""
    rows = tx.all(_before, room_id=room_id, at_number=number, thread_id=thread_id or "", most=limit)
    return [message_of(row, viewer_id) for row in reversed(rows)]


def messages_after(
    tx: Transaction, viewer_id: str, room_id: str, number: int, thread_id: str | None, limit: int
) -> list[Message]:
    """Return up to `limit` messages above a number, ascending."""
    rows = tx.all(_after, room_id=room_id, at_number=number, thread_id=thread_id or "", most=limit)
    return [message_of(row, viewer_id) for row in rows]


def message_of(row: Row, viewer_id: str, prefix: str = "") -> Message:
    """Return a row's message as the viewer sees it; only its author sees the key, while it says something."""
    value = {name: getattr(row, prefix + name) for name in _MESSAGE_COLUMNS}
    author_id = value["author_id"]
    author = None
    if not value["anonymous"]:
        name = getattr(row, f"{prefix}author_name") or author_id
        author = Author(user_id=author_id, name=name, avatar_url=getattr(row, f"{prefix}author_avatar"))
    return Message(
        id=value["id"],
        room_id=value["room_id"],
        number=value["number"],
        author=author,
        anonymous=bool(value["anonymous"]),
        key=value["key"] if author_id == viewer_id and value["state"] == "sent" else None,
        text=value["text"],
        html=value["html"],
        reply_to=value["reply_to"],
        thread_id=value["thread_id"],
        mentions=json.loads(value["mentions"]),
        state=value["state"],
        version=value["version"],
        sent_at=iso(value["sent_at"]),
        edited_at=iso(value["edited_at"]) if value["edited_at"] is not None else None,
    )
