"""Removing a person's rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from coursewire.namespaces.notifications.store.tables import (
    ME,
    counts,
    dedupes,
    items,
    outgoing,
    preferences,
    sweeps,
)
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction

_OWN = (items, counts, dedupes, preferences, sweeps, outgoing)
_delete_own = [Prepared(delete(table).where(table.c.user_id == ME)) for table in _OWN]
_contents_of = Prepared(select(items.c.content_id).where(items.c.user_id == ME).distinct())


def contents_of(tx: Transaction, user_id: str) -> list[str]:
    """Return the ids of what somebody's items say."""
    return [row.content_id for row in tx.all(_contents_of, me=user_id)]


def erase_rows(tx: Transaction, user_id: str) -> None:
    """Remove all that is somebody's own."""
    for statement in _delete_own:
        tx.run(statement, me=user_id)
