"""xAPI statements, in the first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TABLES = ("analytics_statement_people", "analytics_statements")
"""In the order in which they can be dropped."""


def create() -> None:
    """Create them."""
    op.create_table(
        "analytics_statements",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text),
        sa.Column("statement", sa.Text, nullable=False),
        sa.Column("stored_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analytics_statements")),
    )
    op.create_index("ix_analytics_statements_stored_at", "analytics_statements", ["stored_at"])
    op.create_index(
        "ix_analytics_statements_user_id",
        "analytics_statements",
        ["user_id"],
        sqlite_where=sa.text("user_id IS NOT NULL"),
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.create_table(
        "analytics_statement_people",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("statement_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "statement_id", name=op.f("pk_analytics_statement_people")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_analytics_statement_people_statement_id", "analytics_statement_people", ["statement_id"]
    )
