"""Jobs, in the first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TABLES = ("analytics_jobs",)
"""In the order in which they can be dropped."""


def create() -> None:
    """Create them."""
    op.create_table(
        "analytics_jobs",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("course_id", sa.Text),
        sa.Column("owner_id", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("stage", sa.Text),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("cancelled_by", sa.Text),
        sa.Column("heartbeat_at", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("result", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("pace", sa.Text),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analytics_jobs")),
    )
    active, ended = sa.text("finished_at IS NULL"), sa.text("finished_at IS NOT NULL")
    for name, columns, where in (
        ("owner", ["owner_id", "created_at", "id", "state"], None),
        ("course", ["course_id", "created_at", "id", "state"], None),
        ("active_owner", ["owner_id", "created_at"], active),
        ("active_course", ["course_id", "created_at"], active),
        ("heartbeat", ["state", "heartbeat_at"], active),
        ("ended", ["finished_at"], ended),
    ):
        op.create_index(
            f"ix_analytics_jobs_{name}",
            "analytics_jobs",
            columns,
            sqlite_where=where,
            postgresql_where=where,
        )
