"""The tables of /chat."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    BindParameter,
    CheckConstraint,
    Column,
    ColumnElement,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    literal_column,
)

from coursewire.storage.schema import metadata, text_index

SENT: ColumnElement[str] = literal_column("'sent'")
YES: ColumnElement[int] = literal_column("1")
"""Written out, not bound: only then does SQLite see that a query fits a partial index."""

rooms = Table(
    "chat_rooms",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("course_id", Text),
    Column("title", Text, nullable=False),
    Column("pair", Text),  # the two people of a direct room: unique, so that they share one
    Column("member_count", Integer, nullable=False),
    Column("last_number", Integer, nullable=False),
    Column("tells_receipts", Integer, nullable=False),  # 0: nobody is told how far others have read
    Column("locked", Integer, nullable=False),
    Column("slow_mode_s", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("moved_at", BigInteger, nullable=False),
    UniqueConstraint("pair"),
    Index(None, "course_id"),
)

members = Table(
    "chat_members",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("active", Integer, nullable=False),  # 0: has left; the pointers stay
    Column("joined_at", BigInteger, nullable=False),
    Column("delivered_number", Integer, nullable=False),
    Column("read_number", Integer, nullable=False),
    Column("muted_until", BigInteger),
    Column("posted_at", BigInteger),  # the last message while the room was in slow mode
    Index(None, "user_id", "active"),
)

messages = Table(
    "chat_messages",
    metadata,
    Column("seq", Integer, primary_key=True),  # what the index of words keeps instead of an id
    Column("id", Text, nullable=False),
    Column("room_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("author_id", Text, nullable=False),
    Column("anonymous", Integer, nullable=False),
    Column("key", Text),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("reply_to", Text),
    Column("thread_id", Text),
    Column("mentions", Text, nullable=False),
    Column("mention_groups", Text),  # a JSON list; nothing where no group was called
    Column(
        "reactions", Text
    ),  # their summary in JSON, kept true to chat_reactions; nothing where there are none
    Column("thread_count", Integer, nullable=False),  # replies in its thread that were not taken back
    Column("thread_last_at", BigInteger),
    Column("pinned_at", BigInteger),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("sent_at", BigInteger, nullable=False),
    Column("edited_at", BigInteger),
    UniqueConstraint("id"),
    UniqueConstraint("room_id", "number"),
)
# What was taken back is rare: counting unread means subtracting it from a difference of numbers.
Index(
    "ix_chat_messages_gone",
    messages.c.room_id,
    messages.c.number,
    sqlite_where=messages.c.state != SENT,
    postgresql_where=messages.c.state != SENT,
)
# One's own named messages are never unread: sending moves the pointer. Anonymous ones must not show in it.
Index(
    "ix_chat_messages_anonymous",
    messages.c.room_id,
    messages.c.author_id,
    messages.c.number,
    sqlite_where=messages.c.anonymous == YES,
    postgresql_where=messages.c.anonymous == YES,
)
# Few messages are in a thread, are replies or are pinned: each index holds only those.
Index(
    "ix_chat_messages_thread",
    messages.c.thread_id,
    messages.c.number,
    sqlite_where=messages.c.thread_id.is_not(None),
    postgresql_where=messages.c.thread_id.is_not(None),
)
Index(
    "ix_chat_messages_replies",
    messages.c.reply_to,
    sqlite_where=messages.c.reply_to.is_not(None),
    postgresql_where=messages.c.reply_to.is_not(None),
)
Index(
    "ix_chat_messages_pinned",
    messages.c.room_id,
    messages.c.pinned_at,
    sqlite_where=messages.c.pinned_at.is_not(None),
    postgresql_where=messages.c.pinned_at.is_not(None),
)

mentions = Table(
    "chat_mentions",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
)

reactions = Table(
    "chat_reactions",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("emoji", Text, primary_key=True),
    Column("reacted_at", BigInteger, nullable=False),
)

reports = Table(
    "chat_reports",
    metadata,
    Column("id", Text, primary_key=True),
    Column("room_id", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("reporter_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reported_at", BigInteger, nullable=False),
    UniqueConstraint("message_id", "reporter_id"),
    Index(None, "state", "id"),
)

audit = Table(
    "chat_audit",
    metadata,
    Column("id", Text, primary_key=True),
    Column("room_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("message_id", Text),
    Column("user_id", Text),  # on whom; not of anonymous messages: the trail would tell who wrote them
    Column("seconds", Integer),
    Column("note", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "room_id", "id"),
)

search = text_index("chat_search", "words", "scope")
"""Of the messages that say something, by `seq`. `scope` holds words that stand for where a message may be read."""

indexed_to = Table(
    "chat_indexed",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    CheckConstraint("id = 1", name="only_one"),
)
"""One row, made by the first migration: up to which `seq` messages are in `search`."""

ME: BindParameter[str] = bindparam("me")
ROOM: BindParameter[str] = bindparam("room_id")

SLICE = 500
"""How many ids one statement takes."""
