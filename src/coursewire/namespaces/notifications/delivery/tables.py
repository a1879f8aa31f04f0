"""Tables of what leaves by mail and push: the browsers of people, and the secret that signs links."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from coursewire.storage.schema import metadata

subscriptions = Table(
    "notification_push_subscriptions",
    metadata,
    Column("endpoint", Text, primary_key=True),  # one browser is one person's: who subscribes last
    Column("user_id", Text, nullable=False),
    Column("p256dh", Text, nullable=False),
    Column("auth", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),  # in a row
    Column("not_before", BigInteger, nullable=False),  # after a failure: when it may be tried again
    Index(None, "user_id", "created_at"),
)
"""Where push messages go."""

secrets = Table(
    "notification_secrets",
    metadata,
    Column("purpose", Text, primary_key=True),
    Column("secret", Text, nullable=False),
)
"""Made with the database, and so the same on every node and after every change of the settings."""
