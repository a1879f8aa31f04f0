"""The first schema: the log, and the first life of this database."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables, and the epoch that says which life of the database this is."""
    _create_log()


def downgrade() -> None:
    """Drop all tables."""
    for table in ("remembered", "events", "streams", "database"):
        op.drop_table(table)


def _create_log() -> None:
    database = op.create_table(
        "database",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Text, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_database_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_database")),
    )
    op.bulk_insert(database, [{"id": 1, "epoch": secrets.token_hex(8)}])
    op.create_table(
        "streams",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("namespace", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("epoch", sa.Text, nullable=False),
        sa.Column("top", sa.BigInteger, nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("first_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_streams")),
        sa.UniqueConstraint("namespace", "channel", name=op.f("uq_streams_namespace_channel")),
    )
    op.create_table(
        "events",
        sa.Column("stream_id", sa.Integer, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("stream_id", "offset", name=op.f("pk_events")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_events_subject_stream_id"),
        "events",
        ["subject", "stream_id"],
        sqlite_where=sa.text("subject IS NOT NULL"),
        postgresql_where=sa.text("subject IS NOT NULL"),
    )
    op.create_table(
        "remembered",
        sa.Column("namespace", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("result", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("namespace", "caller", "key", name=op.f("pk_remembered")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_remembered_at"), "remembered", ["at"])
    op.create_index(
        op.f("ix_remembered_subject_namespace"),
        "remembered",
        ["subject", "namespace"],
        sqlite_where=sa.text("subject IS NOT NULL"),
        postgresql_where=sa.text("subject IS NOT NULL"),
    )
