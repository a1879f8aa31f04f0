"""Removing a person from /analytics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursewire.namespaces.analytics import store

if TYPE_CHECKING:
    from coursewire.identity.contract import UserErased
    from coursewire.realtime.transaction import Transaction


def erase_user(tx: Transaction, fact: UserErased) -> None:
    """Remove what there is of somebody (LOG5)."""
    store.erase_activity(tx, fact.user_id)
