"""Figures of courses and what they are made of, in the first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TABLES = (
    "analytics_late",
    "analytics_marks",
    "analytics_rollups",
    "analytics_visits",
    "analytics_courses",
    "analytics_metrics",
)
"""In the order in which they can be dropped."""


def create() -> None:
    """Create them."""
    op.create_table(
        "analytics_metrics",
        sa.Column("course_id", sa.Text, nullable=False),
        sa.Column("window", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("course_id", "window", "scope", name=op.f("pk_analytics_metrics")),
    )
    op.create_table(
        "analytics_courses",
        sa.Column("course_id", sa.Text, nullable=False),
        sa.Column("roster", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("course_id", name=op.f("pk_analytics_courses")),
    )
    op.create_index(op.f("ix_analytics_courses_due_at"), "analytics_courses", ["due_at"])
    op.create_table(
        "analytics_visits",
        sa.Column("course_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("course_id", "user_id", name=op.f("pk_analytics_visits")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_analytics_visits_user_id"), "analytics_visits", ["user_id"])
    op.create_table(
        "analytics_rollups",
        sa.Column("course_id", sa.Text, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        sa.Column("completions", sa.Integer, nullable=False),
        sa.Column("submissions", sa.Integer, nullable=False),
        sa.Column("score_sum", sa.BigInteger, nullable=False),
        sa.Column("score_count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("course_id", "step", "start", "user_id", name=op.f("pk_analytics_rollups")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_analytics_rollups_user_id"), "analytics_rollups", ["user_id"])
    op.create_table(
        "analytics_marks",
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("course_id", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("step", "start", "course_id", name=op.f("pk_analytics_marks")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_analytics_marks_course_id"), "analytics_marks", ["course_id"])
    op.create_table(
        "analytics_late",
        sa.Column("course_id", sa.Text, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        sa.Column("completions", sa.Integer, nullable=False),
        sa.Column("submissions", sa.Integer, nullable=False),
        sa.Column("score_sum", sa.BigInteger, nullable=False),
        sa.Column("score_count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("course_id", "start", "user_id", name=op.f("pk_analytics_late")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_analytics_late_user_id"), "analytics_late", ["user_id"])
    op.create_index(op.f("ix_analytics_late_start"), "analytics_late", ["start"])
