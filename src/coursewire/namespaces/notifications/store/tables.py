"""The tables of /notifications."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Index,
    Integer,
    Table,
    Text,
    bindparam,
    literal_column,
)

from coursewire.storage.schema import metadata

contents = Table(
    "notification_contents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("category", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("course_id", Text),
    Column("actor", Text),  # JSON
    Column("actor_id", Text),
    Column("action", Text),  # JSON
    Column("mandatory", Integer, nullable=False),
    Column("source", Text),  # what it tells of, such as a message: it is taken back with it
    Column("created_at", BigInteger, nullable=False),
)
"""What was said, once for all its receivers."""

SOURCED = contents.c.source.is_not(None)
Index(None, contents.c.source, sqlite_where=SOURCED, postgresql_where=SOURCED)
ACTED = contents.c.actor_id.is_not(None)
Index(None, contents.c.actor_id, sqlite_where=ACTED, postgresql_where=ACTED)

items = Table(
    "notification_items",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("content_id", Text, nullable=False),
    Column("shelf", Integer, nullable=False),
    Column("noticed", Integer, nullable=False),
    Column("category", Text, nullable=False),  # as in the content: lists are filtered by these three
    Column("priority", Text, nullable=False),
    Column("course_id", Text),
    Column("group_key", Text),
    Column("group_count", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("moved_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("seen_at", BigInteger),
    Column("read_at", BigInteger),
    Column("archived_at", BigInteger),
    Column("snoozed_until", BigInteger),
    sqlite_with_rowid=False,
)
"""One row per person and item. What many get at once has one id, and so lies together."""

# Pages of a list, whatever the filter: see `store/pages.py`. The one index that begins with the user, for each costs
# every receiver of a course's notification a page of the database.
Index(
    "ix_notification_items_list",
    items.c.user_id,
    items.c.shelf,
    items.c.moved_at,
    items.c.id,
    items.c.noticed,
    items.c.category,
    items.c.priority,
    items.c.course_id,
    items.c.expires_at,
)
GROUPED = items.c.group_key.is_not(None)
Index(
    "ix_notification_items_group",
    items.c.group_key,
    items.c.user_id,
    sqlite_where=GROUPED,
    postgresql_where=GROUPED,
)
EXPIRING = items.c.expires_at.is_not(None)
Index(
    "ix_notification_items_expiry",
    items.c.expires_at,
    items.c.user_id,
    sqlite_where=EXPIRING,
    postgresql_where=EXPIRING,
)
WAKING = items.c.snoozed_until.is_not(None)
Index("ix_notification_items_waking", items.c.snoozed_until, sqlite_where=WAKING, postgresql_where=WAKING)
Index(None, items.c.content_id, items.c.user_id)

counts = Table(
    "notification_counts",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("category", Text, primary_key=True),
    Column("priority", Text, primary_key=True),
    Column("unread", Integer, nullable=False),
    Column("unseen", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""What waits in the inbox: kept with every change of `items`, so that nobody has to count."""

dedupes = Table(
    "notification_dedupes",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("dedupe_key", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Index(None, "at"),  # they are forgotten by age
    sqlite_with_rowid=False,
)
"""Who has had a notification of which key."""

preferences = Table(
    "notification_preferences",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("data", Text, nullable=False),  # JSON, only what differs from the defaults
    Column("updated_at", BigInteger, nullable=False),
)

deliveries = Table(
    "notification_deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("content_id", Text, nullable=False),
    Column("state", Text, nullable=False),  # running, finished
    Column("audience", Text, nullable=False),  # JSON
    Column("group_key", Text),
    Column("dedupe_key", Text),
    Column("expires_at", BigInteger),
    Column("recipients", Integer, nullable=False),
    Column("reached", Integer, nullable=False),
    Column("after", Text, nullable=False),  # the last user who was reached: they come by id
    Column("created_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
)
"""One row per notification to many: how far it has got, so that whoever comes next can go on (exactly once)."""
RUNNING: ColumnElement[str] = literal_column("'running'")
"""Written out, not bound: only then does SQLite see that a query fits a partial index."""
Index(
    "ix_notification_deliveries_running",
    deliveries.c.created_at,
    sqlite_where=deliveries.c.state == RUNNING,
    postgresql_where=deliveries.c.state == RUNNING,
)
FINISHED: ColumnElement[str] = literal_column("'finished'")
Index(
    "ix_notification_deliveries_finished",
    deliveries.c.finished_at,
    sqlite_where=deliveries.c.state == FINISHED,
    postgresql_where=deliveries.c.state == FINISHED,
)

sweeps = Table(
    "notification_sweeps",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("filter", Text, nullable=False),  # JSON
    Column("mark", Text, nullable=False),
    Column("before", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("spared", Text, nullable=False),  # JSON: items that a later command has decided on
    Index(None, "user_id"),
)
"""Marks by filter that had too many items for one transaction: what is left of them. Gone when done."""

outgoing = Table(
    "notification_outgoing",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("item_id", Text, nullable=False),
    Column("content_id", Text, nullable=False),
    Column("channel", Text, nullable=False),  # email, push
    Column("kind", Text, nullable=False),  # immediate, daily, weekly
    Column("state", Text, nullable=False),  # waiting, failed; what was sent is gone
    Column("not_before", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("error", Text),
    Column("reached", Text),  # names of the browsers that have had it, where others are still to be tried
    # People take turns: whoever comes next, and the first that is due of theirs. Also for erasing a person.
    Index("ix_notification_outgoing_turns", "user_id", "channel", "state", "kind", "not_before"),
)
"""What is to leave by email or push: one row per item and way, written with the item."""
WAITING: ColumnElement[str] = literal_column("'waiting'")
Index(
    "ix_notification_outgoing_due",
    outgoing.c.channel,
    outgoing.c.kind,
    outgoing.c.not_before,
    sqlite_where=outgoing.c.state == WAITING,
    postgresql_where=outgoing.c.state == WAITING,
)
FAILED: ColumnElement[str] = literal_column("'failed'")
Index(
    "ix_notification_outgoing_failed",
    outgoing.c.finished_at,
    sqlite_where=outgoing.c.state == FAILED,
    postgresql_where=outgoing.c.state == FAILED,
)

ME: BindParameter[str] = bindparam("me")

SLICE = 500
"""How many ids one statement takes."""
