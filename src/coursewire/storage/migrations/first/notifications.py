"""The tables of /notifications in the first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TABLES = (
    "notification_outgoing",
    "notification_sweeps",
    "notification_deliveries",
    "notification_preferences",
    "notification_dedupes",
    "notification_counts",
    "notification_items",
    "notification_contents",
)
"""In the order in which they can be dropped."""


def create() -> None:
    """Create them."""
    op.create_table(
        "notification_contents",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.Column("course_id", sa.Text),
        sa.Column("actor", sa.Text),
        sa.Column("actor_id", sa.Text),
        sa.Column("action", sa.Text),
        sa.Column("mandatory", sa.Integer, nullable=False),
        sa.Column("source", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_contents")),
    )
    op.create_index(
        "ix_notification_contents_actor_id",
        "notification_contents",
        ["actor_id"],
        sqlite_where=sa.text("actor_id IS NOT NULL"),
        postgresql_where=sa.text("actor_id IS NOT NULL"),
    )
    op.create_index(
        "ix_notification_contents_source",
        "notification_contents",
        ["source"],
        sqlite_where=sa.text("source IS NOT NULL"),
        postgresql_where=sa.text("source IS NOT NULL"),
    )
    op.create_table(
        "notification_items",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("content_id", sa.Text, nullable=False),
        sa.Column("shelf", sa.Integer, nullable=False),
        sa.Column("noticed", sa.Integer, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("course_id", sa.Text),
        sa.Column("group_key", sa.Text),
        sa.Column("group_count", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("moved_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("seen_at", sa.BigInteger),
        sa.Column("read_at", sa.BigInteger),
        sa.Column("archived_at", sa.BigInteger),
        sa.Column("snoozed_until", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", "user_id", name=op.f("pk_notification_items")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_notification_items_content_id_user_id"), "notification_items", ["content_id", "user_id"]
    )
    op.create_index(
        "ix_notification_items_expiry",
        "notification_items",
        ["expires_at", "user_id"],
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_index(
        "ix_notification_items_group",
        "notification_items",
        ["group_key", "user_id"],
        sqlite_where=sa.text("group_key IS NOT NULL"),
        postgresql_where=sa.text("group_key IS NOT NULL"),
    )
    op.create_index(
        "ix_notification_items_list",
        "notification_items",
        ["user_id", "shelf", "moved_at", "id", "noticed", "category", "priority", "course_id", "expires_at"],
    )
    op.create_index(
        "ix_notification_items_waking",
        "notification_items",
        ["snoozed_until"],
        sqlite_where=sa.text("snoozed_until IS NOT NULL"),
        postgresql_where=sa.text("snoozed_until IS NOT NULL"),
    )
    op.create_table(
        "notification_counts",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("unread", sa.Integer, nullable=False),
        sa.Column("unseen", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "category", "priority", name=op.f("pk_notification_counts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "notification_dedupes",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("dedupe_key", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "dedupe_key", name=op.f("pk_notification_dedupes")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_notification_dedupes_at"), "notification_dedupes", ["at"])
    op.create_table(
        "notification_preferences",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notification_preferences")),
    )
    op.create_table(
        "notification_deliveries",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("content_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("audience", sa.Text, nullable=False),
        sa.Column("group_key", sa.Text),
        sa.Column("dedupe_key", sa.Text),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("recipients", sa.Integer, nullable=False),
        sa.Column("reached", sa.Integer, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_deliveries")),
    )
    op.create_index(
        "ix_notification_deliveries_running",
        "notification_deliveries",
        ["created_at"],
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "ix_notification_deliveries_finished",
        "notification_deliveries",
        ["finished_at"],
        sqlite_where=sa.text("state = 'finished'"),
        postgresql_where=sa.text("state = 'finished'"),
    )
    op.create_table(
        "notification_sweeps",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("filter", sa.Text, nullable=False),
        sa.Column("mark", sa.Text, nullable=False),
        sa.Column("before", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("spared", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_sweeps")),
    )
    op.create_index("ix_notification_sweeps_user_id", "notification_sweeps", ["user_id"])
    op.create_table(
        "notification_outgoing",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("item_id", sa.Text, nullable=False),
        sa.Column("content_id", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("not_before", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.Column("reached", sa.Text),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_outgoing")),
    )
    op.create_index(
        "ix_notification_outgoing_due",
        "notification_outgoing",
        ["channel", "kind", "not_before"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_notification_outgoing_failed",
        "notification_outgoing",
        ["finished_at"],
        sqlite_where=sa.text("state = 'failed'"),
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.create_index(
        "ix_notification_outgoing_turns",
        "notification_outgoing",
        ["user_id", "channel", "state", "kind", "not_before"],
    )
