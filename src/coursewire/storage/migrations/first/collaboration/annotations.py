"""Annotations, in the first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TABLES = ("collaboration_annotations",)
"""In the order in which they can be dropped."""


def create() -> None:
    """Create them."""
    op.create_table(
        "collaboration_annotations",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("document_id", sa.Text, nullable=False),
        sa.Column("parent_id", sa.Text),
        sa.Column("author_id", sa.Text),
        sa.Column("visibility", sa.Text, nullable=False),
        sa.Column("motivation", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("orphaned", sa.Integer, nullable=False),
        sa.Column("resolved_by", sa.Text),
        sa.Column("resolved_at", sa.BigInteger),
        sa.Column("reply_count", sa.Integer, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("changed", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("edited_at", sa.BigInteger),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("mentions", sa.Text, nullable=False),
        sa.Column("target", sa.Text),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collaboration_annotations")),
    )
    shown = "state = 'shown'"
    for name, columns, where in (
        ("document", ["document_id", "id"], None),
        ("thread", ["parent_id", "id"], "parent_id IS NOT NULL"),
        ("count", ["document_id", "visibility", "author_id"], shown),
        (
            "open",
            ["document_id", "visibility", "author_id"],
            f"{shown} AND parent_id IS NULL AND resolved_at IS NULL",
        ),
    ):
        clause = sa.text(where) if where else None
        op.create_index(
            f"ix_collaboration_annotations_{name}",
            "collaboration_annotations",
            columns,
            sqlite_where=clause,
            postgresql_where=clause,
        )
