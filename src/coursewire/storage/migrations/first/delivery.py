"""The tables of delivery by mail and push in the first schema, and the secret of this database's links."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

TABLES = ("notification_secrets", "notification_push_subscriptions")
"""In the order in which they can be dropped."""


def create() -> None:
    """Create them."""
    op.create_table(
        "notification_push_subscriptions",
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("p256dh", sa.Text, nullable=False),
        sa.Column("auth", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("not_before", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("endpoint", name=op.f("pk_notification_push_subscriptions")),
    )
    op.create_index(
        op.f("ix_notification_push_subscriptions_user_id_created_at"),
        "notification_push_subscriptions",
        ["user_id", "created_at"],
    )
    made = op.create_table(
        "notification_secrets",
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("purpose", name=op.f("pk_notification_secrets")),
    )
    op.bulk_insert(made, [{"purpose": "links", "secret": secrets.token_hex(32)}])
