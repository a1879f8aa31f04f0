"""Activity, in the first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TABLES = ("analytics_activity",)
"""In the order in which they can be dropped."""


def create() -> None:
    """Create them."""
    op.create_table(
        "analytics_activity",
        sa.Column(
            "sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("course_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("is_learner", sa.Integer, nullable=False),
        sa.Column("verb", sa.Text, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("object_type", sa.Text, nullable=False),
        sa.Column("object_name", sa.Text),
        sa.Column("progress", sa.Float),
        sa.Column("score", sa.Float),
        sa.Column("duration_ms", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_analytics_activity")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_analytics_activity_course", "analytics_activity", ["course_id", "at"])
    op.create_index("ix_analytics_activity_id", "analytics_activity", ["id"], unique=True)
    op.create_index("ix_analytics_activity_user", "analytics_activity", ["user_id", "course_id", "at"])
