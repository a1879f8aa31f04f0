"""The first schema: the log, people and courses, the namespaces; and the first life of this database."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

from coursewire.storage.migrations.first import analytics, collaboration, delivery, notifications

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables, and the epoch that says which life of the database this is."""
    _create_log()
    _create_identity()
    _create_chat()
    notifications.create()
    delivery.create()
    analytics.create()
    collaboration.create()


def downgrade() -> None:
    """Drop all tables."""
    parts = (collaboration.TABLES, analytics.TABLES, delivery.TABLES, notifications.TABLES)
    for tables in (*parts, _CHAT, _IDENTITY, _LOG):
        for table in tables:
            op.drop_table(table)


_LOG = ("remembered", "events", "streams", "database")
_IDENTITY = (
    "ended_sessions",
    "course_group_members",
    "course_groups",
    "course_removals",
    "course_members",
    "courses",
    "users",
)
_CHAT = (
    "chat_audit",
    "chat_reports",
    "chat_search",
    "chat_indexed",
    "chat_mentions",
    "chat_reactions",
    "chat_messages",
    "chat_members",
    "chat_rooms",
)


def _create_log() -> None:
    database = op.create_table(
        "database",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Text, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_database_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_database")),
    )
    op.bulk_insert(database, [{"id": 1, "epoch": secrets.token_hex(8)}])
    op.create_table(
        "streams",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("namespace", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("epoch", sa.Text, nullable=False),
        sa.Column("top", sa.BigInteger, nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("first_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_streams")),
        sa.UniqueConstraint("namespace", "channel", name=op.f("uq_streams_namespace_channel")),
    )
    op.create_table(
        "events",
        sa.Column("stream_id", sa.Integer, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("attachment", sa.LargeBinary),
        sa.PrimaryKeyConstraint("stream_id", "offset", name=op.f("pk_events")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_events_subject_stream_id"),
        "events",
        ["subject", "stream_id"],
        sqlite_where=sa.text("subject IS NOT NULL"),
        postgresql_where=sa.text("subject IS NOT NULL"),
    )
    op.create_table(
        "remembered",
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("namespace", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("result", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_remembered")),
        sa.UniqueConstraint("namespace", "caller", "key", name=op.f("uq_remembered_namespace_caller_key")),
    )
    op.create_index(
        op.f("ix_remembered_subject_namespace"),
        "remembered",
        ["subject", "namespace"],
        sqlite_where=sa.text("subject IS NOT NULL"),
        postgresql_where=sa.text("subject IS NOT NULL"),
    )


def _create_identity() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("avatar_url", sa.Text),
        sa.Column("email", sa.Text),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("claims_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_index(
        "ix_users_email",
        "users",
        ["email"],
        sqlite_where=sa.text("email IS NOT NULL"),
        postgresql_where=sa.text("email IS NOT NULL"),
    )
    op.create_table(
        "courses",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("roster_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_courses")),
    )
    op.create_table(
        "course_members",
        sa.Column("course_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("course_id", "user_id", name=op.f("pk_course_members")),
    )
    op.create_index(op.f("ix_course_members_user_id"), "course_members", ["user_id"])
    op.create_table(
        "course_removals",
        sa.Column("course_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("removed_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("course_id", "user_id", name=op.f("pk_course_removals")),
    )
    op.create_index(op.f("ix_course_removals_user_id"), "course_removals", ["user_id"])
    op.create_table(
        "course_groups",
        sa.Column("course_id", sa.Text, nullable=False),
        sa.Column("group_id", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("course_id", "group_id", name=op.f("pk_course_groups")),
    )
    op.create_table(
        "course_group_members",
        sa.Column("course_id", sa.Text, nullable=False),
        sa.Column("group_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("course_id", "group_id", "user_id", name=op.f("pk_course_group_members")),
    )
    op.create_index(
        op.f("ix_course_group_members_user_id_course_id"), "course_group_members", ["user_id", "course_id"]
    )
    op.create_table(
        "ended_sessions",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_ended_sessions")),
    )


def _create_chat() -> None:
    op.create_table(
        "chat_rooms",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("course_id", sa.Text),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("pair", sa.Text),
        sa.Column("member_count", sa.Integer, nullable=False),
        sa.Column("last_number", sa.Integer, nullable=False),
        sa.Column("tells_receipts", sa.Integer, nullable=False),
        sa.Column("locked", sa.Integer, nullable=False),
        sa.Column("slow_mode_s", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("moved_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_rooms")),
        sa.UniqueConstraint("pair", name=op.f("uq_chat_rooms_pair")),
    )
    op.create_index(op.f("ix_chat_rooms_course_id"), "chat_rooms", ["course_id"])
    op.create_table(
        "chat_members",
        sa.Column("room_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("active", sa.Integer, nullable=False),
        sa.Column("joined_at", sa.BigInteger, nullable=False),
        sa.Column("delivered_number", sa.Integer, nullable=False),
        sa.Column("read_number", sa.Integer, nullable=False),
        sa.Column("muted_until", sa.BigInteger),
        sa.Column("posted_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("room_id", "user_id", name=op.f("pk_chat_members")),
    )
    op.create_index(op.f("ix_chat_members_user_id_active"), "chat_members", ["user_id", "active"])
    op.create_table(
        "chat_messages",
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("room_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("author_id", sa.Text, nullable=False),
        sa.Column("anonymous", sa.Integer, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.Column("reply_to", sa.Text),
        sa.Column("thread_id", sa.Text),
        sa.Column("mentions", sa.Text, nullable=False),
        sa.Column("mention_groups", sa.Text),
        sa.Column("reactions", sa.Text),
        sa.Column("thread_count", sa.Integer, nullable=False),
        sa.Column("thread_last_at", sa.BigInteger),
        sa.Column("pinned_at", sa.BigInteger),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sent_at", sa.BigInteger, nullable=False),
        sa.Column("edited_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_chat_messages")),
        sa.UniqueConstraint("id", name=op.f("uq_chat_messages_id")),
        sa.UniqueConstraint("room_id", "number", name=op.f("uq_chat_messages_room_id_number")),
    )
    op.create_index(
        "ix_chat_messages_gone",
        "chat_messages",
        ["room_id", "number"],
        sqlite_where=sa.text("state != 'sent'"),
        postgresql_where=sa.text("state != 'sent'"),
    )
    op.create_index(
        "ix_chat_messages_anonymous",
        "chat_messages",
        ["room_id", "author_id", "number"],
        sqlite_where=sa.text("anonymous = 1"),
        postgresql_where=sa.text("anonymous = 1"),
    )
    for name, columns, where in (
        ("thread", ["thread_id", "number"], "thread_id IS NOT NULL"),
        ("replies", ["reply_to"], "reply_to IS NOT NULL"),
        ("pinned", ["room_id", "pinned_at"], "pinned_at IS NOT NULL"),
    ):
        op.create_index(
            f"ix_chat_messages_{name}",
            "chat_messages",
            columns,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
    op.create_table(
        "chat_reactions",
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("emoji", sa.Text, nullable=False),
        sa.Column("reacted_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("message_id", "user_id", "emoji", name=op.f("pk_chat_reactions")),
    )
    op.create_table(
        "chat_reports",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("room_id", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("reporter_id", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reported_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_reports")),
        sa.UniqueConstraint("message_id", "reporter_id", name=op.f("uq_chat_reports_message_id_reporter_id")),
    )
    op.create_index(op.f("ix_chat_reports_state_id"), "chat_reports", ["state", "id"])
    op.create_table(
        "chat_audit",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("room_id", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text),
        sa.Column("user_id", sa.Text),
        sa.Column("seconds", sa.Integer),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_audit")),
    )
    op.create_index(op.f("ix_chat_audit_room_id_id"), "chat_audit", ["room_id", "id"])
    op.execute(
        "CREATE VIRTUAL TABLE chat_search USING fts5(words, scope, "
        "content='', columnsize=0, tokenize='unicode61 remove_diacritics 2')"
    )
    # Segments are merged when there are 16 of a level, not 4: writing costs less, and searching hardly more.
    op.execute("INSERT INTO chat_search(chat_search, rank) VALUES('automerge', 16)")
    indexed = op.create_table(
        "chat_indexed",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_chat_indexed_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_indexed")),
    )
    op.bulk_insert(indexed, [{"id": 1, "seq": 0}])
    op.create_table(
        "chat_mentions",
        sa.Column("room_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("room_id", "user_id", "number", name=op.f("pk_chat_mentions")),
    )
