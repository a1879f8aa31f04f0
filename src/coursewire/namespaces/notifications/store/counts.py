"""What waits in the inboxes: kept with every change, and read for many people at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well

from coursewire.namespaces.notifications.rules import INBOX, READ, UNSEEN
from coursewire.namespaces.notifications.store.tables import SLICE, counts, items
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction


class Kind(NamedTuple):
    """What a count is kept for."""

    user_id: str
    category: str
    priority: str


class Waiting(NamedTuple):
    """How many items of one kind wait, or how many more."""

    unread: int
    unseen: int


_added = insert(counts).values({column.name: bindparam(column.name) for column in counts.columns})
_add = Prepared(
    _added.on_conflict_do_update(
        index_elements=["user_id", "category", "priority"],
        set_={
            "unread": counts.c.unread + _added.excluded.unread,
            "unseen": counts.c.unseen + _added.excluded.unseen,
        },
    )
)
_read = Prepared(
    select(counts.c.user_id, counts.c.category, counts.c.priority, counts.c.unread, counts.c.unseen).where(
        counts.c.user_id.in_(bindparam("user_ids", expanding=True))
    )
)
_over = Prepared(
    select(items.c.user_id, items.c.category, items.c.priority, items.c.noticed).where(
        # Few have expired and are not swept: from those on, not from each person's items on. So no bare column here.
        items.c.user_id.concat("").in_(bindparam("user_ids", expanding=True)),
        items.c.expires_at <= bindparam("at"),
        items.c.shelf == INBOX,
        items.c.noticed != READ,
    )
)


def add_counts(tx: Transaction, changes: Mapping[Kind, Waiting]) -> None:
    """Change the counts by this much."""
    tx.many(
        _add,
        [
            {
                "user_id": user_id,
                "category": category,
                "priority": priority,
                "unread": change.unread,
                "unseen": change.unseen,
            }
            for (user_id, category, priority), change in sorted(changes.items())
        ],
    )


def read_counts(tx: Transaction, user_ids: Sequence[str]) -> dict[Kind, Waiting]:
    """Return what waits for some people now: less what has expired and was not swept yet."""
    found: dict[Kind, Waiting] = defaultdict(lambda: Waiting(0, 0))
    for start in range(0, len(user_ids), SLICE):
        piece = list(user_ids[start : start + SLICE])
        for user_id, category, priority, unread, unseen in tx.all(_read, user_ids=piece):
            found[Kind(user_id, category, priority)] = Waiting(unread, unseen)
        for user_id, category, priority, noticed in tx.all(_over, user_ids=piece, at=tx.now):
            unread, unseen = found[Kind(user_id, category, priority)]
            found[Kind(user_id, category, priority)] = Waiting(unread - 1, unseen - (noticed == UNSEEN))
    return found
