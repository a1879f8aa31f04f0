"""Versions of documents, in the first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TABLES = ("collaboration_version_editors", "collaboration_versions")
"""In the order in which they can be dropped."""


def create() -> None:
    """Create them."""
    op.create_table(
        "collaboration_versions",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("document_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("epoch", sa.Text, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("automatic", sa.Text),
        sa.Column("saved_by", sa.Text),
        sa.Column("saved_at", sa.BigInteger, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collaboration_versions")),
    )
    op.create_index(
        "ix_collaboration_versions_document", "collaboration_versions", ["document_id", "number"], unique=True
    )
    named = sa.text("saved_by IS NOT NULL")
    op.create_index(
        "ix_collaboration_versions_saver",
        "collaboration_versions",
        ["saved_by"],
        sqlite_where=named,
        postgresql_where=named,
    )
    op.create_table(
        "collaboration_version_editors",
        sa.Column("version_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("version_id", "user_id", name=op.f("pk_collaboration_version_editors")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_collaboration_version_editors_user", "collaboration_version_editors", ["user_id"])
