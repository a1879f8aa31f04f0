"""The tables of the log."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from coursewire.storage.schema import metadata

database = Table(
    "database",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Text, nullable=False),
    CheckConstraint("id = 1", name="only_one"),
)
"""One row, made by the first migration: which life of the database this is."""

streams = Table(
    "streams",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("namespace", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("epoch", Text, nullable=False),
    Column("top", BigInteger, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("first_at", BigInteger),
    UniqueConstraint("namespace", "channel"),
)
"""One row per channel that was ever written: `first`..`top` are the offsets of its retained events (none when
`first` = `top` + 1); `first_at` is when the first of them happened."""

events = Table(
    "events",
    metadata,
    Column("stream_id", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("id", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text),
    Column("subject", Text),
    Column("size", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("attachment", LargeBinary),
    sqlite_with_rowid=False,
)
"""The retained events. `data` is the JSON that travels, as bytes: written once, sent as it is. `attachment` is what the
payload has of bytes; most have none. `size` is the length of both, and stands before them so that summing sizes does
not read the payloads."""

Index(
    None,
    events.c.subject,
    events.c.stream_id,
    sqlite_where=events.c.subject.is_not(None),
    postgresql_where=events.c.subject.is_not(None),
)

remembered = Table(
    "remembered",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("namespace", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("subject", Text),
    Column("digest", LargeBinary, nullable=False),
    Column("result", LargeBinary, nullable=False),
    UniqueConstraint("namespace", "caller", "key"),
)
"""What a command with a key answered (LOG3). `seq` is the order in which they came, so that forgetting the oldest needs
no index of times. The key is not the order of the table: SQLite would keep whole rows in the inner pages of the tree as
well, six to a page, and keys come in no order."""

Index(
    None,
    remembered.c.subject,
    remembered.c.namespace,
    sqlite_where=remembered.c.subject.is_not(None),
    postgresql_where=remembered.c.subject.is_not(None),
)
