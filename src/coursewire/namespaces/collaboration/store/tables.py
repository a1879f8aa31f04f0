"""The tables of documents and of what is in them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from coursewire.storage.schema import metadata

documents = Table(
    "collaboration_documents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("course_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("url", Text),
    Column("group_id", Text),  # whose it is, with the staff; of nobody in particular: of the whole course
    Column("access", Text, nullable=False),  # JSON: role -> mode, where it differs from the usual
    Column("archived", Integer, nullable=False),
    Column("layout", Integer, nullable=False),  # which generation of elements is in it
    Column("epoch", Text, nullable=False),
    Column("digest", Text),  # of what the LMS made it from
    Column("created_by", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),  # of the last edit, to the minute
)
# Lists, the last edited first.
Index("ix_collaboration_documents_course", documents.c.course_id, documents.c.updated_at, documents.c.id)

updates = Table(
    "collaboration_updates",
    metadata,
    Column("document_id", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),  # in the stream of the document
    Column("client_id", BigInteger, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""What was edited since the snapshot before the last one. The log is no place for it: its events are trimmed."""

snapshots = Table(
    "collaboration_snapshots",
    metadata,
    Column("document_id", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("made_at", BigInteger, nullable=False),
    Column("size", Integer, nullable=False),
    Column("state", LargeBinary, nullable=False),  # an update from nothing to all up to and with the offset
    Column("known", LargeBinary, nullable=False),  # what a room has to know beside it (encoding/known.py)
    Column("deleted", LargeBinary, nullable=False),  # who took it away (encoding/deletions.py)
)

writers = Table(
    "collaboration_writers",
    metadata,
    Column("document_id", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("client_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", Text, nullable=False),
    Column("clock", BigInteger, nullable=False),  # how many units it has written
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Whose each client id is, from its first update on: who wrote what, and nobody writes as somebody else."""
Index("ix_collaboration_writers_user", writers.c.user_id)
