"""Documents and what is in them, in the first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TABLES = (
    "collaboration_writers",
    "collaboration_snapshots",
    "collaboration_updates",
    "collaboration_documents",
)
"""In the order in which they can be dropped."""


def create() -> None:
    """Create them."""
    op.create_table(
        "collaboration_documents",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("course_id", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("group_id", sa.Text),
        sa.Column("access", sa.Text, nullable=False),
        sa.Column("archived", sa.Integer, nullable=False),
        sa.Column("layout", sa.Integer, nullable=False),
        sa.Column("epoch", sa.Text, nullable=False),
        sa.Column("digest", sa.Text),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collaboration_documents")),
    )
    op.create_index(
        "ix_collaboration_documents_course", "collaboration_documents", ["course_id", "updated_at", "id"]
    )
    op.create_table(
        "collaboration_updates",
        sa.Column("document_id", sa.Text, nullable=False),
        sa.Column("epoch", sa.Text, nullable=False),
        sa.Column("offset", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("client_id", sa.BigInteger, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("document_id", "epoch", "offset", name=op.f("pk_collaboration_updates")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "collaboration_snapshots",
        sa.Column("document_id", sa.Text, nullable=False),
        sa.Column("epoch", sa.Text, nullable=False),
        sa.Column("offset", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.Column("known", sa.LargeBinary, nullable=False),
        sa.Column("deleted", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("document_id", "epoch", "offset", name=op.f("pk_collaboration_snapshots")),
    )
    op.create_table(
        "collaboration_writers",
        sa.Column("document_id", sa.Text, nullable=False),
        sa.Column("epoch", sa.Text, nullable=False),
        sa.Column("client_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("clock", sa.BigInteger, nullable=False),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("document_id", "epoch", "client_id", name=op.f("pk_collaboration_writers")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_collaboration_writers_user", "collaboration_writers", ["user_id"])
