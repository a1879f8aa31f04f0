"""The tables of /chat."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    BindParameter,
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

from coursewire.storage.schema import metadata

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
    Index(None, "user_id", "active"),
)

messages = Table(
    "chat_messages",
    metadata,
    Column("id", Text, primary_key=True),
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
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("sent_at", BigInteger, nullable=False),
    Column("edited_at", BigInteger),
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

mentions = Table(
    "chat_mentions",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
)

ME: BindParameter[str] = bindparam("me")
ROOM: BindParameter[str] = bindparam("room_id")

SLICE = 500
"""How many ids one statement takes."""
