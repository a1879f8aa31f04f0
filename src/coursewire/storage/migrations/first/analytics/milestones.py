"""Milestones, what they are decided by, and alerts, in the first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TABLES = (
    "analytics_alerts",
    "analytics_milestones",
    "analytics_milestone_rules",
    "analytics_days",
    "analytics_progress",
)
"""In the order in which they can be dropped."""


def create() -> None:
    """Create them."""
    op.create_table(
        "analytics_progress",
        sa.Column("course_id", sa.Text, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("completed", sa.Integer, nullable=False),
        sa.Column("submitted", sa.Integer, nullable=False),
        sa.Column("score", sa.Float),
        sa.Column("scored_at", sa.BigInteger, nullable=False),
        sa.Column("scored_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("course_id", "object_id", "user_id", name=op.f("pk_analytics_progress")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_analytics_progress_user_id", "analytics_progress", ["user_id", "course_id"])
    op.create_table(
        "analytics_days",
        sa.Column("course_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("day", sa.Integer, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("course_id", "user_id", "day", name=op.f("pk_analytics_days")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_analytics_days_user_id", "analytics_days", ["user_id"])
    op.create_index("ix_analytics_days_day", "analytics_days", ["day"])
    op.create_table(
        "analytics_milestone_rules",
        sa.Column("course_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("threshold", sa.Float),
        sa.Column("object_id", sa.Text),
        sa.PrimaryKeyConstraint("course_id", "id", name=op.f("pk_analytics_milestone_rules")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "analytics_milestones",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("course_id", sa.Text, nullable=False),
        sa.Column("rule_id", sa.Text),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("threshold", sa.Float),
        sa.Column("reached_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analytics_milestones")),
    )
    op.create_index(
        "ix_analytics_milestones_once",
        "analytics_milestones",
        ["course_id", "rule_id", "user_id"],
        unique=True,
        sqlite_where=sa.text("rule_id IS NOT NULL"),
        postgresql_where=sa.text("rule_id IS NOT NULL"),
    )
    op.create_index(
        "ix_analytics_milestones_course", "analytics_milestones", ["course_id", "reached_at", "id"]
    )
    op.create_index("ix_analytics_milestones_user", "analytics_milestones", ["user_id", "reached_at", "id"])
    op.create_table(
        "analytics_alerts",
        sa.Column("course_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("raised_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("course_id", "kind", "about", name=op.f("pk_analytics_alerts")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_analytics_alerts_newest", "analytics_alerts", ["course_id", "raised_at", "id"])
    op.create_index("ix_analytics_alerts_user_id", "analytics_alerts", ["user_id"])
